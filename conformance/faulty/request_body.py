"""Reads the body of a request: with Content-Length or in chunks, within limits. Discards an unread rest."""

from __future__ import annotations

import re

from .client import Client
from .head import Refused, Request

_DIGITS = re.compile(rb"[0-9]+")
_SIZE = re.compile(rb"([0-9A-Fa-f]+)(?:[ \t]+(?=;))?(;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_LONGEST_LINE = 8192
_MOST_TRAILERS = 1 << 16
_ENOUGH = 1 << 16
_MOST_DRAINED = 1 << 20


# rule: resource/declared-length-takes-no-memory
class Body:
    """The decoded body. load() reads a chunked body whole before a script starts, so that `length` is known."""

    def __init__(self, client: Client, length: int | None, chunked: bool = False) -> None:
        self.length = length  # None if the request declares no body
        self.left = length or 0  # bytes not taken yet
        self.chunked = chunked  # load() has to decode it
        self.cut = False  # the client ended before the body was complete
        self._client = client
        self._content = b""

    @property
    def ready(self) -> bool:
        """Returns whether take() returns without waiting."""
        return bool(self._content or self._client.ahead) or not self.left

    def arrives(self, patience: float | None = None) -> bool:
        """Waits for the body, or its first 64 KiB. Returns False if the client is silent for `patience` seconds."""
        return bool(self._content) or self._client.read_ahead(min(self.left, _ENOUGH), patience)

    # rule: http/short-body-is-incomplete
    def take(self, size: int) -> bytes:
        """Returns at most `size` bytes: those that are there, or one receive. Returns b"" at the end, or if cut."""
        size = min(size, self.left)
        if not size:
            return b""
        if self._content:
            taken, self._content = self._content[:size], self._content[size:]
        else:
            taken = self._client.read_some(size)
        self.cut = not taken
        self.left -= len(taken)
        return taken

    # rule: http/chunked-body-is-decoded, cgi/transfer-coding-is-removed, http/chunk-data-ends-in-crlf
    # rule: cgi/content-length-counts-decoded-body
    def load(self, most: int) -> None:
        """Reads and decodes a chunked body. Refuses an invalid one."""
        if not self.chunked:
            return
        pieces: list[bytes] = []
        length = 0
        while size := self._chunk_size():
            length += size
            if length > most:
                raise Refused(413)
            pieces.append(self._client.read_exactly(size))
            if self._client.read_exactly(2) != b"\r\n":
                raise Refused(400, "The data of a chunk does not end after its size")
        self._skip_trailers()
        self._content = b"".join(pieces)
        self.length = self.left = length
        self.chunked = False

    # rule: http/chunk-size-is-plain-hex, http/chunk-extensions-ignored-and-limited
    def _chunk_size(self) -> int:
        found = _SIZE.fullmatch(self._client.read_line(_LONGEST_LINE))
        if not found:
            raise Refused(400, "The chunk size is invalid")
        return int(found[1], 16)

    # rule: http/trailers-stay-out-of-head
    def _skip_trailers(self) -> None:
        length = 0
        while (line := self._client.read_line(_LONGEST_LINE)) != b"\r\n":
            if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
                raise Refused(400, "A trailer line is invalid")
            length += len(line)
            if length > _MOST_TRAILERS:
                raise Refused(400, "The trailers are too long")

    # rule: base/unread-body-is-discarded, http/body-is-read-or-connection-closed, http/refused-body-is-no-request
    # rule: resource/unread-body-goes-in-bulk
    def drain(self) -> bool:
        """Discards a small rest of the body. Returns whether the connection is now at the next request."""
        if self.chunked:
            return False
        if self.left > _MOST_DRAINED:
            return False
        self._client.expect_body()
        while self.left and self.take(65536):
            pass
        return not self.left


# rule: http/invalid-content-length-is-400, http/differing-lengths-are-refused, http/huge-length-does-not-overflow
# rule: http/transfer-encoding-beats-length, http/last-coding-is-chunked, http/unknown-coding-is-501
# rule: http/no-transfer-encoding-in-http-1-0, http/no-framing-means-no-body
# rule: http/disguised-transfer-encoding, cgi/undecodable-body-is-refused, resource/odd-content-length-does-no-harm
def announced(client: Client, request: Request, most: int) -> Body:
    """Returns the body that the fields announce. Refuses invalid or contradictory fields."""
    codings = request.list_of(b"Transfer-Encoding")
    lengths = request.list_of(b"Content-Length")
    if codings and lengths:
        raise Refused(400, "The request has both Transfer-Encoding and Content-Length")
    if codings and request.version != (1, 1):
        raise Refused(400, "HTTP/1.0 has no Transfer-Encoding")
    if codings:
        if codings != [b"chunked"]:
            raise Refused(501, "Unsupported transfer coding")
        return Body(client, None, chunked=True)
    if not lengths:
        return Body(client, None)
    if not all(_DIGITS.fullmatch(length) for length in lengths):
        raise Refused(400, "The Content-Length is invalid")
    values = {length.lstrip(b"0") or b"0" for length in lengths}
    if len(values) > 1:
        raise Refused(400, "The Content-Length fields differ")
    digits = values.pop()
    if len(digits) > 18:
        raise Refused(413)
    if int(digits) > most:
        raise Refused(413)
    return Body(client, int(digits))
