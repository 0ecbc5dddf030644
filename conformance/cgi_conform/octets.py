"""Octets as people write and read them: TOML text to bytes, bytes to printable text.

In a TOML string \\r \\n \\t \\0 \\\\ and \\xHH stand for the octet, every other backslash is an error; the
rest is UTF-8. The tokens {port}, {root} and {base} are filled in at run time, all other braces stay.
decode(printable(data)) is data again.
"""

import re
from dataclasses import dataclass

_ESCAPE = re.compile(r"\\(?:(?P<short>[rnt0\\])|x(?P<octet>[0-9A-Fa-f]{2})|x.{0,2}|.?)", re.DOTALL)
_SHORT = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
_TOKEN = re.compile(rb"\{(port|root|base)\}")
_NAMED = {ord("\r"): "\\r", ord("\n"): "\\n", ord("\t"): "\\t", ord("\\"): "\\\\"}
_PRINTABLE = {octet: f"\\x{octet:02x}" for octet in (*range(32), *range(127, 256))} | _NAMED


class BadEscape(ValueError):
    """A backslash that stands for nothing; the text is the escape as written."""


@dataclass(frozen=True)
class Tokens:
    """What {port}, {root} and {base} stand for in one run."""

    port: int
    root: str
    base: str


def decode(text: str) -> bytes:
    """The octets that a TOML string stands for."""
    pieces: list[bytes] = []
    end = 0
    for match in _ESCAPE.finditer(text):
        pieces.append(text[end : match.start()].encode())
        if match["short"]:
            pieces.append(_SHORT[match["short"]])
        elif match["octet"]:
            pieces.append(bytes.fromhex(match["octet"]))
        else:
            raise BadEscape(match[0])
        end = match.end()
    pieces.append(text[end:].encode())
    return b"".join(pieces)


def fill(data: bytes, tokens: Tokens) -> bytes:
    """Replace {port}, {root} and {base}."""
    values = {b"port": str(tokens.port).encode(), b"root": tokens.root.encode(), b"base": tokens.base.encode()}
    return _TOKEN.sub(lambda match: values[match[1]], data)


def fill_pattern(pattern: bytes, tokens: Tokens) -> bytes:
    """Replace the tokens in a regular expression by what matches them literally."""
    quoted = {
        b"port": str(tokens.port).encode(),
        b"root": re.escape(tokens.root.encode()),
        b"base": re.escape(tokens.base.encode()),
    }
    return _TOKEN.sub(lambda match: quoted[match[1]], pattern)


def printable(data: bytes) -> str:
    """Printable ASCII as it is; \\r \\n \\t \\\\ and \\xHH for the rest."""
    return data.decode("latin-1").translate(_PRINTABLE)
