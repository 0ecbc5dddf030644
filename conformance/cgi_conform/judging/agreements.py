"""Which recorded servers answer a case alike: "2.7–3.13 (before 3.13.4)", "3.13.4–".

Two servers agree on a case when they saw the same and answered with the same first lines; whether the rest is the
same too, but for the version they report, is said beside it. Of two releases of one server every octet counts.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from os.path import commonprefix

from cgi_conform.escaped import lines
from cgi_conform.judging.recordings import Recorded, Recording, answers_by_release, octets, same_version
from cgi_conform.judging.releases import dotted
from cgi_conform.judging.results import Server

_CONTEXT = 60  # characters: as much of a line's beginning is shown though it is the same


@dataclass(frozen=True)
class Agreement:
    """Servers that gave the same answer, such as "3.8–3.10, 3.12" or "3.13.4–"."""

    servers: str
    answer: Recorded
    identical: bool  # to the octet, versions aside
    unlike: str = ""  # the first line that another release of the same branch does not have


@dataclass(frozen=True)
class _Span:
    """The releases of one server that gave the same answer, and how a list names them."""

    answer: Recorded
    gist: str
    alone: str  # "3.13", "3.13 (before 3.13.4)", "3.13.4–"
    first: str  # of a range: "3.13", "3.13.4"
    last: str  # of a range: "3.13", "3.13 (before 3.13.4)"
    unlike: str = ""


def agreements(recordings: Iterable[Recording], case: str, profile: str) -> list[Agreement]:
    """Returns the answers to a case, equal ones folded, in the order in which servers first gave them."""
    asked = [recording for recording in recordings if recording["profile"] == profile and case in recording["cases"]]
    spans = [span for recording in asked for span in _spans(recording, case)]
    groups: dict[str, list[int]] = {}
    for place, span in enumerate(spans):
        groups.setdefault(span.gist, []).append(place)
    found: list[Agreement] = []
    for places in groups.values():
        chosen = [spans[place] for place in places]
        whole = {same_version(json.dumps(_answer(span.answer), sort_keys=True)) for span in chosen}
        found.append(Agreement(_ranges(places, spans), chosen[0].answer, len(whole) == 1, chosen[0].unlike))
    return found


def _spans(recording: Recording, case: str) -> list[_Span]:
    """Returns the answers of a server's releases to a case, in the order of the releases."""
    name, recorded = _short(recording["server"]), recording["cases"][case]
    points = answers_by_release(recording, recording.get("otherwise", []), case)
    answers, starts = [points[0][1]], [""]
    for (_, earlier), (release, answer) in zip(points, points[1:]):
        if octets(earlier) != octets(answer):
            answers.append(answer)
            starts.append(answer.get("since") or earlier.get("before") or dotted(release))
    found: list[_Span] = []
    for answer, start, end in zip(answers, starts, [*starts[1:], ""]):
        first, up_to = start or name, f" (before {end})" if end else ""
        gist, unlike = _gist(answer), ""
        if octets(answer) != octets(recorded) and gist == _gist(recorded):
            gist, unlike = octets(answer), _first_unlike(answer, recorded)
        alone = first + (up_to or ("–" if start else ""))
        found.append(_Span(answer, gist, alone, first, name + up_to, unlike))
    return found


def _first_unlike(answer: Recorded, recorded: Recorded) -> str:
    """Returns the first line of an answer that the other answer lacks. Lengths do not count; a long line is cut."""
    known = [line for each in recorded["received"] for line in lines(same_version(each["bytes"]))]
    for each in answer["received"]:
        for line in lines(same_version(each["bytes"])):
            if line not in known and not line.startswith("Content-Length:"):
                alike = max((len(commonprefix([line, other])) for other in known), default=0)
                return line if alike < _CONTEXT else "…" + line[alike - _CONTEXT // 2 :]
    return ""


def first_lines(answer: Recorded) -> list[str]:
    """Returns the first line of what came on each connection."""
    return [line for each in answer["received"] for line in lines(each["bytes"])[:1]]


def _answer(recorded: Recorded) -> Recorded:
    return {"saw": recorded["saw"], "received": recorded["received"]}


def _gist(answer: Recorded) -> str:
    return same_version(json.dumps([answer["saw"], first_lines(answer)]))


def _short(server: Server) -> str:
    return server["name"].removeprefix("cpython-")


def _ranges(places: list[int], spans: list[_Span]) -> str:
    """Neighbours as a range: 0 1 2 5 -> "3.8–3.10, 3.13"."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    told = [(spans[run[0]], spans[run[-1]]) for run in runs]
    return ", ".join(first.alone if first is last else f"{first.first}–{last.last}" for first, last in told)
