"""The documented differences between CPython's server and cgi-server: how an answer shows that one of them is seen.

Each name is the beginning of a line of the documents: a row of the table, or an entry of the list about rfc3875. The
answers do not always prove the cause. Then the rule asks for the most that they show.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from cgi_conform.sites.site_answer import SiteAnswer
from cgi_conform.sites.site_requests import SiteRequest

LEAKED = b"leaked-from-the-server"  # a variable of each server that servers/launch.py starts
_ENTRY = re.compile(rb'<li><a href="([^"]*)"')


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


def _listings_differ(pair: Pair, what: str, is_cause: Callable[[bytes], bool]) -> bool:
    """Returns whether the listings differ in entries whose name is a cause, and elsewhere only for a documented cause."""
    if pair.request.kind != "directory" or what != "body" or (pair.cpython.status, pair.cgi_server.status) != (200, 200):
        return False

    def differ(chosen: Callable[[bytes], bool]) -> bool:
        ours, theirs = (each.body.splitlines() for each in (pair.cpython, pair.cgi_server))
        return [line for line in ours if chosen(_listed(line))] != [line for line in theirs if chosen(_listed(line))]

    return differ(is_cause) and not differ(lambda name: name not in pair.request.lists_outward and _is_utf_8(name))


def _listed(line: bytes) -> bytes:
    """Returns the name of the entry in a line of a listing, or b"". CPython prints a surrogate for an octet."""
    found = _ENTRY.match(line)
    name = unquote_to_bytes(found[1]).removesuffix(b"/") if found else b""
    try:
        return name.decode("utf-8", "surrogatepass").encode("utf-8", "surrogateescape")
    except UnicodeError:
        return name


def _is_utf_8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _head_sends_body(pair: Pair, what: str) -> bool:
    return pair.is_script and pair.request.method == "HEAD" and what == "body" and not pair.cgi_server.body


def _cannot_be_executed(pair: Pair, what: str) -> bool:
    statuses = (pair.cpython.status, pair.cgi_server.status)
    return pair.is_script and statuses == (200, 403) and not pair.cpython.body


def _leads_out(pair: Pair, what: str) -> bool:
    """Returns whether cgi-server refuses what CPython serves, or lists it without the slash of a directory."""
    refused = pair.cgi_server.status in (403, 404) and pair.cpython.status != pair.cgi_server.status
    return (pair.request.outward and refused) or _listings_differ(pair, what, pair.request.lists_outward.__contains__)


def _environment(pair: Pair, what: str) -> bool:
    """Returns whether a script printed the server's environment, and cgi-server's answer has no other line."""
    ours, theirs = set(pair.cpython.body.splitlines()), set(pair.cgi_server.body.splitlines())
    return pair.is_script and what == "body" and LEAKED in pair.cpython.body and theirs <= ours


def _decoded_twice(pair: Pair, what: str) -> bool:
    return pair.is_script and b"%25" in pair.request.target.partition(b"?")[0]


def _not_utf_8(pair: Pair, what: str) -> bool:
    """Returns whether one server does not find such a file, or a listing has such a name."""
    missed = pair.cpython.status != pair.cgi_server.status
    return (missed and not _is_utf_8(unquote_to_bytes(pair.request.target))) or _listings_differ(pair, what, lambda name: not _is_utf_8(name))


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
