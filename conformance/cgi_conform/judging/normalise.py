"""Replaces what differs from run to run in received octets, so that two runs of a server give identical results.

    {date}           the value of a Date field, the time in a listing of webfsd, and any other date of the day of the run
    {nonce}          the nonce of a WWW-Authenticate field
    {etag}           the value of an ETag field, which may depend on the inode
    {pid}            the number after "pid="
    {client-port}    the number of REMOTE_PORT
    {root} {base} {port}    the paths and the port of this run
    {length}         a Content-Length of a body that contains one of these
    {framing}        framing that depends on time (http/framing.py)

and in the lines of a log, as CPython, cgi-server, nginx, Apache, lighttpd and Go write them:

    {date}           the time of a line
    {pid} {number}   the process, and the number of a connection or its port
    {files}          the folder for the files of this server

The methods of an Allow field are sorted, because their order may vary. A number that equals the port stays if it is a part of a longer word or number.
"""

import re
import time
from collections.abc import Collection, Sequence
from email.utils import parsedate_to_datetime

from cgi_conform.cases.case import Step
from cgi_conform.http.connection import Connection
from cgi_conform.http.framing import Asked, unframed

_DATE = re.compile(rb"^(Date:[ \t]*)[^\r\n]+", re.IGNORECASE | re.MULTILINE)
_LISTED = re.compile(rb"\b\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d GMT\b")
_NONCE = re.compile(rb'(\bnonce=")[^"\r\n]+')
_PID = re.compile(rb"\b(pid=)[0-9]+")
_ETAG = re.compile(rb'^(ETag:[ \t]*(?:W/)?)(?:"[^"\r\n]*"|[0-9a-f]+(?:-[0-9a-f]+){2})', re.IGNORECASE | re.MULTILINE)
_HTTP_DATE = re.compile(rb"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\b")
_ALLOW = re.compile(rb"^(Allow:[ \t]*)([A-Z]+(?:[ \t]*,[ \t]*[A-Z]+)+)(?=[ \t]*\r?$)", re.IGNORECASE | re.MULTILINE)
# Merecat prints some ports as negative numbers.
_CLIENT_PORT = re.compile(rb'(REMOTE_PORT(?:": ?"|=))-?[0-9]+')
_LENGTH = re.compile(rb"^(Content-Length:[ \t]*)([0-9]{1,15})(?=[ \t]*\r?$)", re.IGNORECASE | re.MULTILINE)
_STAMPS = (
    (re.compile(rb"\[\d\d/\w{3}/\d{4}[: ]\d\d:\d\d:\d\d(?: [+-]\d{4})?\]"), rb"[{date}]"),
    (re.compile(rb"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d\.\d+ \d{4}\]"), rb"[{date}]"),
    (re.compile(rb"^\d{4}[/-]\d\d[/-]\d\d \d\d:\d\d:\d\d(?=:? [\[(]| cgi: )", re.MULTILINE), rb"{date}"),
    (re.compile(rb"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]"), rb"[{date}]"),
    (re.compile(rb"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\]"), rb"[{date}]"),
    (re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} ", re.MULTILINE), rb"{date} "),
    (re.compile(rb"\[pid: \d+\|app: (-?\d+)\|req: -?\d+/\d+\]"), rb"[pid: {pid}|app: \g<1>|req: {number}]"),
    (re.compile(rb"( vars in )\d+( bytes\} )"), rb"\g<1>{number}\g<2>"),
    (re.compile(rb"( bytes in )\d+( msecs )"), rb"\g<1>{number}\g<2>"),
    (re.compile(rb"( client_port: )\d+"), rb"\g<1>{number}"),
    (re.compile(rb"\[pid \d+(:tid \d+)?\]"), rb"[pid {pid}]"),
    (re.compile(rb"(\] )\d+#\d+: \*\d+ "), rb"\g<1>{pid}: *{number} "),
    (re.compile(rb"(\[client [\d.]+:)\d+\]"), rb"\g<1>{number}]"),
    (re.compile(rb"/[^\s\"]*/cgi-conform-log-\w+/files\b"), rb"{files}"),
)
_SLASHES = (b"&#47;", b"&#x2F;", b"&#x2f;", b"%2F", b"%2f")  # the slash of a path in a page or in a target
_SHOWN = 1 << 16  # octets: more than any report shows; there may be many megabytes
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_EXPECTS = re.compile(rb" HTTP/1\.1\r?\n(?:[^\r\n]+\r?\n)*?Expect[ \t]*:", re.IGNORECASE)
_CONTINUE = re.compile(rb"^HTTP/1\.1 100(?: [^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n", re.MULTILINE)


def lasting(connection: Connection, steps: Sequence[Step], judged: Collection[str]) -> tuple[bytes, str]:
    """Returns the octets received on a connection, and its end, without what depends on timing.

    If the client ends the connection, or the case does not judge it, this is the part that the case has waited for.
    A reset is a close here: timing decides whether octets of the client arrive after the server has closed.
    A response 100 (Continue) stays only if the case waits for it, because a server need not send it when the content
    arrives with the head.
    """
    own = [step for step in steps if step.connection == connection.name]
    received, end = bytes(connection.received[:_SHOWN]), "closed" if connection.end == "reset" else connection.end
    if connection.name not in judged or any(step.close or step.reset for step in own):
        received, end = received[: connection.awaited], "open"
    if _EXPECTS.search(connection.sent) and not any(_awaits_continue(step.await_bytes or b"") for step in own):
        received = _CONTINUE.sub(b"", received)
    return received, end


def _awaits_continue(text: bytes) -> bool:
    """Returns whether a step that waits for the text waits for 100 (Continue), or for any status line."""
    return b"100" in text or text.startswith(b"HTTP/")


def normalised(data: bytes, port: int, root: str, base: str, asked: Asked = Asked()) -> bytes:
    """Returns the octets with the names above for what differs from run to run."""
    data = unframed(data, asked)
    data = _LENGTH.sub(lambda field: _length(field, port, root, base), data)
    data = _DATE.sub(rb"\g<1>{date}", _named(data, port, root, base))
    data = _ALLOW.sub(_sorted_methods, data)
    data = _HTTP_DATE.sub(_date, data)
    return _ETAG.sub(rb'\g<1>"{etag}"', data)


def _date(text: re.Match[bytes]) -> bytes:
    """Returns {date} for a date of the last or next 24 hours, else the date itself."""
    try:
        when = parsedate_to_datetime(text[0].decode()).timestamp()
    except (ValueError, OverflowError):
        return text[0]
    return b"{date}" if abs(time.time() - when) < 86400 else text[0]


def _sorted_methods(field: re.Match[bytes]) -> bytes:
    return field[1] + b", ".join(sorted(re.findall(rb"[A-Za-z]+", field[2])))


def without_stamps(data: bytes) -> bytes:
    """Returns lines of a log with names for what differs from run to run."""
    for pattern, name in _STAMPS:
        data = pattern.sub(name, data)
    return data


def _named(data: bytes, port: int, root: str, base: str) -> bytes:
    data = _NONCE.sub(rb"\g<1>{nonce}", _LISTED.sub(b"{date}", data))
    data = _PID.sub(rb"\g<1>{pid}", data)
    data = _CLIENT_PORT.sub(rb"\g<1>{client-port}", data)
    for path, name in ((root, b"{root}"), (base, b"{base}")):  # the root first, because its path begins with the base
        if path.strip("/"):
            for slash in (b"/", *_SLASHES):
                written = path.encode().replace(b"/", slash)
                data = data.replace(written, name).replace(re.escape(written), name)
    if not port:
        return data
    return re.sub(rb"(?<![\w.%-])" + str(port).encode() + rb"(?![\w%-]|\.\d)", _unless_length, data)


def _unless_length(number: re.Match[bytes]) -> bytes:
    """Returns {port}, or the number itself in a Content-Length field."""
    line = number.string[number.string.rfind(b"\n", 0, number.start()) + 1 : number.start()]
    return number[0] if line.lower().startswith(b"content-length:") else b"{port}"


def _length(field: re.Match[bytes], port: int, root: str, base: str) -> bytes:
    """Returns the field with {length} as its value if its body contains something that differs from run to run."""
    gap = _EMPTY_LINE.search(field.string, field.end())
    if gap is None:
        return field[0]
    body = field.string[gap.end() : gap.end() + int(field[2])]
    return field[1] + b"{length}" if _named(body, port, root, base) != body else field[0]
