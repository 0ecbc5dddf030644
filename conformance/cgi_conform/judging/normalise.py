"""What of the received octets is the same in every run: the rest is replaced by a name in braces.

{date} for the value of a Date field, {etag} within an ETag (it may be made of the inode), {pid} for the number after
"pid=", {client-port} for that of REMOTE_PORT, {root}, {base} and {port} for what this run happened to use, {length}
for a Content-Length that counts one of them, {framing} where the framing depends on time (http/framing.py). Two runs of
one server then give byte-identical results.  A number that merely equals the port inside a longer word or number
stays.
"""

import re
from collections.abc import Collection, Sequence

from cgi_conform.cases.case import Step
from cgi_conform.http.connection import Connection
from cgi_conform.http.framing import Asked, unframed

_DATE = re.compile(rb"^(Date:[ \t]*)[^\r\n]+", re.IGNORECASE | re.MULTILINE)
_PID = re.compile(rb"\b(pid=)[0-9]+")
_ETAG = re.compile(rb'^(ETag:[ \t]*(?:W/)?)"[^"\r\n]*"', re.IGNORECASE | re.MULTILINE)
_CLIENT_PORT = re.compile(rb'(REMOTE_PORT(?:": ?"|=))[0-9]+')
_LENGTH = re.compile(rb"^(Content-Length:[ \t]*)([0-9]+)(?=[ \t]*\r?$)", re.IGNORECASE | re.MULTILINE)
_SHOWN = 1 << 16  # octets: more than anybody shows of what may be many megabytes
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_EXPECTS = re.compile(rb" HTTP/1\.1\r?\n(?:[^\r\n]+\r?\n)*?Expect[ \t]*:", re.IGNORECASE)
_CONTINUE = re.compile(rb"^HTTP/1\.1 100(?: [^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n", re.MULTILINE)


def lasting(connection: Connection, steps: Sequence[Step], judged: Collection[str]) -> tuple[bytes, str]:
    """What came in and how it ended, but for what depends on which side was quicker.

    On a connection that the case ends itself, or that nobody judges, that is what the case has waited for.  And
    100 (Continue) counts where the case waits for it: no server has to send it when the content comes along.
    """
    own = [step for step in steps if step.connection == connection.name]
    received, end = bytes(connection.received[:_SHOWN]), connection.end
    if connection.name not in judged or any(step.close or step.reset for step in own):
        received, end = received[: connection.awaited], "open"
    if _EXPECTS.search(connection.sent) and not any(b"100" in (step.await_bytes or b"") for step in own):
        received = _CONTINUE.sub(b"", received)
    return received, end


def normalised(data: bytes, port: int, root: str, base: str, asked: Asked = Asked()) -> bytes:
    """The octets without what differs from run to run."""
    data = unframed(data, asked)
    data = _LENGTH.sub(lambda field: _length(field, port, root, base), data)
    data = _DATE.sub(rb"\g<1>{date}", _named(data, port, root, base))
    return _ETAG.sub(rb'\g<1>"{etag}"', data)


def _named(data: bytes, port: int, root: str, base: str) -> bytes:
    data = _PID.sub(rb"\g<1>{pid}", data)
    data = _CLIENT_PORT.sub(rb"\g<1>{client-port}", data)
    for path, name in ((root, b"{root}"), (base, b"{base}")):  # the root lies in the base: it goes first
        if path.strip("/"):
            data = data.replace(path.encode(), name)
    if not port:
        return data
    return re.sub(rb"(?<![\w.%-])" + str(port).encode() + rb"(?![\w%-]|\.\d)", _unless_length, data)


def _unless_length(number: re.Match[bytes]) -> bytes:
    """The port's name, unless the number is the value of a Content-Length field."""
    line = number.string[number.string.rfind(b"\n", 0, number.start()) + 1 : number.start()]
    return number[0] if line.lower().startswith(b"content-length:") else b"{port}"


def _length(field: re.Match[bytes], port: int, root: str, base: str) -> bytes:
    """The field with {length} for its value, if the body it counts holds something that varies."""
    gap = _EMPTY_LINE.search(field.string, field.end())
    if gap is None:
        return field[0]
    body = field.string[gap.end() : gap.end() + int(field[2])]
    return field[1] + b"{length}" if _named(body, port, root, base) != body else field[0]
