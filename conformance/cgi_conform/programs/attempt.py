"""Carries out one check: runs its client against the server and compares the result with the check."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from cgi_conform.cases.docroot import reachable_tmp
from cgi_conform.cases.matcher import Matcher, filled, mismatch
from cgi_conform.escaped import clipped
from cgi_conform.octets import Tokens
from cgi_conform.programs.command import Command, run
from cgi_conform.programs.definition import Check, Program
from cgi_conform.programs.site import Site
from cgi_conform.servers.command_words import fill_words

_SHELL = ("sh", "-eu", "-c")


@dataclass(frozen=True)
class Found:
    """The result of a check. `wrong` is empty if it passed; `saw` is the status of the answer or of the client."""

    wrong: str
    saw: int | None
    command: str


def attempt(check: Check, program: Program, site: Site, port: int, seconds: float) -> Found:
    """Carries out the check in a new directory."""
    with tempfile.TemporaryDirectory(prefix="cgi-conform-check-", dir=reachable_tmp()) as name:
        scratch = Path(name).resolve()
        found = (_run if check.run else _request)(check, program, site, port, seconds, scratch)
        names = {str(scratch): "{scratch}", str(site.docroot.base): "{base}", f":{port}": ":{port}"}
        return Found(_named(found.wrong, names), found.saw, _named(found.command, names))


def _run(check: Check, program: Program, site: Site, port: int, seconds: float, scratch: Path) -> Found:
    done = run(Command((*_SHELL, check.run), site.environment(program, scratch, port), scratch), seconds)
    if done.status == check.exit:
        return Found("", done.status, check.run)
    wrong = f"expected exit status {check.exit}, got {done.ending()}\n{done.said()}".strip()
    return Found(wrong, done.status, check.run)


def _request(check: Check, program: Program, site: Site, port: int, seconds: float, scratch: Path) -> Found:
    tokens = site.tokens(program, port)
    words = [fill_words(word, tokens) for word in (*check.arguments, f"http://127.0.0.1:{port}{check.get}")]
    command = ("curl", "-sS", "--max-time", f"{seconds:g}", "-D", "head", "-o", "body", *words)
    done = run(Command(command, site.environment(program, scratch, port), scratch), seconds + 1)
    shown = " ".join(("curl", "-sS", "-i", *(_quoted(word) for word in words)))
    if done.status != 0:
        return Found(f"curl: {done.said() or done.ending()}", None, shown)
    status, fields = _head(scratch / "head")
    body = (scratch / "body").read_bytes() if (scratch / "body").exists() else b""
    places = Tokens(port, str(site.docroot.root), str(site.docroot.base))
    wrong = [] if status == check.status else [f"status: expected {check.status}, got {status}"]
    for name, matcher in (check.header or {}).items():
        lines = [value for field, value in fields if field == name.lower()]
        if matcher.count is not None and matcher.count != len(lines):
            wrong.append(f"{name}: expected {matcher.count} lines, got {len(lines)}")
        wrong += _differs(name, matcher, b", ".join(lines) if lines else None, places)
    if check.body is not None:
        wrong += _differs("body", check.body, body, places)
    return Found("\n".join(wrong), status, shown)


def _differs(what: str, matcher: Matcher, value: bytes | None, places: Tokens) -> list[str]:
    def no_file(name: str) -> bytes:
        raise AssertionError(f"no check compares with a file: {name}")

    difference = mismatch(filled(matcher, places), value, no_file)
    if difference is None:
        return []
    return [f"{what}: expected {difference.expected}, got {clipped(difference.got, 400)}"]


def _head(path: Path) -> tuple[int, list[tuple[str, bytes]]]:
    """Returns status and fields of the last head that curl wrote: earlier heads are interim responses."""
    block = path.read_bytes().replace(b"\r\n", b"\n").strip(b"\n").split(b"\n\n")[-1]
    first, *lines = block.split(b"\n")
    words = first.split()
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    split = [line.partition(b":") for line in lines]
    return status, [(name.decode("latin-1").lower(), value.strip()) for name, _, value in split]


def _named(text: str, names: dict[str, str]) -> str:
    for value, token in names.items():
        text = text.replace(value, token)
    return text


def _quoted(word: str) -> str:
    plain = all(letter.isalnum() or letter in "-_./:=%+@{},~" for letter in word)
    return word if plain else "'" + word.replace("'", "'\\''") + "'"
