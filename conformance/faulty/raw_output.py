"""Passes script output to the client unchanged: in profile cgihttpserver, and from nph- scripts.

The server sends the status line, "200 Script output follows", before the script prints anything. The output is the
rest of the head and the content, whatever it holds. A connection that is kept (HTTP/1.1) needs an end of each response,
so there the server reads the header section.
"""

from __future__ import annotations

from . import answer, header_block
from .client import Client
from .head import Request
from .settings import Site

FOLLOWS = b"Script output follows"


# rule: cgi/nph-may-be-supported, cgi/nph-output-is-unmodified, cgi/nph-output-is-not-held-back
class Nph:
    """Sends the output unchanged. The end of the connection ends the response."""

    broken = False  # any output is a response

    def __init__(self, client: Client, request: Request) -> None:
        self._client = client
        request.persists = False

    def feed(self, output: bytes) -> None:
        self._client.send(output)

    def finish(self, complete: bool) -> None:
        return None


# rule: seed/script-response-is-200, seed/status-line-before-script-output, seed/script-cannot-redirect
# rule: seed/script-status-has-no-effect
class RawOutput:
    """Sends the server's status line, and then the output of the script."""

    broken = False  # any output is a response

    def __init__(self, client: Client, request: Request, site: Site) -> None:
        self._client = client
        self._header_only = request.method == b"HEAD"
        self._section: bytes | None = b""  # for HEAD: the part of the section that has arrived, None after its end
        request.persists = False
        self._answer = answer.Answer(client, request, site)
        self._begin(200)

    def feed(self, output: bytes) -> None:
        seen = self._of_section(output) if self._header_only else output
        self._client.send(seen)

    def finish(self, complete: bool) -> None:
        return None

    def _begin(self, status: int) -> None:
        self._answer.start(status, FOLLOWS, [], framed=False)
        self._answer.flush()

    def _of_section(self, output: bytes) -> bytes:
        """Returns the part of the output that belongs to the header section."""
        if self._section is None:
            return b""
        before, self._section = len(self._section), self._section + output
        divided = header_block.divide(self._section)
        if divided is None:
            return output
        self._section = None
        return divided[0][before:]


# rule: base/kept-connection-delimits-responses
class DelimitedOutput:
    """Does the same for HTTP/1.1: removes the fields of the connection from the section, and delimits the content."""

    broken = False  # any output is a response

    def __init__(self, client: Client, request: Request, site: Site) -> None:
        self._client = client
        self._request = request
        self._answer = answer.Answer(client, request, site)
        self._section = b""  # the bytes before the empty line
        self._started = False

    def feed(self, output: bytes) -> None:
        if self._started:
            self._answer.write(output)
            return
        self._section += output
        divided = header_block.divide(self._section)
        if divided:
            self._start(*divided)
        elif len(self._section) > header_block.LIMIT:
            self._start(self._section, b"")

    def finish(self, complete: bool) -> None:
        if not self._started:
            self._start(self._section, b"")
        if complete:
            self._answer.end()
        else:
            self._request.persists = False  # without a last chunk the client sees that content is missing

    def _start(self, section: bytes, content: bytes) -> None:
        self._started = True
        fields = header_block.fields_of(section)
        if fields is None:  # the section is invalid: send it unchanged, and end the connection after it
            self._request.persists = False
            fields, content = [], section + content
        self._answer.start(200, FOLLOWS, header_block.without(fields, header_block.OF_THE_CONNECTION))
        self._answer.write(content)
        self._answer.flush()
