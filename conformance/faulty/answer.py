"""Responses on the wire: the status line, Date and Server, the fields, and the framing of the body."""

from __future__ import annotations

from email.utils import formatdate

from . import log, pages
from .client import Client
from .head import Request
from .settings import SOFTWARE, Site

Fields = list[tuple[bytes, bytes]]


class Answer:
    """One response. Call start(), then write() any number of times, then end()."""

    def __init__(self, client: Client, request: Request, site: Site) -> None:
        self._client = client
        self._request = request
        self._site = site
        self._kept = b""  # not sent yet, so that the head and the first bytes leave in one send
        self._left: int | None = None  # bytes of the announced length that are still missing
        self._chunked = False
        self._bodiless = False

    # rule: base/status-line-has-server-version, base/server-and-date-once, http/one-date-in-fixed-form
    # rule: http/response-has-highest-version, http/status-line-has-space-after-code, base/response-lines-end-in-crlf
    def start(
        self, status: int, reason: bytes, fields: Fields, length: int | None = None, framed: bool = True
    ) -> None:
        """Prepares the head: the status line, Server, Date, `fields` in order, and the framing. HTTP/0.9 gets no head.

        The framing is Content-Length if `length` is known, or else chunks if the client speaks HTTP/1.1 and the
        connection persists. Otherwise the body ends with the connection, and request.persists becomes False. If
        `framed` is False, the head has no framing and no blank line after it.
        The head leaves with the first write(), flush() or end(), so that head and body leave in one send.
        """
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
    # rule: injection/body-after-head-or-304
    def write(self, data: bytes) -> None:
        """Sends bytes of the body, up to the announced length. Drops them for HEAD."""
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
        """Sends the bytes that are kept."""
        if self._kept:
            kept, self._kept = self._kept, b""
            self._client.send(kept)

    def end(self) -> None:
        """Ends the body, with a last chunk if it is chunked. A body that is too short ends the connection, too."""
        if self._chunked:
            self._kept += b"0\r\n\r\n"
        if self._left and not self._bodiless:
            self._request.persists = False
        self.flush()


# rule: base/errors-are-html-pages, base/no-body-with-head-204-205-304, base/reason-phrase-is-escaped
# rule: base/head-error-has-fields-of-get, traversal/refusal-has-status-line
def refuse(
    client: Client,
    request: Request,
    site: Site,
    status: int,
    message: str | None = None,
    fields: Fields | None = None,
) -> None:
    """Sends the error page for `status`, logs it and ends the connection. `message` replaces the reason phrase."""
    message = message or pages.phrase(status)
    log.error(client, status, message)
    page = pages.error_page(status, message)
    request.persists = False
    answer = Answer(client, request, site)
    described = [(b"Connection", b"close"), (b"Content-Type", b"text/html;charset=utf-8"), *(fields or [])]
    answer.start(status, message.encode("latin-1", "replace"), described, len(page))
    answer.write(page)
    answer.end()
