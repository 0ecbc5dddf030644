"""Output that goes to the client as the script writes it: in profile cgihttpserver, and from nph- scripts.

The status line, "200 Script output follows", is sent before the script has said anything; what the script writes then
makes the rest of the head and the content, whatever it is.  Only where the connection is to be used on (HTTP/1.1) must
the header section be understood, since the answer needs an end of its own.
"""

from __future__ import annotations

from . import answer, header_block
from .client import Client
from .head import Request
from .settings import Site

FOLLOWS = b"Script output follows"


# rule: cgi/nph-may-be-supported, cgi/nph-output-is-unmodified, cgi/nph-output-is-not-held-back
class Nph:
    """Not an octet is added, removed or moved; the end of the connection ends the answer."""

    broken = False  # whatever the script writes is its answer

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
    """The server's status line, and the script's output behind it."""

    broken = False  # whatever the script writes is its answer

    def __init__(self, client: Client, request: Request, site: Site) -> None:
        self._client = client
        self._header_only = request.method == b"HEAD"
        self._section: bytes | None = b""  # of HEAD: what came of the header section, None after its end
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
        """What of the output belongs to the header section."""
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
    """The same for HTTP/1.1: the section without the fields that are the server's business, the content delimited."""

    broken = False  # whatever the script writes is its answer

    def __init__(self, client: Client, request: Request, site: Site) -> None:
        self._client = client
        self._request = request
        self._answer = answer.Answer(client, request, site)
        self._section = b""  # what came before the empty line
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
            self._request.persists = False  # and no last chunk: the client sees that something is missing

    def _start(self, section: bytes, content: bytes) -> None:
        self._started = True
        fields = header_block.fields_of(section)
        if fields is None:  # nothing that could be delimited: as it is, and the end of the connection behind it
            self._request.persists = False
            fields, content = [], section + content
        self._answer.start(200, FOLLOWS, header_block.without(fields, header_block.OF_THE_CONNECTION))
        self._answer.write(content)
        self._answer.flush()
