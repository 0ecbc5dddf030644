"""Reads the documents of the project: their commands, with the output that they show, and their links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    path.relative_to(CHECKOUT).as_posix()
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "VERSIONING.md", "MOVING.md")
    for path in sorted([*CHECKOUT.glob(name), *CHECKOUT.glob(f"*/{name}"), *CHECKOUT.glob(f"*/python/{name}")])
]
# Programs of this project. Inline code is a command if it begins with one and has an argument, or if it begins with a
# script of ci/. ci/action and ci/gitlab are folders.
_PROGRAM = re.compile(r"(build/\w+/)?(cgi-[a-z-]+|pytest|locust|ctest)|build/\w+/python")
_SCRIPT = re.compile(r"ci/[a-z-]+")


@dataclass(frozen=True)
class Command:
    """A command, the exit status that it must have, and the lines that it must print if the document shows any."""

    document: str
    line: int
    text: str
    status: int = 0
    output: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the number of its first line, and its lines."""

    language: str
    line: int
    lines: list[str]


def read(document: str) -> str:
    return (CHECKOUT / document).read_text("utf-8")


def blocks(text: str) -> Iterator[Block]:
    """Yields the fenced blocks."""
    block = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("```"):
            if block is not None:
                block.lines.append(line)
        elif block is None:
            block = Block(line.removeprefix("```").strip(), number + 1, [])
        else:
            yield block
            block = None


def prose(text: str) -> str:
    """Returns the text with empty lines for fenced blocks."""
    return re.sub(r"^```.*?^```$", lambda found: "\n" * found[0].count("\n"), text, flags=re.MULTILINE | re.DOTALL)


def is_command(text: str) -> bool:
    """Returns whether inline code is a command, and not the name of a program."""
    program, *arguments = text.split()
    if _SCRIPT.fullmatch(program):
        return not (CHECKOUT / program).is_dir()
    return bool(arguments) and _PROGRAM.fullmatch(program) is not None


def commands(document: str) -> list[Command]:
    """Returns every command of a document, in its order."""
    text = read(document)
    found = [command for block in blocks(text) for command in _of_block(document, block)]
    whole = prose(text)
    for span in re.finditer(r"`([^`]+)`", whole):
        words = " ".join(span[1].split())
        if words and is_command(words):
            found.append(Command(document, whole.count("\n", 0, span.start()) + 1, words))
    return sorted(found, key=lambda command: command.line)


def _of_block(document: str, block: Block) -> Iterator[Command]:
    if block.language == "sh":
        for number, line in enumerate(block.lines, block.line):
            if line.strip():
                yield _command(document, number, line)
    elif block.language == "console":
        starts = [index for index, line in enumerate(block.lines) if line.startswith("$ ")]
        assert starts[:1] == [0], f'{document}:{block.line}: the first line must be a command ("$ …")'
        for index, end in zip(starts, [*starts[1:], len(block.lines)], strict=True):
            yield _command(document, block.line + index, block.lines[index][2:], tuple(block.lines[index + 1 : end]))
    else:
        known = ("", "cpp", "python", "toml", "yaml")
        assert block.language in known, f'{document}:{block.line}: unknown language "{block.language}"'
        found = any(is_command(line) for line in block.lines if line.strip() and not line.startswith(" "))
        assert not found, f'{document}:{block.line}: commands stand in blocks "sh" or "console"'


def _command(document: str, number: int, line: str, output: tuple[str, ...] = ()) -> Command:
    text, _, comment = re.sub(r"\s+#\s", "\0", line, count=1).partition("\0")
    status = re.search(r"exit status (\d+)", comment)
    return Command(document, number, text.strip(), int(status[1]) if status else 0, output)


def shows(output: tuple[str, ...], printed: str) -> bool:
    """Returns whether a program printed what a document shows: "…" stands for any text, and alone for any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n" for line in output
    )
    return re.fullmatch(pattern, printed) is not None


def links(document: str) -> list[str]:
    """Returns where the links of a document lead."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(read(document)))


def anchors(text: str) -> set[str]:
    """Returns the names of the headings, as GitHub and GitLab make them."""
    heads = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
