"""Cuts and marks printable text (octets.py) without breaking an escape.

A mismatch gives the number of the first octet that differs. In the text, this octet takes one to four characters.
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
    """A text in three parts. The middle part is the marked octet, or "" if the text ends before it."""

    before: str
    octet: str
    after: str

    @property
    def text(self) -> str:
        return self.before + self.octet + self.after


def tokens(text: str) -> list[str]:
    """Returns the text as a list of octets. An escape is one octet."""
    return _TOKEN.findall(text)


def lines(text: str) -> list[str]:
    """Returns the lines of the text: it is cut after each escape \\n."""
    found, line = [], ""
    for token in tokens(text):
        line += token
        if token == _LINE_END:
            found.append(line)
            line = ""
    return found + [line] if line else found


def clipped(text: str, limit: int) -> str:
    """Returns at most `limit` characters of the text, followed by "…" if it is longer. Keeps escapes whole."""
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
    """Returns the text with octet number `at` of its quoted value marked. A text is for example: starts with "abc".

    Returns None if the text does not end with a quoted value, or if the value was cut before that octet.
    """
    start = text.find('"')
    if at is None or start < 0 or not text.endswith('"') or start == len(text) - 1:
        return None
    value = tokens(text[start + 1 : -1])
    if at > len(value) or "…" in value[: at + 1]:
        return None
    octet = value[at] if at < len(value) else ""
    return Marked(text[: start + 1] + "".join(value[:at]), octet, "".join(value[at + 1 :]) + '"')


def window(part: Marked, width: int) -> Marked:
    """Returns the text cut on both sides to about `width` characters around the marked octet."""
    before, after = tokens(part.before), tokens(part.after)
    if len(part.before) > width // 2:
        while before and len("".join(before)) > width // 2:
            before.pop(0)
        before.insert(0, "…")
    return Marked("".join(before), part.octet, clipped("".join(after), max(width - len("".join(before)), 8)))
