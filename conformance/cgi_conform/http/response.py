"""Parses the octets of a connection into responses. The parser accepts CRLF and LF, because scripts use both.

The framing decides whether a response is complete: Content-Length, chunks, no body (HEAD, 204, 304), or the end of the
connection. Interim responses (1xx) have a list of their own. Octets that belong to no response are the `rest`. If
octets other than a status line follow a response that must not have a body, they count as its body: then a mismatch of
"body.empty" shows them. A response whose Content-Length is no number, or two numbers, is never complete (RFC 9112
section 6.3). A server may send a head, chunks or responses for ever: the parser reads only so many of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cgi_conform.escaped import excerpt

MOST_INTERIM = 100
_MOST_RESPONSES = 1000  # no case asks for so many
_LONGEST_LENGTH = 18  # digits
_MOST_CHUNKS = 1 << 18
_LONGEST_LINE = 1 << 18
_LONGEST_HEAD = 1 << 20
_STATUS_LINE = re.compile(rb"HTTP/(\d{1,3}\.\d{1,3}) (\d{3})(?: ([^\r\n]*))?\r?\n")
_MAYBE_STATUS_LINE = re.compile(rb"H(T(T(P(/[^\n]*)?)?)?)?\Z")
_HEAD_END = re.compile(rb"\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_TRAILER = re.compile(rb"(?:[^\r\n]+\r?\n)*\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n")


@dataclass(frozen=True)
class Response:
    """A response: its head as received, and its body without the framing."""

    version: bytes
    status: int
    reason: bytes
    status_line: bytes
    fields: tuple[tuple[bytes, bytes], ...]  # in order, names as received, values stripped
    stray: tuple[bytes, ...]  # lines of the head that are not fields
    body: bytes
    framing: str  # none | length | chunked | close
    complete: bool
    lack: str = ""  # what is missing when it is not complete

    def values(self, name: str) -> list[bytes]:
        """Returns the values of all lines of a field. Names are case-insensitive."""
        wanted = name.lower().encode()
        return [value for known, value in self.fields if known.lower() == wanted]

    @property
    def persistent(self) -> bool:
        """Returns whether the server says that it keeps the connection open after this response."""
        options = b",".join(self.values("Connection")).lower().replace(b" ", b"").split(b",")
        if self.framing == "close" or b"close" in options:
            return False
        return _at_least_1_1(self.version) or b"keep-alive" in options


@dataclass(frozen=True)
class Parsed:
    """The octets received on a connection, parsed. With more than MOST_INTERIM interim responses, `rest` is empty."""

    responses: tuple[Response, ...]
    interim: tuple[Response, ...]
    rest: bytes


def parse(received: bytes | bytearray, methods: Sequence[bytes] = (), *, ended: bool) -> Parsed:
    """Returns the responses in order. `methods` are those of the requests; `ended` says that no more octets will come.

    Copies only the bodies, because there may be many megabytes.
    """
    responses: list[Response] = []
    interim: list[Response] = []
    at = 0
    while at < len(received) and len(interim) <= MOST_INTERIM and len(responses) < _MOST_RESPONSES:
        method = methods[len(responses)] if len(responses) < len(methods) else b"GET"
        found = _parse_one(received, at, method, ended)
        if found is None:
            break
        response, at = found
        (interim if response.status < 200 and response.status != 101 else responses).append(response)
        if not response.complete:
            break
    return Parsed(tuple(responses), tuple(interim), b"" if len(interim) > MOST_INTERIM else bytes(received[at:]))


def is_tls(octets: bytes) -> bool:
    """Returns whether the octets begin with the header of a TLS record: an alert or a handshake (RFC 8446 section 5.1)."""
    return octets[:1] in (b"\x15", b"\x16") and octets[1:2] == b"\x03"


def _parse_one(received: bytes | bytearray, start: int, method: bytes, ended: bool) -> tuple[Response, int] | None:
    line = _STATUS_LINE.match(received, start, start + _LONGEST_LINE)
    if line is None:
        return None
    longest = start + _LONGEST_HEAD
    blank = _HEAD_END.search(received, line.end() - 1, longest)
    head_end = blank.end() if blank else min(len(received), longest)
    fields, stray = _fields(bytes(received[line.end() : blank.start() + 1 if blank else head_end]))
    body, framing, end, lack = b"", "close", head_end, ""
    if blank is None:
        is_whole = ended and head_end < longest and received.endswith(b"\n")  # a script may print no empty line
        lack = "" if is_whole else "the empty line after the head"
    else:
        body, framing, end, lack = _body(received, head_end, line, fields, method, ended)
    response = Response(
        version=b"HTTP/" + line[1],
        status=int(line[2]),
        reason=line[3] or b"",
        status_line=line[0].rstrip(b"\r\n"),
        fields=fields,
        stray=stray,
        body=body,
        framing=framing,
        complete=not lack,
        lack=lack,
    )
    return response, end


def _fields(block: bytes) -> tuple[tuple[tuple[bytes, bytes], ...], tuple[bytes, ...]]:
    fields: list[tuple[bytes, bytes]] = []
    stray: list[bytes] = []
    for line in block.split(b"\n"):
        line = line.removesuffix(b"\r")
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t") and fields:
            known, start = fields[-1]
            fields[-1] = (known, start + b" " + line.strip(b" \t"))
        elif colon and name:
            fields.append((name, value.strip(b" \t")))
        elif line:
            stray.append(line)
    return tuple(fields), tuple(stray)


def _body(
    received: bytes | bytearray,
    start: int,
    line: re.Match[bytes],
    fields: tuple[tuple[bytes, bytes], ...],
    method: bytes,
    ended: bool,
) -> tuple[bytes, str, int, str]:
    """Returns the body, its framing, the offset of its end, and what is missing ("" if it is complete)."""

    def values(name: bytes) -> list[bytes]:
        return [value for known, value in fields if known.lower() == name]

    status = int(line[2])
    if method == b"HEAD" or status in (204, 304) or status < 200:
        end = start if _starts_response(received, start, ended) else len(received)
        return bytes(received[start:end]), "none", end, ""
    if _at_least_1_1(line[1]) and [v.lower() for v in values(b"transfer-encoding")] == [b"chunked"]:
        return _chunks(received, start)
    if lengths := {length.strip(b" \t") for value in values(b"content-length") for length in value.split(b",")}:
        return _counted(received, start, sorted(lengths))
    return bytes(received[start:]), "close", len(received), "" if ended else "the end of the connection"


def _counted(received: bytes | bytearray, start: int, lengths: list[bytes]) -> tuple[bytes, str, int, str]:
    """Returns the body whose Content-Length has these different values, its framing, its end, and what is missing."""
    length = lengths[0]
    if len(lengths) > 1 or not length.isdigit() or len(length) > _LONGEST_LENGTH:
        told = " and ".join(f'"{excerpt(one, 40)}"' for one in lengths[:2])
        return bytes(received[start:]), "length", len(received), f"a valid Content-Length: it is {told}"
    end = start + int(length)
    missing = end - len(received)
    lack = f"{missing} of the {int(length)} octets that Content-Length promises" if missing > 0 else ""
    return bytes(received[start:end]), "length", min(end, len(received)), lack


def _starts_response(received: bytes | bytearray, at: int, ended: bool) -> bool:
    if _STATUS_LINE.match(received, at, at + _LONGEST_LINE):
        return True
    return not ended and _MAYBE_STATUS_LINE.match(received, at) is not None


def _chunks(received: bytes | bytearray, at: int) -> tuple[bytes, str, int, str]:
    body: list[bytes] = []
    while len(body) < _MOST_CHUNKS and (size := _CHUNK_SIZE.match(received, at)):
        length = int(size[1], 16)
        at = size.end()
        if length == 0:
            trailer = _TRAILER.match(received, at)
            if trailer is None:
                return b"".join(body), "chunked", len(received), "the empty line after the last chunk"
            return b"".join(body), "chunked", trailer.end(), ""
        body.append(bytes(received[at : at + length]))
        if length > len(received) - at:
            break
        at += length
        newline = _LINE_END.match(received, at)
        if newline is None:
            break
        at = newline.end()
    return b"".join(body), "chunked", len(received), "a well-formed last chunk"


def _at_least_1_1(version: bytes) -> bool:
    major, minor = version.removeprefix(b"HTTP/").split(b".")
    return (int(major), int(minor)) >= (1, 1)
