"""Defines kills.json, which holds the proofs of cases, faults and branches, and sums them up."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict

from cgi_conform import __version__, schema
from cgi_conform.cases.answer import Status
from cgi_conform.judging.results import MismatchEntry, Server, Suite

FORMAT = 1
KILLED, SURVIVED, UNSOUND, SKIPPED = "killed", "survived", "unsound", "skipped"
CASE_VERDICTS = (KILLED, SURVIVED, UNSOUND, SKIPPED)
PROVEN, UNPROVEN = "proven", "unproven"
VERDICTS = (PROVEN, UNPROVEN, SKIPPED)


class CaseProof(TypedDict):
    id: str
    title: str
    profile: str
    level: str
    fault: str
    verdict: str
    note: str
    by: MismatchEntry | None


class EditEntry(TypedDict):
    file: str
    was: str
    now: str


class FaultProof(TypedDict):
    name: str
    written: str
    edits: list[EditEntry]
    verdict: str
    kills: list[str]


class BranchProof(TypedDict):
    id: str
    profile: str
    response: int
    status: Status
    fault: str
    verdict: str
    note: str


class Kills(TypedDict):
    format: int
    suite: Suite
    server: Server
    user: str
    profiles: list[str]
    totals: dict[str, dict[str, int]]
    cases: list[CaseProof]
    faults: list[FaultProof]
    branches: list[BranchProof]


def assembled(
    server: Server,
    user: str,
    profiles: Sequence[str],
    corpus: int,
    cases: Iterable[CaseProof],
    faults: Iterable[FaultProof],
    branched: Iterable[BranchProof],
) -> Kills:
    """Returns the content of kills.json, sorted."""
    ordered = sorted(cases, key=lambda case: (case["id"], case["profile"]))
    by_name = sorted(faults, key=lambda fault: fault["name"])
    taken = sorted(branched, key=lambda one: (one["id"], one["profile"], one["response"], str(one["status"])))
    return {
        "format": FORMAT,
        "suite": {"version": __version__, "cases": corpus},
        "server": server,
        "user": user,
        "profiles": sorted(profiles),
        "totals": {
            "cases": _counted([case["verdict"] for case in ordered], CASE_VERDICTS),
            "faults": _counted([fault["verdict"] for fault in by_name], VERDICTS),
            "branches": _counted([branch["verdict"] for branch in taken], VERDICTS),
        },
        "cases": ordered,
        "faults": by_name,
        "branches": taken,
    }


def _counted(found: Sequence[str], verdicts: Sequence[str]) -> dict[str, int]:
    return {verdict: found.count(verdict) for verdict in verdicts}


def not_proven(kills: Kills) -> tuple[list[CaseProof], list[FaultProof], list[BranchProof]]:
    """Returns the cases, the faults and the branches whose proof is missing."""
    return (
        [case for case in kills["cases"] if case["verdict"] in (SURVIVED, UNSOUND)],
        [fault for fault in kills["faults"] if fault["verdict"] == UNPROVEN],
        [branch for branch in kills["branches"] if branch["verdict"] == UNPROVEN],
    )


def exit_status(kills: Kills) -> int:
    """Returns 0 if all is proven, 1 if something is not, 5 if nothing could be tried."""
    if any(not_proven(kills)):
        return 1
    return 0 if kills["totals"]["cases"][KILLED] or kills["totals"]["branches"][PROVEN] else 5


def conclusion(kills: Kills) -> str:
    """Returns the result of the proof in a few words."""
    return {0: "all of it is proven", 1: "not proven", 5: "nothing was tried"}[exit_status(kills)]


def counted(kills: Kills) -> list[str]:
    """Returns the totals in words, a line each. A case counts once for each profile."""
    told = []
    for name, verdicts in (("cases", CASE_VERDICTS), ("faults", VERDICTS), ("branches", VERDICTS)):
        counts = kills["totals"][name]
        words = ", ".join(f"{counts[verdict]} {verdict}" for verdict in verdicts if counts[verdict])
        shown = "cases by profile" if name == "cases" and len(kills["profiles"]) > 1 else name
        told.append(f"{sum(counts.values())} {shown}: {words or 'none'}")
    return told


def write(kills: Kills, path: Path) -> None:
    """Writes kills.json."""
    schema.write_json(kills, path, "kills.schema.json")
