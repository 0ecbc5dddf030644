"""Script output as CGI/1.1 defines it (RFC 3875 6): the header block decides the response, and the content follows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import answer, header_block, log
from .client import Client
from .head import Request
from .header_block import Fields
from .route import LocalRedirect
from .settings import Site

STATUS = re.compile(rb"([2-5][0-9][0-9])(?: (.*))?")
OF_CGI = (b"content-type", b"location", b"status")
OF_THE_SERVER = {b"status", b"server", b"date"}
BAD_GATEWAY = 502
GATEWAY_TIMEOUT = 504


@dataclass
class Response:
    """The response that a header block asks for, unless it asks for a local redirect."""

    status: int
    reason: bytes
    fields: Fields


# rule: cgi/header-order-is-free, cgi/no-status-means-200, cgi/header-needs-cgi-field-none-twice
# rule: cgi/empty-cgi-field-counts-as-absent, cgi/malformed-status-is-an-error, cgi/absolute-location-is-302
# rule: cgi/redirect-keeps-status-and-document, cgi/local-redirect-is-followed, cgi/script-content-type-has-no-default
# rule: cgi/script-content-type-is-unmodified, cgi/status-code-reaches-client, cgi/reason-phrase-may-be-missing
# rule: injection/made-up-text-html
def response_of(fields: Fields) -> Response | LocalRedirect | None:
    """Returns the response or the local redirect, or None if the header block is invalid."""
    fields = [(name, value) for name, value in fields if value or name.lower() not in (b"location", b"content-type")]
    if not any(_count(fields, name) for name in OF_CGI):
        return None
    if any(_count(fields, name) > 1 for name in OF_CGI):
        return None
    if not all(value.isdigit() and len(value) < 19 for name, value in fields if name.lower() == b"content-length"):
        return None
    status, location = _value(fields, b"status"), _value(fields, b"location")
    passed = header_block.without(fields, OF_THE_SERVER | header_block.OF_THE_CONNECTION)
    if status is not None:
        said = STATUS.fullmatch(status)
        return Response(int(said[1]), said[2] or b"", passed) if said else None
    if location is None:
        return Response(200, b"OK", passed)
    if _is_local(location):
        return LocalRedirect(location)
    return Response(302, b"Found", passed)


def _is_local(location: bytes) -> bool:
    return location.startswith(b"/") and not location.startswith(b"//")


def _count(fields: Fields, name: bytes) -> int:
    return sum(given.lower() == name for given, _ in fields)


def _value(fields: Fields, name: bytes) -> bytes | None:
    return next((value for given, value in fields if given.lower() == name), None)


# rule: cgi/response-is-well-formed, cgi/server-converts-protocol
class Document:
    """Turns the output of one script into a response."""

    def __init__(self, client: Client, request: Request, site: Site, script: bytes) -> None:
        self._client, self._request, self._site, self._script = client, request, site, script
        self._answer = answer.Answer(client, request, site)
        self._begun = b""  # the part of the header block that has arrived
        self._decided = False
        self._response: Response | LocalRedirect | None = None

    @property
    def broken(self) -> bool:
        """Returns whether the output is invalid, whatever the script still writes."""
        return self._decided and self._response is None

    # rule: cgi/no-fixed-buffer-cuts-output
    def feed(self, output: bytes) -> None:
        if self._decided:
            self._content(output)
            return
        self._begun += output
        divided = header_block.divide(self._begun)
        if divided:
            self._decide(*divided)
        elif len(self._begun) > header_block.LIMIT:
            self._decided = True

    # rule: cgi/output-becomes-valid-response, log/refused-output-is-shown, cgi/silent-script-may-time-out
    def finish(self, complete: bool) -> LocalRedirect | None:
        """Ends the response. `complete` is False if the server ended the script."""
        if isinstance(self._response, LocalRedirect):
            return self._response
        if self._response is None:
            log.output(self._client, self._script, self._begun)
            status = BAD_GATEWAY if complete or self._decided else GATEWAY_TIMEOUT
            answer.refuse(self._client, self._request, self._site, status)
        elif complete:
            self._answer.end()
        else:
            self._request.persists = False  # without a last chunk the client sees that content is missing
        return None

    # rule: cgi/redirect-document-is-valid-http
    def _decide(self, block: bytes, content: bytes) -> None:
        self._decided = True
        fields = header_block.fields_of(block)
        self._response = response_of(fields) if fields else None
        if isinstance(self._response, Response):
            self._answer.start(self._response.status, self._response.reason, self._response.fields)
            self._content(content)
            self._answer.flush()

    # rule: cgi/script-body-is-unmodified
    def _content(self, content: bytes) -> None:
        if isinstance(self._response, Response):  # a redirect and an invalid header block send no content
            content = content if self._response.status != 205 else b""
            self._answer.write(content)
