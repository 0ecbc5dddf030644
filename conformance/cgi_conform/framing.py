"""Script output without the framing that depends on how quickly it came.

An HTTP/1.1 server gives the length of what it has got whole, and sends the rest in chunks as they come: the
same output is framed one way in one run and another way in the next.  Both become the line {framing}, with the
output itself after the head.
"""

import re

_HEAD = re.compile(rb"HTTP/1\.1 \d{3}([^\r\n]*)\r\n(?:[^\r\n]+\r\n)*\r\n")
_CHUNKED = re.compile(rb"^Transfer-Encoding:[ \t]*chunked[ \t]*(?=\r$)", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(rb"^Content-Length:[ \t]*([0-9]{1,15})[ \t]*(?=\r$)", re.IGNORECASE | re.MULTILINE)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")
_UNFINISHED = re.compile(rb"[0-9A-Fa-f]{0,15}\r?")
_SCRIPT = b" Script output follows"


def unframed(received: bytes) -> bytes:
    """The responses of a connection; from where one is not understood on, the octets as they came."""
    done: list[bytes] = []
    at = 0
    while (head := _HEAD.match(received, at)) is not None:
        text, at = head[0], head.end()
        length = _LENGTH.search(text)
        if _CHUNKED.search(text):
            found = _chunks(received, at)
            if found is None:
                return b"".join([*done, received[head.start() :]])
            body, at = found
            text = _CHUNKED.sub(b"{framing}", text)
        elif length is not None:
            body, at = received[at : at + int(length[1])], at + int(length[1])
            text = _LENGTH.sub(b"{framing}", text) if head[1] == _SCRIPT else text
        else:
            body = b""
        done += [text, body]
    return b"".join([*done, received[at:]])


def _chunks(received: bytes, at: int) -> tuple[bytes, int] | None:
    """The octets in the chunks from `at`, and where they end: possibly too early; None where they are no chunks."""
    pieces: list[bytes] = []
    while (line := _CHUNK.match(received, at)) is not None:
        size = int(line[1], 16)
        end = line.end() + size
        if not b"\r\n".startswith(received[end : end + 2]):
            return None
        pieces.append(received[line.end() : end])
        at = min(end + 2, len(received))
        if not size:
            return b"".join(pieces), at
    return (b"".join(pieces), len(received)) if _UNFINISHED.fullmatch(received[at : at + 20]) else None
