"""The comparison of two servers on a folder as text: first the differences that no document names."""

from collections.abc import Iterator
from dataclasses import dataclass

from cgi_conform.cases.reproduce import printf_format
from cgi_conform.escaped import clipped
from cgi_conform.numbers import counted
from cgi_conform.sites.site_comparison import Member, SiteComparison
from cgi_conform.sites.site_requests import SiteRequest

_WHAT = 22
_ROOM = 46


@dataclass(frozen=True)
class SiteSide:
    """A server: its name, the command that starts it on this folder, and the port in this command."""

    name: str
    start: str
    port: int


def site_text(found: SiteComparison, first: SiteSide, second: SiteSide) -> Iterator[str]:
    """Yields the lines."""
    ordered = sorted(found.differing, key=lambda each: found.is_documented(each[1]))
    if ordered:
        yield _row("", first.name, second.name)
    for request, members in ordered:
        yield from _difference(request, members, first, second)
    if ordered:
        yield "To repeat a line, start both servers:"
        yield f"  {first.start}"
        yield f"  {second.start}"
        yield ""
    if found.varying:
        yield f"vary from one request to the next, so part of the answer was not compared: {_listed(found.varying)}"
    if found.cut:
        yield f"reached --timeout or --max-size on both servers, so only the beginning was compared: {_listed(found.cut)}"
    yield _total(found)


def _difference(request: SiteRequest, members: list[Member], first: SiteSide, second: SiteSide) -> Iterator[str]:
    yield clipped(str(request), 120)
    for member in members:
        yield _row(member.what, member.ours, member.theirs)
    for name in dict.fromkeys(member.name for member in members if member.name):
        yield f"  documented: {name}"
    line = f"printf '{printf_format(request.octets)}' | nc 127.0.0.1 {first.port}"
    yield f"  again: {line}    # or {second.port}"
    yield ""


def _row(what: str, ours: str, theirs: str) -> str:
    told = (what.ljust(_WHAT), clipped(ours, _ROOM - 1).ljust(_ROOM), clipped(theirs, _ROOM - 1))
    return f"  {' '.join(told)}".rstrip()


def _listed(requests: list[SiteRequest], most: int = 10) -> str:
    more = f" and {len(requests) - most} more" if len(requests) > most else ""
    return ", ".join(map(str, requests[:most])) + more


def _total(found: SiteComparison) -> str:
    explained = sum(found.is_documented(members) for _, members in found.differing)
    other = len(found.differing) - explained
    same = found.asked - len(found.differing)
    told = f"{counted(found.asked, 'request')}: {same} get{'s' * (same == 1)} the same answer, {other} another"
    return f"{told}, {explained} another for a documented reason"
