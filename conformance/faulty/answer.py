"""Answers on the wire: status line, Date and Server, fields, the framing of the body."""

from __future__ import annotations

from email.utils import formatdate

from . import log, pages
from .client import Client
from .head import Request
from .settings import SOFTWARE, Site

Fields = list[tuple[bytes, bytes]]


class Answer:
    """One response.  Use: start(), write() any number of times, end()."""

    def __init__(self, client: Client, request: Request, site: Site) -> None:
        self._client = client
        self._request = request
        self._site = site
        self._kept = b""  # not yet sent, so that head and first octets leave in one send
        self._left: int | None = None  # octets of the announced length still to come
        self._chunked = False
        self._bodiless = False

    def start(
        self, status: int, reason: bytes, fields: Fields, length: int | None = None, framed: bool = True
    ) -> None:
        """Takes status line, Server, Date, `fields` (in order) and the framing: Content-Length if `length` is known,
        else chunked where the client speaks HTTP/1.1 and the connection persists, else the body ends with the
        connection (request.persists becomes False).  Nothing for HTTP/0.9.  `framed` False: status line, Server, Date
        and `fields` go out as they are, no blank line is added and nothing is done about framing.
        The head is kept back until the first write() or end() or flush(), so that both leave in one send."""
        log.request_line(self._client, self._request.line, status)
        self._request.answered = True
        names = {name.lower() for name, _ in fields}
        self._left = length
        self._bodiless = self._request.method == b"HEAD" or status in (204, 304)
        if framed:
            fields = fields + self._framing(status, names, length)
        if self._request.version == (0, 9):
            return
        version = b"HTTP/1.1" if self._site.settings.http11 else b"HTTP/1.0"
        lines = [b"%s %d %s" % (version, status, reason)]
        if b"server" not in names:
            lines.append(b"Server: " + SOFTWARE)
        if b"date" not in names:
            lines.append(b"Date: " + formatdate(usegmt=True).encode())
        lines += [name + b": " + value for name, value in fields]
        self._kept = b"\r\n".join(lines) + b"\r\n"
        if framed:
            self._kept += b"\r\n"

    # rule: base/kept-connection-delimits-responses, http/response-is-delimited, http/no-1xx-or-chunks-to-http-1-0
    # rule: http/close-is-announced
    def _framing(self, status: int, names: set[bytes], length: int | None) -> Fields:
        request = self._request
        added: Fields = []
        if length is not None and b"content-length" not in names and status not in (204, 304):
            added.append((b"Content-Length", b"%d" % length))
        if length is None and not self._bodiless:
            self._chunked = request.persists and request.version == (1, 1)
            request.persists = self._chunked
        if self._chunked:
            added.append((b"Transfer-Encoding", b"chunked"))
        if b"connection" in names or not self._site.settings.http11:
            return added
        if not request.persists:
            added.append((b"Connection", b"close"))
        elif request.version == (1, 0):
            added.append((b"Connection", b"keep-alive"))
        return added

    # rule: http/head-has-no-content, http/no-body-with-204-or-304, cgi/head-discards-script-body
    def write(self, data: bytes) -> None:
        """Body octets: dropped for HEAD, cut at the announced length."""
        if self._bodiless:
            return
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        if self._chunked and data:
            data = b"%x\r\n%s\r\n" % (len(data), data)
        self._kept += data
        self.flush()

    def flush(self) -> None:
        """Sends what is kept back."""
        if self._kept:
            kept, self._kept = self._kept, b""
            self._client.send(kept)

    def end(self) -> None:
        """The last chunk, or nothing; a body shorter than announced ends the connection (persists = False)."""
        if self._chunked:
            self._kept += b"0\r\n\r\n"
        if self._left and not self._bodiless:
            self._request.persists = False
        self.flush()


# rule: base/errors-are-html-pages, base/no-body-with-head-204-205-304, base/reason-phrase-is-escaped
def refuse(
    client: Client,
    request: Request,
    site: Site,
    status: int,
    message: str | None = None,
    fields: Fields | None = None,
) -> None:
    """Sends the error page for `status` (the reason phrase is `message` if given), logs it, ends the connection."""
    message = message or pages.phrase(status)
    log.error(client, status, message)
    page = pages.error_page(status, message)
    request.persists = False
    answer = Answer(client, request, site)
    described = [(b"Connection", b"close"), (b"Content-Type", b"text/html;charset=utf-8"), *(fields or [])]
    answer.start(status, message.encode("latin-1", "replace"), described, len(page))
    answer.write(page)
    answer.end()
