"""Groups the recorded servers that answer a case alike, such as "2.7–3.13 (before 3.13.4)" and "3.13.4–".

Two servers agree on a case if they have the same status and the same first lines. A group also tells whether the rest
is identical. Two releases of one server agree only if every octet is the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os.path import commonprefix
from typing import NamedTuple

from cgi_conform.escaped import lines
from cgi_conform.judging.recordings import Recording, is_branch, short
from cgi_conform.judging.timelines import RecordedAnswer, Span, alike, answer_of, spans, without_ends

_CONTEXT = 60  # characters; a longer beginning of a line that is the same is cut to half of this


@dataclass(frozen=True)
class Agreement:
    """Servers that gave the same answer, such as "3.8–3.10, 3.12" or "3.13.4–"."""

    servers: str
    answer: RecordedAnswer
    identical: bool  # to the octet
    unlike: str = ""  # the first line that another release of the same branch does not have


class _Given(NamedTuple):
    """An answer of some releases of a server, and what the answers that count as the same have in common."""

    server: str
    span: Span
    gist: object
    unlike: str


def agreements(recordings: Iterable[Recording], case: str, profile: str) -> list[Agreement]:
    """Returns the answers to a case, equal ones folded, in the order in which servers first gave them."""
    asked = [recording for recording in recordings if recording.profile == profile and case in recording.cases]
    given = [each for recording in asked for each in _given(recording, case)]
    groups: dict[object, list[int]] = {}
    for place, each in enumerate(given):
        groups.setdefault(each.gist, []).append(place)
    found: list[Agreement] = []
    for places in groups.values():
        first, identical = given[places[0]], len({given[place].span.answer for place in places}) == 1
        found.append(Agreement(_ranges(places, given), first.span.answer, identical, first.unlike))
    return found


def _given(recording: Recording, case: str) -> Iterator[_Given]:
    """Yields a server's answers. If one differs from that of the first version only after the first lines, it counts as
    another answer.
    """
    name, first = short(recording.name), answer_of(recording.cases[case], recording.versions[0])
    for span in spans(recording.cases[case]):
        if _gist(span.answer) == _gist(first) and not alike(span.answer, first):
            yield _Given(name, span, without_ends(span.answer), _first_unlike(span.answer, first))
        else:
            yield _Given(name, span, _gist(span.answer), "")


def _gist(answer: RecordedAnswer) -> tuple[object, ...]:
    return answer.saw, *first_lines(each.octets for each in answer.received)


def _first_unlike(answer: RecordedAnswer, other: RecordedAnswer) -> str:
    """Returns the first line of an answer that the other answer lacks. Lengths do not count; a long line is cut."""
    known = _all_lines(other)
    for line in _all_lines(answer):
        if line not in known and not line.startswith("Content-Length:"):
            same = max((len(commonprefix([line, each])) for each in known), default=0)
            return line if same < _CONTEXT else "…" + line[same - _CONTEXT // 2 :]
    return ""


def _all_lines(answer: RecordedAnswer) -> list[str]:
    return [line for each in answer.received for line in lines(each.octets)]


def first_lines(received: Iterable[str]) -> list[str]:
    """Returns the first line of what came on each connection."""
    return [line for octets in received for line in lines(octets)[:1]]


def _ranges(places: list[int], given: list[_Given]) -> str:
    """Returns the servers at these places, with neighbours as a range: 0 1 2 5 -> "3.8–3.10, 3.13".

    Only branches make a range: "3.12-no-fork" and "lighttpd" stand alone.
    """
    runs: list[list[_Given]] = []
    for place in places:
        if runs and runs[-1][-1] is given[place - 1] and is_branch(given[place].server):
            runs[-1].append(given[place])
        else:
            runs.append([given[place]])
    return ", ".join(_range(run[0], run[-1]) for run in runs)


def _range(first: _Given, last: _Given) -> str:
    """Returns "3.8", "3.8–3.10", "3.13.4–", "3.8–3.13 (before 3.13.4)", "3.12-no-fork (since 3.12.13)"."""
    if not is_branch(first.server):
        bounds = {"since": first.span.since, "before": first.span.before}
        told = " ".join(f"{word} {release}" for word, release in bounds.items() if release)
        return f"{first.server} ({told})" if told else first.server
    begin = first.span.since or first.server
    end = f" (before {last.span.before})" if last.span.before else ""
    if first is not last:
        return f"{begin}–{last.server}{end}"
    return begin + (end or ("–" if first.span.since else ""))
