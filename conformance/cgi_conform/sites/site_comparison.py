"""Asks two servers the same requests, and keeps the differences.

If the answers differ, both servers are asked once more. What differs between two answers of one server varies, such as
the time that a script prints, and is no difference between the servers.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from cgi_conform.judging.compare import response_differences
from cgi_conform.sites.documented import Pair, documented
from cgi_conform.sites.site_answer import SiteAnswer
from cgi_conform.sites.site_requests import SiteRequest

# Fields that say nothing about the content, and the status line beside the status.
_LEFT_OUT = ("header.Date", "header.Server", "header.Connection", "header.Keep-Alive", "status line")
_UNNEEDED = {"absent", "{length}"}  # a right Content-Length, where the other server marks the end by closing

Ask = Callable[[SiteRequest], SiteAnswer]


@dataclass(frozen=True)
class Member:
    """A member of two answers that differs, and the documented difference that explains it, or ""."""

    what: str
    ours: str
    theirs: str
    name: str = ""

    @property
    def kind(self) -> str:
        """Returns what differs, without the number of the octet."""
        return re.sub(r" octet \d+$", "", self.what)


@dataclass
class SiteComparison:
    """The differences by request, the requests whose answers vary, and those that a limit cut on both servers."""

    asked: int = 0
    differing: list[tuple[SiteRequest, list[Member]]] = field(default_factory=list)
    varying: list[SiteRequest] = field(default_factory=list)
    cut: list[SiteRequest] = field(default_factory=list)

    def is_documented(self, members: list[Member]) -> bool:
        return all(member.name for member in members)


@dataclass(frozen=True)
class TwoServers:
    """Two running servers: how to ask each, and how to name the differences of a pair of answers."""

    first: Ask
    second: Ask
    pair: Callable[[SiteRequest, SiteAnswer, SiteAnswer], Pair | None]  # None: no documented difference applies


def compared_site(servers: TwoServers, requests: Iterable[SiteRequest], progress: Callable[[int], None]) -> SiteComparison:
    """Asks both servers each request, and returns the comparison."""
    found = SiteComparison()
    for request in requests:
        found.asked += 1
        progress(found.asked)
        ours, theirs = servers.first(request), servers.second(request)
        members = list(_members(ours, theirs))
        if not ours.is_whole and not theirs.is_whole:
            found.cut.append(request)
        if not members:
            continue
        varying = {each.kind for each in _members(ours, servers.first(request))}
        varying |= {each.kind for each in _members(theirs, servers.second(request))}
        lasting = [each for each in members if each.kind not in varying]
        if len(lasting) < len(members):
            found.varying.append(request)
        if lasting:
            found.differing.append((request, [_named(each, servers.pair(request, ours, theirs)) for each in lasting]))
    return found


def _named(member: Member, pair: Pair | None) -> Member:
    name = documented(pair, member.kind) if pair is not None else ""
    return Member(member.what, member.ours, member.theirs, name)


def _members(ours: SiteAnswer, theirs: SiteAnswer) -> Iterator[Member]:
    """Yields what differs: the status, the fields that matter, and the body."""
    if ours.status != theirs.status:
        yield Member("status", _status(ours), _status(theirs))
    if ours.response is not None and theirs.response is not None:
        cut = not (ours.is_whole and theirs.is_whole)
        for what, one, other in response_differences(ours.response, theirs.response, cut):
            if what not in _LEFT_OUT and {one, other} != _UNNEEDED:
                yield Member(what, one, other)
    if ours.end != theirs.end:
        yield Member("end", ours.end, theirs.end)


def _status(answer: SiteAnswer) -> str:
    return str(answer.status) if answer.status is not None else f"no response ({answer.end})"
