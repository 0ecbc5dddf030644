"""Octets written as printable text (octets.py), cut and marked without breaking an escape.

A mismatch names its first differing octet by number; in the text that octet may be one character or four.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from cgi_conform.octets import printable

_TOKEN = re.compile(r"\\x[0-9a-fA-F]{2}|\\.|.", re.DOTALL)
_UNFINISHED = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:x[0-9a-fA-F]?)?\Z")
_LINE_END = "\\n"


@dataclass(frozen=True)
class Marked:
    """A text in three parts, the middle one being the octet in question ("" past the end)."""

    before: str
    octet: str
    after: str

    @property
    def text(self) -> str:
        return self.before + self.octet + self.after


def tokens(text: str) -> list[str]:
    """The text taken apart into octets."""
    return _TOKEN.findall(text)


def lines(text: str) -> list[str]:
    """The text cut after each \\n, as the octets would stand in a file."""
    found, line = [], ""
    for token in tokens(text):
        line += token
        if token == _LINE_END:
            found.append(line)
            line = ""
    return found + [line] if line else found


def clipped(text: str, limit: int) -> str:
    """Returns at most `limit` characters of the text, followed by "…" if it is longer. It cuts no escape in two."""
    if len(text) <= limit:
        return text
    return _UNFINISHED.sub(r"\1", text[:limit]) + "…"


def excerpt(data: bytes, limit: int, normal: Callable[[bytes], bytes] = bytes) -> str:
    """Returns the printable beginning of `data`, after `normal` has replaced what differs from run to run.

    The data may have many megabytes: `normal` gets only its first 4 * limit octets.
    """
    whole = len(data) <= 4 * limit
    text = printable(normal(data if whole else data[: 4 * limit]))
    if whole and len(text) <= limit:
        return text
    return clipped(text, min(limit, len(text) - 1))


def marked(text: str, at: int | None) -> Marked | None:
    """The octet number `at` of the quoted value in a text such as: starts with "abc"."""
    start = text.find('"')
    if at is None or start < 0 or not text.endswith('"') or start == len(text) - 1:
        return None
    value = tokens(text[start + 1 : -1])
    if at > len(value) or "…" in value[: at + 1]:
        return None
    octet = value[at] if at < len(value) else ""
    return Marked(text[: start + 1] + "".join(value[:at]), octet, "".join(value[at + 1 :]) + '"')


def window(part: Marked, room: int) -> Marked:
    """The marked text cut on both sides to about `room` characters, the octet kept in sight."""
    before, after = tokens(part.before), tokens(part.after)
    if len(part.before) > room // 2:
        while before and len("".join(before)) > room // 2:
            before.pop(0)
        before.insert(0, "…")
    return Marked("".join(before), part.octet, clipped("".join(after), max(room - len("".join(before)), 8)))
