"""Reads the text of --help: of argparse, of CLI11, and of Google Benchmark, which cgi-bench appends to its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FLAG_OF_BENCHMARK = re.compile(r"^(?:benchmark| +) ?\[(--\w+)=(.*)\]$", re.MULTILINE)
_ENTRY = re.compile(r"^(?: {2,6}| +(?=-))(\S.*?)(?: {2,}(\S.*))?$")
_NAMES = re.compile(r"(-[\w-]+)(?:, ?(-[\w-]+))*")
# CLI11 writes a default behind the value: until release 2.2 "ADDRESS=127.0.0.1", then "ADDRESS [127.0.0.1]".
_DEFAULT = re.compile(r"^([^\s=\[]+)(?:=([^A-Z\s]\S*)| \[([^\s\]]+)\])$")


@dataclass(frozen=True)
class Entry:
    """An option, an argument or a command."""

    names: tuple[str, ...]
    value: str = ""  # "" if the option has none
    about: str = ""
    attached: bool = False  # the value follows "=" and cannot be the next word

    @property
    def is_option(self) -> bool:
        return self.names[0].startswith("-")

    @property
    def is_optional(self) -> bool:
        """Returns True if the option may stand without its value."""
        return re.fullmatch(r"\[\w+\]", self.value) is not None

    @property
    def is_several(self) -> bool:
        """Returns True if several values may follow."""
        return self.value.endswith("...]")

    @property
    def is_repeatable(self) -> bool:
        return re.search(r"several times|be repeated|twice", self.about) is not None


@dataclass(frozen=True)
class Section:
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Help:
    """The help of a program, or of one of its commands."""

    name: str
    usage: tuple[str, ...]
    notes: tuple[str, ...]  # paragraphs; the first one says what the program does
    sections: tuple[Section, ...]
    exit_status: tuple[tuple[str, str], ...]
    examples: tuple[str, ...]

    def entries(self) -> Iterator[Entry]:
        for section in self.sections:
            yield from section.entries

    def options(self) -> Iterator[Entry]:
        return (entry for entry in self.entries() if entry.is_option)

    def arguments(self) -> Iterator[Entry]:
        return (entry for section in self.sections if section.title != "commands" for entry in section.entries
                if not entry.is_option)  # fmt: skip

    def commands(self) -> tuple[Entry, ...]:
        return next((section.entries for section in self.sections if section.title == "commands"), ())


def read_help(name: str, text: str) -> Help:
    """Returns the parts of a help text. argparse must not have wrapped its lines."""
    # CLI11 writes "Usage:" until release 2.4, and only the call since then.
    usage = rf"^(?:usage: |(?={name.split()[0]} \[))(.*(?:\n +.*)*)\n*"
    found = re.search(usage, text, re.IGNORECASE | re.MULTILINE)
    assert found is not None, f"{name} --help has no line of usage"
    notes: list[str] = []
    sections: list[Section] = []
    statuses: tuple[tuple[str, str], ...] = ()
    examples: list[str] = []
    for block in re.split(r"\n{2,}", text.replace(found[0], "\n").strip("\n")):
        title, _, body = block.partition("\n")
        before, mark, after = block.partition("exit status: ")
        if title == "examples:":
            examples += [line[2:] for line in body.splitlines()]
        elif mark:
            statuses = _statuses(after)
            notes += [before.strip()] if before.strip() else []
        elif flags := _FLAG_OF_BENCHMARK.findall(block):
            sections.append(Section(title.rstrip(":"), tuple(Entry((flag,), value, attached=True) for flag, value in flags)))
        elif title.endswith(":") and title.lower() in ("positional arguments:", "positionals:"):
            sections += _arguments(body)
        elif title.endswith(":") and re.search(r"^ +-", body, re.MULTILINE):
            sections.append(Section(title.rstrip(":"), tuple(entry for _, entry in entries_of(body))))
        else:
            notes.append(block)
    forms = tuple(" ".join(form.split()) for form in _forms(name, found[1]))
    return Help(name, forms, tuple(notes), tuple(sections), statuses, tuple(examples))


def _forms(name: str, usage: str) -> Iterator[str]:
    """Yields the forms of a call. A line that does not begin with the name continues the line before it."""
    program = name.split()[0]
    yield from re.split(rf"\n\s+(?={program} )", usage)


def _statuses(text: str) -> tuple[tuple[str, str], ...]:
    parts = [" ".join(part.split()).rstrip(".") for part in re.split(r";\s+(?=\d)", text)]
    return tuple((number, meaning) for number, _, meaning in (part.partition(" ") for part in parts))


def _arguments(body: str) -> Iterator[Section]:
    """Yields the arguments, and the commands if they are listed below an argument."""
    entries = list(entries_of(body))
    nested = tuple(entry for depth, entry in entries if depth > 2)
    plain = tuple(entry for depth, entry in entries if depth == 2 and not (nested and entry.names == ("COMMAND",)))
    if plain:
        yield Section("arguments", plain)
    if nested:
        yield Section("commands", nested)


def entries_of(body: str) -> Iterator[tuple[int, Entry]]:
    """Yields each entry with the number of spaces before it. Lines that are indented further continue its text."""
    heads: list[tuple[int, str, list[str]]] = []
    for line in body.splitlines():
        line = re.sub(r"^( +-\w,) +(?=--)", r"\1 ", line.rstrip())  # CLI11 2.5 puts long names below each other
        if found := _ENTRY.match(line):
            heads.append((len(line) - len(line.lstrip()), found[1], [found[2] or ""]))
        else:
            heads[-1][2].append(line.strip())
    for depth, head, about in heads:
        yield depth, _entry(head, " ".join(filter(None, about)))


def _entry(head: str, about: str) -> Entry:
    names = _NAMES.match(head)
    if names is None:
        default = _DEFAULT.match(head)
        return Entry((default[1] if default else head,), about=_with_default(about, default))
    value = head[names.end() :].strip()
    default = _DEFAULT.match(value)
    return Entry(
        tuple(re.findall(r"-[\w-]+", names[0])), default[1] if default else value, _with_default(about, default)
    )


def _with_default(about: str, default: re.Match[str] | None) -> str:
    return f"{about} (default: {default[2] or default[3]})" if default else about
