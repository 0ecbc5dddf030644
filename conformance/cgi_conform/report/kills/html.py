"""kills.html: which fault makes each case fail, and which check notices it, on one page that loads no other file.

The page looks and filters like that of a run (page.css, filter.js). Autoescaping is on, and the page shows octets as
printable text only.
"""

from typing import Any

from cgi_conform.escaped import clipped
from cgi_conform.proof.kills_json import (
    CASE_VERDICTS,
    KILLED,
    PROVEN,
    SKIPPED,
    BranchProof,
    CaseProof,
    Kills,
    conclusion,
    counted,
    exit_status,
    not_proven,
)
from cgi_conform.report.html import with_mark
from cgi_conform.report.page import filled, inserted

_ROOM = 160
_WORST = ("unsound", "survived", "skipped", "killed")
_MEANING = {
    "killed": "the case fails when its fault is in the server",
    "survived": "the case does not fail with its fault",
    "unsound": "the case fails without a fault",
    "skipped": "the case could not be tried on this machine",
}


def text(kills: Kills) -> str:
    """Returns the page."""
    views = _views(kills)
    _, idle, untaken = not_proven(kills)
    topics: dict[str, list[dict[str, Any]]] = {}
    for view in views:
        topics.setdefault(view["topic"], []).append(view)
    return filled(
        "kills/kills.html.jinja",
        css=inserted("page.css") + inserted("kills/kills.css"),
        script=inserted("copy.js") + inserted("filter.js") + inserted("kills/kills.js"),
        kills=kills,
        conclusion=conclusion(kills),
        counted=counted(kills),
        status=exit_status(kills),
        verdicts=[verdict for verdict in CASE_VERDICTS if kills["totals"]["cases"][verdict]],
        meanings=_MEANING,
        topics=topics,
        faults={fault["name"]: fault for fault in kills["faults"]},
        idle=idle,
        untaken=untaken,
        left=[view for view in views if view["verdict"] in ("survived", "unsound")],
        noticed=_noticed(kills),
    )


def _views(kills: Kills) -> list[dict[str, Any]]:
    """Returns one view per case, with the proofs of its profiles."""
    branches: dict[tuple[str, str], list[BranchProof]] = {}
    for branch in kills["branches"]:
        branches.setdefault((branch["id"], branch["profile"]), []).append(branch)
    by_id: dict[str, list[CaseProof]] = {}
    for case in kills["cases"]:
        by_id.setdefault(case["id"], []).append(case)
    return [
        {
            "id": name,
            "topic": name.partition("/")[0],
            "title": cases[0]["title"],
            "verdict": next(each for each in _WORST if any(case["verdict"] == each for case in cases)),
            "faults": list(dict.fromkeys(case["fault"] for case in cases)),
            "profiles": [_in_profile(case, branches.get((name, case["profile"]), [])) for case in cases],
        }
        for name, cases in by_id.items()
    ]


def _in_profile(case: CaseProof, branches: list[BranchProof]) -> dict[str, Any]:
    by = case["by"]
    return {
        "profile": case["profile"],
        "level": case["level"],
        "verdict": case["verdict"],
        "note": case["note"],
        "by": by
        and {
            "what": by["what"],
            "expected": with_mark(clipped(by["expected"], _ROOM), by["at"]),
            "got": with_mark(clipped(by["got"], _ROOM), by["at"]),
        },
        "branches": [
            (branch["status"], branch["verdict"] == PROVEN) for branch in branches if branch["verdict"] != SKIPPED
        ],
    }


def _noticed(kills: Kills) -> list[tuple[str, int]]:
    """Returns how many faults each kind of check noticed, the largest first. All header.X count as one kind."""
    whats = [case["by"]["what"].partition(".")[0] for case in kills["cases"] if case["by"] and case["verdict"] == KILLED]
    return sorted(((what, whats.count(what)) for what in set(whats)), key=lambda item: (-item[1], item[0]))
