"""Reads the head of a request: its line and its fields, as the client sent them. Refuses an invalid head."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .client import Client

_LONGEST_LINE = 65536
_MOST_FIELDS = 99
_BLANKS = re.compile(rb"[ \t\v\f]+")
_VERSION = re.compile(rb"HTTP/([0-9]{1,10})\.([0-9]{1,10})")
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_EMPTY_LINES = (b"\r\n", b"\n")
_SKIPPED_LINES = 8  # empty lines before a request line
_NEVER_FOLDED = (b"content-length", b"transfer-encoding", b"host")


class Refused(Exception):
    """The server answers the request with an error: its status, and its message if it is not the usual one."""

    def __init__(self, status: int, message: str | None = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


@dataclass
class Request:
    """A request whose head has been read. It holds bytes as sent; nothing is decoded."""

    method: bytes = b""
    target: bytes = b""
    version: tuple[int, int] = (1, 0)  # (0, 9), (1, 0) or (1, 1): the version of the response
    version_text: bytes = b"HTTP/0.9"  # as sent, b"HTTP/1.1"; b"HTTP/0.9" if none was sent
    line: bytes = b""  # the request line without its line end
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)  # name as sent, value trimmed
    host: bytes = b""  # the requested host, without its port (rfc3875); b"" if there is none
    persists: bool = False  # whether another request may follow (answer.py and script.py may clear it)
    answered: bool = False  # a head has been sent, so an error page is no longer possible

    # rule: http/field-names-ignore-case-and-order
    def field(self, name: bytes) -> bytes | None:
        """Returns the first value of the field. Ignores the case of its name."""
        return next(iter(self.fields_named(name)), None)

    def fields_named(self, name: bytes) -> list[bytes]:
        return [value for given, value in self.fields if given.lower() == name.lower()]

    def list_of(self, name: bytes) -> list[bytes]:
        """Returns the elements of all fields of that name, in lower case."""
        return [element.strip(b" \t").lower() for value in self.fields_named(name) for element in value.split(b",")]


# rule: injection/line-end-in-error, injection/name-outside-latin-1, http/request-adds-no-response-field
def quoted(text: bytes) -> str:
    """Returns the text as Python shows it in a message: in quotes, with escapes for all but printable ASCII."""
    return ascii(text.decode("latin-1"))


# rule: base/long-request-line-is-414, http/refusal-has-status-line-and-closes
# rule: base/empty-first-line-closes, http/long-target-is-414, http/request-line-of-8000-is-accepted
# rule: http/no-action-before-head-is-complete
def read(client: Client, request: Request) -> bool:
    """Reads the head into the request. Returns False if there is no request. Raises Refused at the first error."""
    line = _first_line(client)
    if len(line) > _LONGEST_LINE:
        raise Refused(414, "Request-URI Too Long")
    if not _BLANKS.sub(b"", line.rstrip(b"\r\n")):
        return False
    _take_line(request, line.rstrip(b"\r\n"))
    _take_fields(client, request)
    return True


# rule: http/empty-line-before-request-is-skipped, http/empty-lines-are-bounded
def _first_line(client: Client) -> bytes:
    """Returns the first line that is not empty, or an empty line if there are too many."""
    line = client.read_line(_LONGEST_LINE + 1)
    for _ in range(_SKIPPED_LINES):
        if line not in _EMPTY_LINES:
            break
        line = client.read_line(_LONGEST_LINE + 1)
    return line


# rule: base/whitespace-separates-words, base/wrong-number-of-words-is-400, base/two-words-are-http-0-9
# rule: base/http-0-9-is-get-only, base/leading-slashes-become-one, http/bare-cr-ends-no-line
# rule: http/any-whitespace-may-separate-words
# rule: base/request-line-has-three-words, http/message-is-octets, injection/redirect-host-by-two-slashes
def _take_line(request: Request, line: bytes) -> None:
    request.line = line
    words = _BLANKS.sub(b" ", line).strip(b" ").split(b" ")
    bad_syntax = Refused(400, f"Bad request syntax ({quoted(line)})")
    if b"\r" in line:
        raise bad_syntax
    if b"\0" in line:
        raise bad_syntax
    version = (1, 0)
    if len(words) >= 3:
        version = _version(words[-1])
        request.version_text = words[-1]
    if len(words) not in (2, 3):
        raise bad_syntax
    request.method, request.target = words[:2]
    if len(words) == 2 and request.method != b"GET":
        raise Refused(400, f"Bad HTTP/0.9 request type ({quoted(request.method)})")
    if len(words) == 2:
        version = (0, 9)
    if version == (0, 9) and request.method != b"GET":
        raise Refused(400, f"HTTP/0.9 has no such method ({quoted(request.method)})")
    request.version = version
    if request.target.startswith(b"//"):
        request.target = b"/" + request.target.lstrip(b"/")


# rule: base/version-begins-with-http, base/version-is-two-numbers, base/major-version-2-is-505
# rule: base/higher-minor-version-is-served
# rule: http/higher-minor-version-is-served, http/unsupported-major-version-is-505, http/malformed-version-is-400
def _version(word: bytes) -> tuple[int, int]:
    found = _VERSION.fullmatch(word)
    if not found:
        raise Refused(400, f"Bad request version ({quoted(word)})")
    major, minor = int(found[1]), int(found[2])
    if major >= 2:
        raise Refused(505, f"Invalid HTTP version ({quoted(word)})")
    if major == 0:
        return (0, 9)
    return (1, 1) if minor >= 1 else (1, 0)


# rule: base/long-field-line-is-431, base/too-many-fields-are-431, base/lines-end-in-crlf-or-lf
# rule: http/oversized-head-is-4xx, resource/endless-head-is-bounded, resource/many-fields-cost-linear-time
def _take_fields(client: Client, request: Request) -> None:
    count = 0
    while (line := client.read_line(_LONGEST_LINE + 1)) and line not in _EMPTY_LINES:
        if len(line) > _LONGEST_LINE:
            raise Refused(431, "Line too long")
        count += 1
        if count > _MOST_FIELDS:
            raise Refused(431, "Too many headers")
        line = line[:-1] if line.endswith(b"\n") else line
        line = line[:-1] if line.endswith(b"\r") else line
        _take_field(request, line)


# rule: http/no-cr-lf-or-nul-in-field-value, http/space-before-first-field, http/folded-field-is-refused-or-joined
# rule: http/malformed-field-line-is-400, http/space-before-colon-is-400, http/whitespace-around-value-is-dropped
# rule: cgi/folded-field-becomes-one-value, cgi/field-value-fits-a-variable, cgi/no-nul-in-variables
# rule: environment/no-line-end-and-no-cut-at-nul, http/folded-framing-field-is-400
def _take_field(request: Request, line: bytes) -> None:
    if b"\0" in line:
        raise Refused(400, "A field holds a NUL")
    if b"\r" in line:
        raise Refused(400, "A field holds a CR")
    if line[:1] in (b" ", b"\t"):
        if not request.fields:
            raise Refused(400, "The first field line begins with a space")
        if request.fields[-1][0].lower() in _NEVER_FOLDED:
            raise Refused(400, "A field about the body or the host is folded")
        name, value = request.fields.pop()
        more = line.strip(b" \t")
        request.fields.append((name, value + (b" " if value and more else b"") + more))
        return
    name, colon, value = line.partition(b":")
    if not colon:
        raise Refused(400, "A field line has no colon")
    if not TOKEN.fullmatch(name):
        raise Refused(400, "The name of a field is not a token")
    request.fields.append((name, value.strip(b" \t")))
