"""The head of a request: its line and its fields, as they came."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Request:
    """A request whose head has been read.  Octets as sent; nothing is decoded here."""

    method: bytes
    target: bytes
    version: tuple[int, int]  # (0, 9), (1, 0) or (1, 1): what is spoken with this client
    version_text: bytes  # as sent, b"HTTP/1.1"; b"HTTP/0.9" where none was sent
    line: bytes  # the request line without its line end
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)  # name as sent, value trimmed
    persists: bool = False  # whether another request may follow (answer.py and script.py may clear it)

    def field(self, name: bytes) -> bytes | None:
        """The first value of the field, whatever the case of its name."""
        return next(iter(self.fields_named(name)), None)

    def fields_named(self, name: bytes) -> list[bytes]:
        return [value for given, value in self.fields if given.lower() == name.lower()]
