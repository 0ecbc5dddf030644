"""Removes from script output the framing that depends on how fast the script writes.

A server may frame the same output in different ways from run to run. If it has the whole output, it sends a
Content-Length. Otherwise it sends chunks, or, to an HTTP/1.0 client, sends up to the end of the connection. Here each
of these becomes the line {framing} at the end of the head, followed by the output. lighttpd adds Accept-Ranges if it has
the whole output, so this line goes, too. If the client closes its half, Connection: close depends on time and goes, too.

In the profile cgihttpserver, a script's response is known by its reason phrase. In rfc3875, it may be any response of a
case that asks for a script. A response with Last-Modified comes from a file, and its framing never depends on time.

A status without content, such as 304, may have framing too, because a server may treat the output like any other.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from cgi_conform.cases.case import Step

_HEAD = re.compile(rb"HTTP/1\.(?P<minor>[01]) \d{3}(?P<reason>[^\r\n]*)\r\n(?:[^\n]*[^\r\n]\r*\n)*\r\n")
_CHUNKED = re.compile(rb"^Transfer-Encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(rb"^Content-Length:[ \t]*([0-9]{1,15})[ \t]*\r\n", re.IGNORECASE | re.MULTILINE)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")
_UNFINISHED = re.compile(rb"[0-9A-Fa-f]{0,15}\r?")
_UNTIL_CLOSE = re.compile(rb"^Connection:[ \t]*close[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
_CLOSE = re.compile(rb"^Connection:[ \t]*close[ \t]*\r\n", re.IGNORECASE | re.MULTILINE)
_OF_A_FILE = re.compile(rb"^Last-Modified:", re.IGNORECASE | re.MULTILINE)
_RANGES = re.compile(rb"^Accept-Ranges:[^\r\n]*\r\n", re.IGNORECASE | re.MULTILINE)
_NO_CONTENT = re.compile(rb"HTTP/1\.[01] (?:1\d\d|204|304)")
_SCRIPT = b" Script output follows"
_CGI_DIRECTORIES = (b"cgi-bin", b"htbin", b"/deep/scripts")


@dataclass(frozen=True)
class Asked:
    """Facts about the requests of a case that decide about its responses.

    With `scripts`, any response may come from a script, whatever its reason phrase. With `heads`, any response may
    answer HEAD and have no content. With `half_closed`, the client closes its half, which a server may notice before or
    after the head.
    """

    scripts: bool = False
    heads: bool = False
    half_closed: bool = False


def asked_for(steps: Sequence[Step], profile: str, *, root_is_cgi: bool = False) -> Asked:
    """Returns what these steps ask for. With `root_is_cgi`, the files of the document root are scripts too."""
    sent = [step.send for step in steps]
    scripts = profile == "rfc3875" and (root_is_cgi or asks_for_a_script(sent))
    return Asked(scripts, any(b"HEAD " in octets for octets in sent), any(step.half_close for step in steps))


def asks_for_a_script(sent: Iterable[bytes]) -> bool:
    """Returns whether a request names a CGI directory, with or without escapes."""
    return any(name in unquote_to_bytes(octets) for octets in sent for name in _CGI_DIRECTORIES)


def unframed(received: bytes, asked: Asked) -> bytes:
    """Returns the responses of a connection without their framing.

    From a malformed response on, leaves the octets alone.
    """
    done: list[bytes] = []
    at = 0
    while (head := _HEAD.match(received, at)) is not None:
        text, at = head[0], head.end()
        length = _LENGTH.search(text)
        empty = _NO_CONTENT.match(text) is not None
        of_a_script = asked.scripts and not _OF_A_FILE.search(text)
        varies = of_a_script or (head["minor"] == b"1" and head["reason"] == _SCRIPT)
        body = b""
        if head["minor"] == b"1" and _CHUNKED.search(text):
            found = _chunks(received, at)
            if found is None:
                return b"".join([*done, received[head.start() :]])
            body, at = found
            text = _noted(_CHUNKED.sub(b"", text))
        elif length is not None:
            # A response to HEAD, or a 304, has the length of a body that is not there. The next response may follow.
            size = 0 if (asked.heads or empty) and _HEAD.match(received, at) else int(length[1])
            body, at = received[at : at + size], at + size
            text = _noted(_LENGTH.sub(b"", text)) if varies else text
        elif varies and not empty and (asked.heads or head["minor"] == b"0" or _UNTIL_CLOSE.search(text)):
            text = _noted(text)
        if of_a_script:
            text = _RANGES.sub(b"", text)
            text = _CLOSE.sub(b"", text) if asked.half_closed else text
        done += [text, body]
    return b"".join([*done, received[at:]])


def _noted(head: bytes) -> bytes:
    """Returns the head with the last line {framing}."""
    return head.removesuffix(b"\r\n") + b"{framing}\r\n\r\n"


def _chunks(received: bytes, at: int) -> tuple[bytes, int] | None:
    """Returns the content of the chunks that begin at `at`, and their end; None if these are not chunks.

    The chunks may be incomplete.
    """
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
