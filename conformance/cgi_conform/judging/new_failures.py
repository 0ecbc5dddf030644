"""Says why a run is red that was green: because the server changed, or because of new or changed cases.

A case that the earlier run does not have is new if the changelog says so. Otherwise the run may not have selected it.
"""

from collections.abc import Sequence
from typing import TypedDict

from cgi_conform.cases.changelog import Entry, told
from cgi_conform.escaped import clipped
from cgi_conform.judging.results import CaseResult, Results, red_cases

CAUSES = ("same", "changed", "new", "absent", "unknown")
_SHOWN = 80


class NewFailure(TypedDict):
    id: str
    title: str
    verdict: str
    cause: str  # one of CAUSES: how the case differs from the one of the earlier run
    why: str  # "RELEASE: reason" for a case that is new or changed, if the changelog has it
    found: str


def new_failures(before: Results, now: Results, entries: Sequence[Entry]) -> list[NewFailure]:
    """Returns the cases that turn this run red and did not turn the earlier one red, by cause.

    `entries` are those of the releases after the one that judged in the earlier run.
    """
    red = {case["id"] for case in red_cases(before)}
    known = {case["id"]: case for case in before["cases"]}
    found = [_new_failure(known.get(case["id"]), case, entries) for case in red_cases(now) if case["id"] not in red]
    return sorted(found, key=lambda each: (CAUSES.index(each["cause"]), each["id"]))


def _new_failure(before: CaseResult | None, now: CaseResult, entries: Sequence[Entry]) -> NewFailure:
    cause, why = _cause(before, now, entries)
    return {
        "id": now["id"],
        "title": now["title"],
        "verdict": now["verdict"],
        "cause": cause,
        "why": why,
        "found": _found(now),
    }


def _cause(before: CaseResult | None, now: CaseResult, entries: Sequence[Entry]) -> tuple[str, str]:
    """Returns the cause, and what the changelog says about a case that is not the same."""
    changed = told(entries, now["id"], "changed")
    if before is None:
        came = told(entries, now["id"], "new")
        return ("new", came) if came else ("absent", changed)
    if "digest" not in before or "digest" not in now:
        return "unknown", changed
    return ("same", "") if before["digest"] == now["digest"] else ("changed", changed)


def _found(case: CaseResult) -> str:
    """Returns the first mismatch of a case, or its note."""
    if not case["mismatches"]:
        return clipped(case["note"], 2 * _SHOWN)
    first = case["mismatches"][0]
    return f"{first['what']}: expected {clipped(first['expected'], _SHOWN)}, got {clipped(first['got'], _SHOWN)}"
