"""Converts between octets and the text that people write and read.

In a TOML string, \\r \\n \\t \\0 \\\\ and \\xHH stand for one octet. Any other backslash is an error. The rest is
UTF-8. The suite fills in the tokens {port}, {root} and {base} at run time; other braces stay as they are.
`decode(printable(data))` returns `data`.
"""

import re
from dataclasses import dataclass

_ESCAPE = re.compile(r"\\(?:(?P<short>[rnt0\\])|x(?P<octet>[0-9A-Fa-f]{2})|x.{0,2}|.?)", re.DOTALL)
_SHORT = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
_TOKEN = re.compile(rb"\{(port|root|base)\}")
_NAMED = {ord("\r"): "\\r", ord("\n"): "\\n", ord("\t"): "\\t", ord("\\"): "\\\\"}
_CONTROLS = (*range(32), *range(127, 160))
_PRINTABLE = {octet: f"\\x{octet:02x}" for octet in (*_CONTROLS, *range(160, 256))} | _NAMED
_VISIBLE = {control: _PRINTABLE[control] for control in _CONTROLS}


class BadEscape(ValueError):
    """An escape that does not exist; its text is the escape as the user wrote it."""


@dataclass(frozen=True)
class Tokens:
    """The values of {port}, {root} and {base} in one run."""

    port: int
    root: str
    base: str


def decode(text: str) -> bytes:
    """Returns the octets that a TOML string stands for. Raises BadEscape."""
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
    """Returns the octets with {port}, {root} and {base} filled in."""
    values = {b"port": str(tokens.port).encode(), b"root": tokens.root.encode(), b"base": tokens.base.encode()}
    return _TOKEN.sub(lambda match: values[match[1]], data)


def fill_pattern(pattern: bytes, tokens: Tokens) -> bytes:
    """Returns the regular expression with the tokens filled in and escaped, so that they match literally."""
    quoted = {
        b"port": str(tokens.port).encode(),
        b"root": re.escape(tokens.root.encode()),
        b"base": re.escape(tokens.base.encode()),
    }
    return _TOKEN.sub(lambda match: quoted[match[1]], pattern)


def printable(data: bytes) -> str:
    """Returns the octets as text: printable ASCII as it is, the rest as \\r \\n \\t \\\\ or \\xHH."""
    return data.decode("latin-1").translate(_PRINTABLE)


def visible(text: str) -> str:
    """Returns the text in one line: its control characters as \\r \\n \\t or \\xHH, the rest as it is."""
    return text.translate(_VISIBLE)
