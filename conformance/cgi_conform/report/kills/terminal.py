"""The text of a proof for a terminal: the missing proofs in full, then the totals."""

import textwrap

from cgi_conform.escaped import clipped
from cgi_conform.proof.kills_json import (
    KILLED,
    SKIPPED,
    UNSOUND,
    BranchProof,
    CaseProof,
    FaultProof,
    Kills,
    conclusion,
    counted,
    exit_status,
    not_proven,
)
from cgi_conform.proof.proofs import NOT_ABOUT_THE_RULE
from cgi_conform.report.terminal import Style
from cgi_conform.typed import typed

_INDENT = " " * 10


def text(kills: Kills, style: Style = Style()) -> str:
    """Returns the whole report of a proof."""
    cases, faults, branches = not_proven(kills)
    parts = [_case(case, style) for case in cases]
    parts += [_fault(fault, style) for fault in faults]
    parts += [_branch(branch, style) for branch in branches]
    parts += [style.tint(line, "2") for line in [*_beside(kills), *_skips(kills)]]
    return "\n".join([*parts, *_totals(kills, style)]) + "\n"


def _head(word: str, told: str, style: Style) -> str:
    return style.tint(f"{word:<9}", "31;1") + " " + told


def _case(case: CaseProof, style: Style) -> str:
    rows = [_head(case["verdict"].upper(), f"{case['id']}  {case['profile']}  {case['title']}", style)]
    rows.append(f"{_INDENT}fault {case['fault']}")
    rows += _wrapped(case["note"], style) if case["note"] else []
    if (by := case["by"]) is not None:
        rows.append(f"{_INDENT}expected  {by['what']} {clipped(by['expected'], style.width)}")
        rows.append(f"{_INDENT}got       {by['what']} {clipped(by['got'], style.width)}")
    again = f"cgi-conform prove {case['id']} --profile {case['profile']}"
    if case["verdict"] == UNSOUND:
        again = f"cgi-conform run {case['id']} --profile {case['profile']} --server faulty"
    return "\n".join([*rows, f"{_INDENT}again     {typed(again)}"])


def _fault(fault: FaultProof, style: Style) -> str:
    return _head("NO KILL", f"fault {fault['name']} ({fault['written']}) kills no case", style)


def _branch(branch: BranchProof, style: Style) -> str:
    where = f"{branch['id']}  {branch['profile']}  response {branch['response']}, status {branch['status']}"
    return "\n".join([_head("BRANCH", where, style), *_wrapped(branch["note"], style)])


def _wrapped(told: str, style: Style) -> list[str]:
    return textwrap.wrap(
        told, style.width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False
    )


def _beside(kills: Kills) -> list[str]:
    """Returns how many cases failed because of a check before or after the rule, and not because of the rule."""
    whats = [case["by"]["what"] for case in kills["cases"] if case["by"] is not None and case["verdict"] == KILLED]
    return [
        f"{whats.count(what)} killed by {what}, not by the rule itself" for what in NOT_ABOUT_THE_RULE if what in whats
    ]


def _skips(kills: Kills) -> list[str]:
    """Returns the reasons for skipped cases with their numbers."""
    notes = [case["note"] for case in kills["cases"] if case["verdict"] == SKIPPED]
    ordered = sorted(set(notes), key=lambda note: (-notes.count(note), note))
    return [f"skipped {notes.count(note):>3}  {note}" for note in ordered]


def _totals(kills: Kills, style: Style) -> list[str]:
    verdict = style.tint(conclusion(kills), "32;1" if exit_status(kills) == 0 else "31;1")
    user = "root" if kills["user"] == "root" else "an ordinary user"
    who = f"{kills['server']['title']}, {' and '.join(kills['profiles'])}, started by {user}"
    return [who, *counted(kills), verdict]
