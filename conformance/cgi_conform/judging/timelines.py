"""Timelines: the answers of the releases of one branch to a case, such as one up to 3.13.3 and another since 3.13.4.

A timeline begins with the answer of the branch's first releases, under "". Each further answer stands under the first
release that gives it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from cgi_conform.judging.releases import Release, dotted, release_in
from cgi_conform.judging.results import Saw


class Came(NamedTuple):
    """The octets received on one connection, as printable text, and its end."""

    connection: str
    end: str
    octets: str


class RecordedAnswer(NamedTuple):
    """The answer of a server to a case. If it reports the server's own version, it holds Python/{version} instead."""

    saw: Saw
    received: tuple[Came, ...]


Timeline = dict[str, RecordedAnswer]  # the first release that gives the answer, or ""; in the order of the releases


class Span(NamedTuple):
    """Releases of a branch that give the same answer: those from `since` on, and before `before`; "" is no bound."""

    since: str
    before: str
    answer: RecordedAnswer

    def holds(self, release: Release) -> bool:
        """Tells whether the release is one of them."""
        return release_of(self.since) <= release and (not self.before or release < release_of(self.before))


def spans(timeline: Timeline) -> list[Span]:
    """Returns the answers of a branch in the order of its releases."""
    ends = [*list(timeline)[1:], ""]
    return [Span(since, before, answer) for (since, answer), before in zip(timeline.items(), ends)]


def answer_of(timeline: Timeline, version: str) -> RecordedAnswer:
    """Returns the answer of a version."""
    return _span_of(timeline, release_of(version)).answer


def with_answer(timeline: Timeline, version: str, answer: RecordedAnswer, others: Iterable[str]) -> Timeline:
    """Returns the timeline in which a version gives this answer, and the other recorded versions keep theirs.

    A bound that a person corrected stays, unless this answer contradicts it.
    """
    release = release_of(version)
    span = _span_of(timeline, release)
    if alike(span.answer, answer):
        return timeline
    recorded = [other for other in map(release_of, others) if span.holds(other)]
    later = [other for other in recorded if other > release]
    changed = {**timeline, dotted(release) if len(later) < len(recorded) else span.since: answer}
    if later:
        changed[dotted(min(later))] = span.answer
    return _joined(changed)


def with_first_answer(timeline: Timeline, version: str, answer: RecordedAnswer) -> Timeline:
    """Returns the timeline with this answer for the version, and for all releases that answered as it did."""
    old = answer_of(timeline, version)
    return _joined({since: answer if each == old else each for since, each in timeline.items()})


def alike(one: RecordedAnswer, other: RecordedAnswer) -> bool:
    """Tells whether two answers are the same. The ends of connections do not count: they may depend on the load."""
    return without_ends(one) == without_ends(other)


def without_ends(answer: RecordedAnswer) -> tuple[object, ...]:
    """Returns the status and the received octets, without the ends of the connections."""
    return answer.saw, *((each.connection, each.octets) for each in answer.received)


def release_of(version: str) -> Release:
    """Returns the release that a version names. A version without a release is older than all others."""
    return release_in(version) or (0, 0, 0, 0)


def _span_of(timeline: Timeline, release: Release) -> Span:
    return next(span for span in spans(timeline) if span.holds(release))


def _joined(timeline: Timeline) -> Timeline:
    """Returns the timeline in order, without the bounds at which the answer stays the same."""
    joined: Timeline = {}
    for since in sorted(timeline, key=release_of):
        if not joined or not alike(list(joined.values())[-1], timeline[since]):
            joined[since] = timeline[since]
    return joined
