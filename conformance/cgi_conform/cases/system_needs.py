"""Finds out what a case needs of the system that the server runs on.

A file on Windows is never called "NUL" or "a:b" and has no mode, and two names do not differ in case alone. A server on
such a system says so (`lacks` in its server.toml, or --lacks), and the suite skips the cases that need it. The document
root tells what a case needs: a case that asks for a link needs links. No case names these needs itself.
"""

import functools
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from cgi_conform.cases.answer import Answer
from cgi_conform.cases.case import SYSTEM, Case
from cgi_conform.errors import UserError
from cgi_conform.octets import BadEscape, decode
from cgi_conform.schema import read_valid_toml

_ROOT = b"root/"
_USUAL_MODES = ("644", "755")
_INDEXES = (b"index.html", b"index.htm")
_NO_NAME_ON_WINDOWS = re.compile(
    rb'[<>:"|?*\\\x00-\x1f]|[. ]\Z|(?i:^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)(?:[0-9]|\xc2[\xb9\xb2\xb3])) *(?:\.|\Z))'
)
_TARGET = re.compile(rb"(?:^|(?<=\n))[!-~]+ /*([^ \r\n?#]*)")
_SURROGATE = re.compile(rb"\xed[\xb2\xb3][\x80-\xbf]")
# Members of the probe's report that every system has. The others are of a POSIX process.
_OF_ANY_PROCESS = ("cwd", "stdin", "stdin-eof")


def entry_needs(entry: Mapping[str, Any]) -> set[str]:
    """Returns what a system must have to hold an entry of docroot.toml."""
    found = {"posix-names"} if _has_posix_name(decode(entry["path"])) else set()
    if "link" in entry:
        found.add("links")
    if "fifo" in entry or "owner" in entry or entry.get("mode", _USUAL_MODES[0]) not in _USUAL_MODES:
        found.add("modes")
    return found


def with_system_needs(case: Case, fixtures: Path) -> tuple[str, ...]:
    """Returns the needs of a case, with those that the document root tells."""
    paths = _paths(fixtures)
    requests = [_decoded(step.send) for step in case.steps]
    answers = [answer for expectation in case.expect.values() for answer in expectation.answers]
    found = {need for request in requests for path in paths.asked.findall(request) for need in paths.needs[path]}
    folders = {_decoded(path).strip(b"/") for step in case.steps for path in _TARGET.findall(step.send)}
    if listed := [path for folder in folders for path in paths.inside.get(folder, ())]:
        told = b"\n".join(text for answer in answers for text in _texts(answer))
        found |= {need for path in listed if _is_told(path, told) for need in paths.needs[path]}
    if "host" in case.needs or any(name not in _OF_ANY_PROCESS for answer in answers for name in answer.probe):
        found.add("proc")
    refuses = any(answer.status and 200 not in answer.status for answer in answers)
    if refuses and any(folder not in paths.known and folder.lower() in paths.folded for folder in folders):
        found.add("case-sensitive")
    return (*case.needs, *(need for need in SYSTEM if need in found))


@dataclass(frozen=True)
class _Paths:
    """The paths of a document root, decoded."""

    known: frozenset[bytes]
    folded: frozenset[bytes]  # in small letters
    needs: Mapping[bytes, set[str]]  # of the paths that not every system can hold
    asked: re.Pattern[bytes]  # finds these paths in a request
    inside: Mapping[bytes, list[bytes]]  # these paths, by the directory that holds them


@functools.cache
def _paths(fixtures: Path) -> _Paths:
    manifest = fixtures / "docroot.toml"
    document = read_valid_toml(manifest, manifest.name, "docroot.schema.json") if manifest.exists() else {}
    plain = sorted(path.relative_to(fixtures / "docroot").as_posix() for path in (fixtures / "docroot").rglob("*"))
    needs: dict[bytes, set[str]] = {}
    for entry in [*({"path": f"root/{path}"} for path in plain), *document.get("entry", [])]:
        try:
            path = decode(entry["path"]).removeprefix(_ROOT)
        except BadEscape as error:
            raise UserError(f'{manifest.name}: "{entry["path"]}": bad escape "{error}" (\\xHH is an octet)') from None
        needs.setdefault(path, set()).update(entry_needs(entry))
    for need, names in document.get("needs", {}).items():
        for name in names:
            needs.setdefault(decode(name), set()).add(need)
    for folder in [folder for path in needs for folder in _folders(path) if _has_posix_name(folder)]:
        needs[folder] = {"posix-names"}
    namesakes: dict[bytes, list[bytes]] = {}
    for path in needs:
        namesakes.setdefault(path.lower(), []).append(path)
    for path in needs:
        if len(namesakes[path.lower()]) > 1:
            needs[path].add("case-sensitive")
        for folder in _folders(path):
            needs[path] |= needs.get(folder, set())
    special = {path: needs[path] for path in sorted(needs, key=len, reverse=True) if needs[path]}
    inside: dict[bytes, list[bytes]] = {}
    for path in special:
        inside.setdefault(path.rpartition(b"/")[0], []).append(path)
    names = b"|".join(map(re.escape, special)) or rb"(?!)"
    asked = re.compile(rb"(?:^|[ \n?=]|://[^/ ]*)/+(" + names + rb")(?=[ /?#\r\n]|\Z)")
    known = frozenset(each for path in needs for each in (path, *_folders(path)))
    return _Paths(known, frozenset(map(bytes.lower, known)), special, asked, inside)


def _decoded(octets: bytes) -> bytes:
    """Returns octets of a request without escapes. A surrogate stands for the octet that CPython makes it from."""
    return _SURROGATE.sub(
        lambda found: found[0].decode("utf-8", "surrogatepass").encode("ascii", "surrogateescape"), unquote_to_bytes(octets)
    )


def _folders(path: bytes) -> Iterator[bytes]:
    while path := path.rpartition(b"/")[0]:
        yield path


def _has_posix_name(path: bytes) -> bool:
    """Returns whether a segment of a path is no name on Windows."""
    try:
        path.decode()
    except UnicodeDecodeError:
        return True
    return any(_NO_NAME_ON_WINDOWS.search(name) for name in path.split(b"/"))


def _is_told(path: bytes, told: bytes) -> bool:
    """Returns whether the response for a directory depends on a path in it: on its index, or on a name of the listing."""
    name = path.rpartition(b"/")[2]
    text = name.decode("latin-1")
    linked = quote(name.decode("utf-8", "surrogateescape"), errors="surrogatepass")
    spellings = [linked, quote(name), text, html.escape(text), html.escape(text, quote=False)]
    return name in _INDEXES or any(spelling.encode("latin-1") in told for spelling in spellings)


def _texts(answer: Answer) -> Iterator[bytes]:
    """Yields the texts that a response must contain."""
    for matcher in filter(None, (answer.body, answer.raw)):
        yield from matcher.contains
        yield from filter(None, (matcher.equals, matcher.starts_with, matcher.ends_with))
        if matcher.matches:
            yield matcher.matches.replace(b"\\", b"")
