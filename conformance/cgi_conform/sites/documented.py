"""The documented differences between CPython's server and cgi-server: how an answer shows that one of them is seen.

Each name is the beginning of a line of the documents: a row of the table, or an entry of the list about rfc3875. The
answers do not always prove the cause. Then the rule asks for the most that they show.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from cgi_conform.sites.site_answer import SiteAnswer
from cgi_conform.sites.site_requests import SiteRequest

LEAKED = b"leaked-from-the-server"  # a variable of each server that servers/launch.py starts
_NOT_UTF_8 = re.compile(rb"%ED%[AB][0-9A-F]%[89AB][0-9A-F]", re.IGNORECASE)


@dataclass(frozen=True)
class Pair:
    """Both answers to a request, and the profile of cgi-server."""

    request: SiteRequest
    cpython: SiteAnswer
    cgi_server: SiteAnswer
    profile: str

    @property
    def is_script(self) -> bool:
        return self.request.kind == "script"


@dataclass(frozen=True)
class DocumentedDifference:
    """A difference: its name in the documents, and whether a differing member of the answers comes from it."""

    name: str
    explains: Callable[[Pair, str], bool]


def _head_sends_body(pair: Pair, what: str) -> bool:
    return pair.is_script and pair.request.method == "HEAD" and what == "body" and not pair.cgi_server.body


def _cannot_be_executed(pair: Pair, what: str) -> bool:
    statuses = (pair.cpython.status, pair.cgi_server.status)
    return pair.is_script and statuses == (200, 403) and not pair.cpython.body


def _leads_out(pair: Pair, what: str) -> bool:
    """Returns whether cgi-server refuses what CPython serves, or lists it without the slash of a directory."""
    if not pair.request.outward:
        return False
    refused = pair.cgi_server.status in (403, 404) and pair.cpython.status != pair.cgi_server.status
    return refused or (pair.request.kind == "directory" and what == "body" and pair.cpython.status == pair.cgi_server.status == 200)


def _environment(pair: Pair, what: str) -> bool:
    """Returns whether a script printed the server's environment, and cgi-server's answer has no other line."""
    ours, theirs = set(pair.cpython.body.splitlines()), set(pair.cgi_server.body.splitlines())
    return pair.is_script and what == "body" and LEAKED in pair.cpython.body and theirs <= ours


def _decoded_twice(pair: Pair, what: str) -> bool:
    return pair.is_script and b"%25" in pair.request.target.partition(b"?")[0]


def _not_utf_8(pair: Pair, what: str) -> bool:
    """Returns whether the request names such a file, or a listing does."""
    try:
        re.sub(rb"%(..)", lambda found: bytes.fromhex(found[1].decode()), pair.request.target).decode()
    except UnicodeDecodeError:
        return True
    return pair.request.kind == "directory" and what == "body" and _NOT_UTF_8.search(pair.cpython.body) is not None


def _status_and_location(pair: Pair, what: str) -> bool:
    if not pair.is_script or pair.profile != "rfc3875" or pair.cpython.response is None:
        return False
    named = any(pair.cpython.response.values(name) for name in ("Status", "Location"))
    return named or pair.cgi_server.status == 500


# The first one that explains a difference is named.
DOCUMENTED = (
    DocumentedDifference("symbolic links lead out of the root", _leads_out),
    DocumentedDifference("a script that cannot be executed: 200 and nothing", _cannot_be_executed),
    DocumentedDifference("the path of a script is decoded twice", _decoded_twice),
    DocumentedDifference("a name that is not UTF-8", _not_utf_8),
    DocumentedDifference("**`Status:` and `Location:`** make the response", _status_and_location),
    DocumentedDifference("HEAD sends the content that a script prints", _head_sends_body),
    DocumentedDifference("the whole environment of the server reaches scripts", _environment),
)


def documented(pair: Pair, what: str) -> str:
    """Returns the name of the documented difference that explains a differing member, or ""."""
    return next((each.name for each in DOCUMENTED if each.explains(pair, what)), "")
