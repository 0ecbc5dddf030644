"""Decides what is proven, from the outcomes of the cases. All functions are pure.

A case is killed, which proves that it can fail, if it passes without a fault in the server and fails with its fault. If
the server with the fault does not start or ends, this proves nothing, except for faults that are about this.

A branch is one status in a list of allowed statuses. It is proven if the case accepts a server that answers with this
status, and would not accept it without the branch. A fault is proven if it kills a case.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cgi_conform.cases.answer import BARE, CLOSED, SILENT, Answer, Expectation, Status
from cgi_conform.cases.case import Case
from cgi_conform.data.faulty.faults import Fault
from cgi_conform.escaped import clipped
from cgi_conform.judging.results import CaseResult, MismatchEntry, Saw
from cgi_conform.proof.kills_json import (
    KILLED,
    PROVEN,
    SKIPPED,
    SURVIVED,
    UNPROVEN,
    UNSOUND,
    BranchProof,
    CaseProof,
    FaultProof,
)

NOT_ABOUT_THE_RULE = ("control", "liveness", "end of the server")
_WORDS = {CLOSED: "closes-unanswered", SILENT: "never-answers", BARE: "answers-without-a-head"}
_KEPT = 300  # characters of a text in kills.json
_VARIES: MismatchEntry = {
    "what": "one thing or another", "expected": "what the case asks for", "got": "not the same each time", "at": None
}  # fmt: skip
_VARYING = (
    (re.compile(r"(?<!\d)(?:3[2-9]|4\d|5\d|60)\d{3}(?!\d)"), "{client-port}"),  # the ports that Linux gives to clients
    (re.compile(r"\d\d? [A-Z][a-z]{2} (?!2020)2\d{3} \d\d:\d\d:\d\d"), "{time}"),  # in any format; files have dates of 2020
    (re.compile(r"lacking \d+ of"), "lacking some of"),
    (re.compile(r"(^|: |, then )(?:nothing|no more|no end) within [\d.]+ s \([^()]*\)"), r"\1{limit}"),
    (re.compile(r" after [\d.]+ s \(--timeout\)$"), ""),
)


@dataclass(frozen=True)
class Tried:
    """The part of a case's result that a proof needs. `by` is the mismatch that decided."""

    verdict: str
    note: str = ""
    by: MismatchEntry | None = None
    seconds: float = 0.0

    @classmethod
    def of(cls, result: CaseResult) -> "Tried":
        """Returns the part of a result that a proof needs.

        The mismatch is the first one, or a reset: after a reset, the other mismatches differ from run to run. Its texts
        are cut, and what differs from run to run is replaced. normalise.py does this only for servers without faults.
        """
        first = min(result["mismatches"], key=lambda mismatch: mismatch["what"] != "reset", default=None)
        if first is not None:
            expected, got = clipped(first["expected"], _KEPT), _up_to_the_first_surplus(first)
            for pattern, instead in _VARYING:
                got = pattern.sub(instead, got)
            got = clipped(got, _KEPT)
            first = {"what": first["what"], "expected": expected, "got": got, "at": first["at"]}
        return cls(result["verdict"], result["note"], first, result.get("seconds", 0.0))


def _up_to_the_first_surplus(mismatch: MismatchEntry) -> str:
    """Returns the text that was got. A list, for example of open files, ends after the first item that differs."""
    expected, got = mismatch["expected"], mismatch["got"]
    if not (expected.startswith("[") and got.startswith("[")):
        return got
    words = got.strip("[]").split(", ")
    same = len(os.path.commonprefix([expected.strip("[]").split(", "), words]))
    return got if len(words) <= same + 1 else f"[{', '.join(words[: same + 1])}, …]"


@dataclass(frozen=True)
class Branch:
    """One status in a list of allowed statuses. `index` is the place of its answer in the expectation."""

    case: str
    profile: str
    index: int
    status: Status

    @property
    def fault(self) -> str:
        return _WORDS.get(str(self.status), f"answers-{self.status}")


def branches(case: Case, profile: str) -> list[Branch]:
    """Returns the statuses that a case allows in a profile, for answers that allow more than one."""
    answers = case.expect[profile].answers
    return [
        Branch(case.id, profile, index, status)
        for index, answer in enumerate(answers)
        if len(answer.status) > 1
        for status in answer.status
    ]


def on_the_status(expectation: Expectation, index: int, statuses: Sequence[Status]) -> Expectation:
    """Returns an expectation that checks only the status of one answer."""
    bare = [Answer(connection=answer.connection) for answer in expectation.answers]
    bare[index] = replace(bare[index], status=tuple(statuses))
    return replace(expectation, answers=tuple(bare), log=None, host=None)


def case_proof(
    case: Case, profile: str, sound: Tried, broken: Tried | None = None, fault: Fault | None = None
) -> CaseProof:
    """Returns the proof that a case can fail. `broken` is None if the case was not tried with its fault."""
    verdict, note, by = _decided(sound, broken, fault is not None and fault.dies)
    if verdict == KILLED and fault is not None and fault.varies:
        by = _VARIES
    return {
        "id": case.id,
        "title": case.title_in(profile),
        "profile": profile,
        "level": case.expect[profile].level,
        "fault": case.fault_in(profile),
        "verdict": verdict,
        "note": note,
        "by": by,
    }


def _decided(sound: Tried, broken: Tried | None, dies: bool) -> tuple[str, str, MismatchEntry | None]:
    if sound.verdict == "skip":
        return SKIPPED, sound.note, None
    if sound.verdict != "pass" or broken is None:
        return UNSOUND, sound.note or "it does not pass without a fault", sound.by
    if broken.verdict == "error" and dies:
        return KILLED, "", {"what": "end of the server", "expected": "it runs on", "got": "it ended", "at": None}
    if broken.verdict == "error":
        return SURVIVED, f"no proof: {broken.note}", None
    if broken.by is None:
        return SURVIVED, "it passes with its fault in the server", None
    return KILLED, "", broken.by


def branch_proof(branch: Branch, saw: Saw, *, taken: bool, refused: bool) -> BranchProof:
    """Returns the proof of a branch: `taken` if its status was accepted, `refused` if it was not without the branch."""
    note = ""
    if not taken:
        note = f"cannot be taken: a server that answers so is seen to answer {saw}"
    elif not refused:
        note = "is not looked at: the case accepts that status without it"
    return _branch(branch, UNPROVEN if note else PROVEN, note)


def branch_skipped(branch: Branch, reason: str) -> BranchProof:
    """Returns the proof of a branch whose case cannot be tried here."""
    return _branch(branch, SKIPPED, reason)


def branch_untried(branch: Branch, reason: str) -> BranchProof:
    """Returns the proof of a branch whose server did not start or ended."""
    return _branch(branch, UNPROVEN, f"no proof: {reason}")


def _branch(branch: Branch, verdict: str, note: str) -> BranchProof:
    return {
        "id": branch.case,
        "profile": branch.profile,
        "response": branch.index + 1,
        "status": branch.status,
        "fault": branch.fault,
        "verdict": verdict,
        "note": note,
    }


def fault_proofs(faults: Iterable[Fault], cases: Sequence[CaseProof]) -> list[FaultProof]:
    """Returns the proof of each fault: the cases that it kills."""
    by_fault: dict[str, list[CaseProof]] = {}
    for case in cases:
        by_fault.setdefault(case["fault"], []).append(case)
    return [_fault(fault, by_fault.get(fault.name, [])) for fault in faults]


def _fault(fault: Fault, cases: Sequence[CaseProof]) -> FaultProof:
    kills = sorted(f"{case['id']} {case['profile']}" for case in cases if case["verdict"] == KILLED)
    skipped = bool(cases) and all(case["verdict"] == SKIPPED for case in cases)
    return {
        "name": fault.name,
        "written": fault.written,
        "edits": [{"file": edit.file, "was": edit.was, "now": edit.now} for edit in fault.edits],
        "verdict": PROVEN if kills else SKIPPED if skipped else UNPROVEN,
        "kills": kills,
    }
