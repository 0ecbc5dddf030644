"""Judges the octets that a server sent on one connection, without knowledge of the right answer to a wild request.

Every answer must be a well-formed response with a status of the list. A 200 must hold a file that the server may show, a
listing, or what a script prints. No octet of a file outside the root and no source of a script may arrive.
"""

import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

from cgi_conform.http.request_methods import request_methods
from cgi_conform.http.response import Parsed, Response, parse
from grammar import Talk
from tree import SECRET, SHOWN, SOURCE

# On a machine that works, the server never answers 502, 503 or 504 to these requests, and never waits until 408.
STATUSES = {200, 301, 302, 304, 400, 403, 404, 413, 414, 421, 431, 501, 505}
_FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ELSEWHERE = re.compile(rb"[\\/]{2}|[^/?#]*:")  # locations that name a host or a scheme
_EMPTY = re.compile(rb"(?:[ \t\v\f\r]*\n){5}|\s*\Z")
_PAGES = (b'<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Directory listing for ', b"echo ")
_ERROR = b'<!DOCTYPE HTML>\n<html lang="en">\n    <head>\n        <meta charset="utf-8">\n        <title>Error response'
# A request of HTTP/0.9, and how the responses to it begin: they have no head.
_SIMPLE = re.compile(rb"GET[ \t\v\f]+[^ \t\v\f\r\n]+(?:[ \t\v\f]+HTTP/0\.9)?[ \t\v\f\r]*$", re.MULTILINE)
_HEADLESS = (*_PAGES, b"Content-Type: text/plain\n\necho ", b"Location: ", _ERROR)


def problem(talk: Talk, received: bytes, root: Path) -> str:
    """Returns what is wrong with the answer, or ""."""
    if SECRET in received:
        return "it holds the octets of a file outside the root"
    if SOURCE in received:
        return "it holds the source of a script"
    if bytes(root) in received:
        return "it names the document root"
    if talk.end in ("leave", "reset"):
        return ""
    parsed = parse(received, talk.methods if talk.bodies else request_methods(talk.sent), ended=True)
    # The script "goto" prints any octets as a location, and may lead to itself.
    may_be_bad = b"goto" in unquote_to_bytes(talk.sent)
    found = next(filter(None, (_of_response(response, may_be_bad) for response in parsed.responses)), "")
    return found or (_of_good(talk, parsed) if talk.bodies else _of_wild(talk, parsed))


def _of_good(talk: Talk, parsed: Parsed) -> str:
    statuses = [response.status for response in parsed.responses]
    if statuses != [200] * len(talk.methods) or parsed.rest:
        return f"good requests got the statuses {statuses} and {len(parsed.rest)} octets more"
    for response, content in zip(parsed.responses, talk.bodies, strict=True):
        if response.body != content:
            return f"the content of a good request is wrong: {response.body[:80]!r}"
    return ""


def _of_wild(talk: Talk, parsed: Parsed) -> str:
    # A response without a head may follow one to HEAD, which has no body. A refusal of HEAD may have one, because the
    # server may not know the method of a malformed request.
    rest = b"".join(response.body for response in parsed.responses if response.framing == "none") + parsed.rest
    is_simple = _SIMPLE.search(talk.sent) is not None
    is_refusal = parsed.responses and parsed.responses[-1].status >= 400 and rest.startswith(_ERROR)
    if rest and not is_refusal and not (is_simple and (rest in SHOWN or rest.startswith(_HEADLESS))):
        return f"octets that are no response: {rest[:80]!r}"
    if len(parsed.responses) > len(talk.methods) + talk.surplus:
        return f"{len(parsed.responses)} responses to {len(talk.methods)} requests"
    if talk.ambiguous is not None and any(response.status < 400 for response in parsed.responses[talk.ambiguous :]):
        return "the server accepts a request with both a length and a coding"
    # A redirect without a head is empty.
    if not parsed.responses and not rest and not is_simple and not is_empty(talk.sent):
        return "the server closed the connection without a byte"
    return ""


def is_empty(sent: bytes) -> bool:
    """Returns whether the server may close the connection without a byte: the client sent empty lines only, or five."""
    return _EMPTY.match(sent) is not None


def _of_response(response: Response, may_be_bad: bool) -> str:
    if response.status not in STATUSES and not (may_be_bad and response.status in (500, 502)):
        return f"status {response.status}"
    if response.lack:
        return f"the response lacks {response.lack}"
    if response.stray or any(not _FIELD.fullmatch(name) for name, _ in response.fields):
        return f"a line of the head is no field: {response.stray[:1]!r}"
    texts = [value for name, value in response.fields if not (may_be_bad and name == b"Location")]
    if re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", response.reason + b"".join(texts)):
        return "a control character in the head"
    if len(response.values("Date")) != 1 or len(response.values("Server")) != 1:
        return "not one Date and one Server"
    if response.status == 301 and [_ELSEWHERE.match(place) for place in response.values("Location")] != [None]:
        return f"a redirect to another host: {response.values('Location')}"
    body = b"" if response.framing == "none" else response.body
    if response.status == 200 and body and body not in SHOWN and not body.startswith(_PAGES):
        return f"content that the server may not show: {body[:80]!r}"
    return ""
