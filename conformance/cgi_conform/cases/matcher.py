"""Compares a value with a matcher of a case, and says how and where they differ.

A matcher is a set of conditions that must all hold. A plain string in a case is the condition `equals`. A value is
octets, or a number, truth value or list from the JSON of the probe script.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from cgi_conform.escaped import excerpt
from cgi_conform.octets import Tokens, fill, fill_pattern, printable

Value = bytes | int | bool | tuple[int | bytes, ...]
Octets = Callable[[bytes], bytes]

_SHOWN = 2000
_BLOCK = 1 << 20
_BEFORE_END = 16  # octets that are shown before the part that should end a long value
_LONG = 200


@dataclass(frozen=True)
class Repeat:
    """Octets that are repeated a number of times."""

    repeat: bytes
    times: int

    def octets(self) -> bytes:
        return self.repeat * self.times

    def blocks(self) -> list[bytes]:
        """Returns the octets in blocks of about a mebibyte.

        Equal blocks are one object, so the list needs little memory.
        """
        each = max(1, min(self.times, _BLOCK // len(self.repeat)))
        whole, left = divmod(self.times, each)
        return [self.repeat * each] * whole + ([self.repeat * left] if left else [])


@dataclass(frozen=True)
class Matcher:
    """A set of conditions for a value: each member that is set must hold."""

    equals: bytes | None = None
    contains: tuple[bytes, ...] = ()
    lacks: tuple[bytes, ...] = ()
    matches: bytes | None = None
    starts_with: bytes | None = None
    ends_with: bytes | None = None
    length: int | None = None
    empty: bool | None = None
    sha256: str | None = None
    one_of: tuple[bytes, ...] | None = None
    absent: bool | None = None
    count: int | None = None  # the number of header lines; judge.py compares it
    file: str | None = None
    repeat: Repeat | None = None
    words: tuple[int | bytes, ...] | None = None
    value: int | bool | None = None  # a bare number or truth value, in probe.* only


@dataclass(frozen=True)
class ValueMismatch:
    """A value that does not match: what was expected and got, as printable text, and the first octet that differs."""

    expected: str
    got: str
    at: int | None = None


def filled(matcher: Matcher, tokens: Tokens) -> Matcher:
    """Returns the matcher with {port}, {root} and {base} filled in."""

    def each(texts: tuple[bytes, ...]) -> tuple[bytes, ...]:
        return tuple(fill(text, tokens) for text in texts)

    def maybe(text: bytes | None) -> bytes | None:
        return None if text is None else fill(text, tokens)

    return replace(
        matcher,
        equals=maybe(matcher.equals),
        contains=each(matcher.contains),
        lacks=each(matcher.lacks),
        matches=None if matcher.matches is None else fill_pattern(matcher.matches, tokens),
        starts_with=maybe(matcher.starts_with),
        ends_with=maybe(matcher.ends_with),
        one_of=None if matcher.one_of is None else each(matcher.one_of),
    )


def first_difference(expected: bytes, got: bytes) -> int | None:
    """Returns the offset of the first octet that differs; None if the values are equal."""
    if expected == got:
        return None
    low, high = 0, min(len(expected), len(got))
    while low < high:  # a binary search for the longest common prefix, because bodies may be large
        middle = (low + high + 1) // 2
        if expected[:middle] == got[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _place(expected: bytes, got: bytes, normal: Octets) -> int | None:
    """Returns the offset of the first difference after `normal` has changed both values."""
    at = first_difference(expected, got)
    end = (at or 0) + 4096
    return None if at is None else first_difference(normal(expected[:end]), normal(got[:end]))


def mismatch(
    matcher: Matcher, value: Value | None, file: Callable[[str], bytes], normal: Octets = bytes
) -> ValueMismatch | None:
    """Returns how a value differs from the matcher, or None if it matches. The value None stands for "absent".

    `file` reads a file of the document root. `normal` removes from the texts what differs from run to run.
    """
    if matcher.absent is not None and matcher.absent != (value is None):
        return ValueMismatch("absent" if matcher.absent else "present", shown(value, normal))
    if value is None:
        return None if asks_nothing_of_the_value(matcher) else ValueMismatch(described(matcher, normal), "absent")
    if isinstance(value, bytes):
        return _of_octets(matcher, value, file, normal)
    return _of_other(matcher, value, normal)


def asks_nothing_of_the_value(matcher: Matcher) -> bool:
    """Returns whether the matcher sets only `absent` or `count`."""
    return replace(matcher, absent=None, count=None) == Matcher()


def _of_octets(
    matcher: Matcher, got: bytes, file: Callable[[str], bytes], normal: Octets
) -> ValueMismatch | None:
    if matcher.words is not None or matcher.value is not None:
        return ValueMismatch(described(matcher, normal), shown(got, normal))
    wanted = [matcher.equals] if matcher.equals is not None else []
    wanted += [matcher.repeat.octets()] if matcher.repeat is not None else []
    wanted += [file(matcher.file)] if matcher.file is not None else []
    for octets in wanted:
        if octets != got:
            return ValueMismatch(shown(octets, normal), shown(got, normal), _place(octets, got, normal))
    if matcher.starts_with is not None and not got.startswith(matcher.starts_with):
        at = _place(matcher.starts_with, got[: len(matcher.starts_with)], normal)
        return ValueMismatch(f"starts with {shown(matcher.starts_with, normal)}", shown(got, normal), at)
    for asked, holds in _tests(matcher, got, normal):
        if not holds:
            return ValueMismatch(asked, shown(got, normal))
    for part in matcher.lacks:
        if part in got:
            return ValueMismatch(f"lacks {shown(part, normal)}", shown(got, normal), len(normal(got[: got.index(part)])))
    return None


def _tests(matcher: Matcher, got: bytes, normal: Octets) -> list[tuple[str, bool]]:
    tests = [(f"contains {shown(part, normal)}", part in got) for part in matcher.contains]
    if matcher.ends_with is not None:
        end = got[-len(matcher.ends_with) - _BEFORE_END :]
        told = f" (got {shown(end, normal)} there)" if len(got) > _LONG else ""
        tests.append((f"ends with {shown(matcher.ends_with, normal)}{told}", got.endswith(matcher.ends_with)))
    if matcher.matches is not None:
        found = re.search(matcher.matches, got, re.DOTALL)
        tests.append((f"matches {printable(normal(matcher.matches))}", found is not None))
    if matcher.length is not None:
        tests.append((f"{matcher.length} octets (got {len(got)})", len(got) == matcher.length))
    if matcher.empty is not None:
        tests.append(("empty" if matcher.empty else "not empty", (not got) == matcher.empty))
    if matcher.sha256 is not None:
        digest = hashlib.sha256(got).hexdigest()
        tests.append((f"sha256 {matcher.sha256} (got {digest})", digest == matcher.sha256.lower()))
    if matcher.one_of is not None:
        choices = ", ".join(shown(choice, normal) for choice in matcher.one_of)
        tests.append((f"one of {choices}", got in matcher.one_of))
    return tests


def _of_other(
    matcher: Matcher, got: int | bool | tuple[int | bytes, ...], normal: Octets
) -> ValueMismatch | None:
    """Compares a number, a truth value or a list. A number also equals its decimal text."""
    rest = replace(matcher, absent=None)
    if isinstance(got, tuple):
        holds = rest == Matcher(words=got) or (rest == Matcher(empty=True) and not got)
    elif isinstance(got, bool):
        holds = rest.value is got and replace(rest, value=None) == Matcher()
    else:
        holds = (rest == Matcher(value=got) and not isinstance(rest.value, bool)) or rest == Matcher(
            equals=str(got).encode()
        )
        if rest.one_of is not None:
            holds = replace(rest, one_of=None) == Matcher() and str(got).encode() in rest.one_of
    return None if holds else ValueMismatch(described(rest, normal), shown(got, normal))


def shown(value: Value | None, normal: Octets = bytes) -> str:
    """Returns a value as printable text, octets in double quotes."""
    if value is None:
        return "absent"
    if isinstance(value, bytes):
        return f'"{excerpt(value, _SHOWN, normal)}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(shown(word, normal) for word in value) + "]"
    return str(value)


def described(matcher: Matcher, normal: Octets = bytes) -> str:
    """Returns the conditions of a matcher in words."""
    parts: list[str] = []
    if matcher.equals is not None:
        parts.append(shown(matcher.equals, normal))
    if matcher.value is not None:
        parts.append(shown(matcher.value, normal))
    if matcher.words is not None:
        parts.append(shown(matcher.words, normal))
    if matcher.repeat is not None:
        parts.append(f"{shown(matcher.repeat.repeat, normal)} {matcher.repeat.times} times")
    if matcher.file is not None:
        parts.append(f"the content of {matcher.file}")
    if matcher.starts_with is not None:
        parts.append(f"starts with {shown(matcher.starts_with, normal)}")
    parts += [asked for asked, _ in _tests(replace(matcher, length=None, sha256=None), b"", normal)]
    parts += [f"lacks {shown(part, normal)}" for part in matcher.lacks]
    if matcher.length is not None:
        parts.append(f"{matcher.length} octets")
    if matcher.sha256 is not None:
        parts.append(f"sha256 {matcher.sha256}")
    return ", ".join(parts) or "present"
