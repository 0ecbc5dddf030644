"""Rewrites cases for a server that knows scripts by a suffix such as ".cgi", and not by their directory.

For such a server the scripts of the document root have the suffix (docroot.py). A rewritten case names them so in all
octets: `/cgi-bin/probe/a?b` becomes `/cgi-bin/probe.cgi/a?b`, in requests, in their bodies and in expected values.
Content-Length and the sizes of chunks grow with the body. The rest of the case stays the same, also the name of a file
of fixtures/docroot/ whose content is expected: the files there have no suffix.

A case whose rule is about names or about CGI directories cannot be rewritten. `Case.unsuitable` says why.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cgi_conform.cases.answer import Answer, Expectation
from cgi_conform.cases.case import Case, Step
from cgi_conform.cases.matcher import Matcher
from cgi_conform.cases.script_names import ScriptNames, script_names
from cgi_conform.cases.script_paths import ScriptPaths, inserted, places
from cgi_conform.errors import UserError
from cgi_conform.octets import printable

BY_DIRECTORY = ("script-directories", "cgi-directories", "cgi-root")  # needs of cases about CGI directories

_SUFFIX = re.compile(r"\.[A-Za-z0-9]+")
_TARGET = re.compile(rb"(?:^|(?<=\n))[!-~]+[ \t]+([^ \t\r\n?#]+)")
_LENGTH = re.compile(rb"(?<=\n)Content-Length:[ \t]*(\d+)[^\n]*\n(?:[^\r\n][^\n]*\n)*\r?\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\nTransfer-Encoding:[^\n]*chunked", re.IGNORECASE)
_CHUNK = re.compile(rb"(?<=\n)([0-9A-Fa-f]{1,8})\r\n")
_NEW_NAME = re.compile(rb"(?:[a-z-]+/)+[A-Za-z0-9_'\x80-\xff-]+")


def check_suffix(suffix: str) -> str:
    """Returns the suffix. Raises UserError unless it is "", or a dot with letters and digits behind it."""
    if suffix and not _SUFFIX.fullmatch(suffix):
        raise UserError(f'--script-suffix "{suffix}" is not a dot with letters and digits behind it (for example .cgi)')
    return suffix


def with_suffix(cases: Iterable[Case], suffix: str, fixtures: Path) -> list[Case]:
    """Returns the cases for a server that knows scripts by the suffix; the same cases if the suffix is ""."""
    return [rewritten(case, script_names(fixtures), suffix) for case in cases] if suffix else list(cases)


def rewritten(case: Case, names: ScriptNames, suffix: str) -> Case:
    """Returns the case with the suffix behind each name of a script. An unsuitable case stays, and says why."""
    if not suffix:
        return case
    if reason := _why_unsuitable(case, names, suffix):
        return replace(case, unsuitable=reason)
    rewriter = _Rewriter(ScriptPaths(names, _new_names(case, names)), suffix.encode())
    return replace(
        case,
        steps=tuple(map(rewriter.step, case.steps)),
        control=case.control and rewriter.request(case.control),
        expect={profile: rewriter.expectation(each) for profile, each in case.expect.items()},
    )


def _why_unsuitable(case: Case, names: ScriptNames, suffix: str) -> str:
    """Returns why the case says nothing about a server that knows scripts by their suffix, or ""."""
    if any(need in BY_DIRECTORY for need in case.needs):
        return f"its rule is about CGI directories, but this server knows scripts by the suffix {suffix}"
    for octets in _requests(case):
        for target in _TARGET.findall(octets):
            if any(segment.endswith(suffix.encode()) for segment in target.split(b"/")):
                return f"its file has the suffix {suffix}, so it is a script for this server"
        for place in places(octets, names):
            if place.path in names.others:
                return f"its file has no suffix {suffix}, so it is no script for this server"
    return ""


def _requests(case: Case) -> list[bytes]:
    return [step.send for step in case.steps] + ([case.control] if case.control is not None else [])


def _new_names(case: Case, names: ScriptNames) -> set[bytes]:
    """Returns the paths of scripts that the case asks for and that do not exist, also as servers escape them."""
    found = {place.path for octets in _requests(case) for place in places(octets, names)}
    new = {path for path in found - names.scripts if _NEW_NAME.fullmatch(path)}
    return new | {printable(path).encode() for path in new}


@dataclass(frozen=True)
class _Size:
    """A number in a request: the length of the octets from `begin` on."""

    start: int
    end: int
    begin: int
    octets: int
    form: bytes


def _sizes(octets: bytes) -> list[_Size]:
    """Returns the values of Content-Length and the sizes of chunks in a request, in order."""
    found = [_Size(*match.span(1), match.end(), int(match[1]), b"%d") for match in _LENGTH.finditer(octets)]
    for match in _CHUNK.finditer(octets) if _CHUNKED.search(octets) else ():
        size = int(match[1], 16)
        if octets[match.end() + size :].startswith(b"\r\n"):
            found.append(_Size(*match.span(1), match.end(), size, b"%x"))
    return sorted(found, key=lambda size: size.start)


@dataclass(frozen=True)
class _Rewriter:
    """Puts the suffix behind the names of scripts, in each part of a case."""

    paths: ScriptPaths
    suffix: bytes

    def text(self, octets: bytes) -> bytes:
        return inserted(octets, self.paths.in_text(octets), self.suffix)

    def request(self, octets: bytes) -> bytes:
        """Returns the octets of a request. Content-Length and the sizes of chunks grow as the body does."""
        edits = [(end, end, self.suffix) for end in self.paths.in_request(octets)]
        for size in reversed(_sizes(octets)):  # from the inside out
            body = range(size.begin + 1, size.begin + size.octets + 1)
            if more := sum(len(new) - (end - start) for start, end, new in edits if end in body):
                edits.append((size.start, size.end, size.form % (size.octets + more)))
        pieces, begun = [], 0
        for start, end, new in sorted(edits):
            pieces += [octets[begun:start], new]
            begun = end
        return b"".join([*pieces, octets[begun:]])

    def step(self, step: Step) -> Step:
        awaited = None if step.await_bytes is None else self.text(step.await_bytes)
        return replace(step, send=self.request(step.send), await_bytes=awaited)

    def expectation(self, expectation: Expectation) -> Expectation:
        return replace(expectation, answers=tuple(map(self.answer, expectation.answers)), log=self.maybe(expectation.log))

    def answer(self, answer: Answer) -> Answer:
        return replace(
            answer,
            reason=self.maybe(answer.reason),
            body=self.maybe(answer.body),
            raw=self.maybe(answer.raw),
            header=self.each(answer.header),
            env=self.each(answer.env),
            probe=self.each(answer.probe),
        )

    def each(self, matchers: Mapping[str, Matcher]) -> dict[str, Matcher]:
        return {name: self.matcher(matcher) for name, matcher in matchers.items()}

    def maybe(self, matcher: Matcher | None) -> Matcher | None:
        return None if matcher is None else self.matcher(matcher)

    def matcher(self, matcher: Matcher) -> Matcher:
        def maybe(octets: bytes | None) -> bytes | None:
            return None if octets is None else self.text(octets)

        pattern = matcher.matches
        return replace(
            matcher,
            equals=maybe(matcher.equals),
            contains=tuple(map(self.text, matcher.contains)),
            lacks=tuple(map(self.text, matcher.lacks)),
            matches=pattern and inserted(pattern, self.paths.in_text(pattern), re.escape(self.suffix)),
            starts_with=maybe(matcher.starts_with),
            ends_with=maybe(matcher.ends_with),
            one_of=None if matcher.one_of is None else tuple(map(self.text, matcher.one_of)),
        )
