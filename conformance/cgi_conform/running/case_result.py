"""Makes the result of a case for results.json: the verdict, the note and the octets."""

from collections.abc import Callable
from dataclasses import dataclass

from cgi_conform.cases import reproduce
from cgi_conform.cases.case import Case
from cgi_conform.escaped import excerpt
from cgi_conform.http.connection import Connection
from cgi_conform.http.exchange import Exchange
from cgi_conform.judging.judge import Judgement, Mismatch
from cgi_conform.judging.known_failures import KnownFailure, known_failure_of
from cgi_conform.judging.normalise import lasting
from cgi_conform.judging.results import CaseResult, MismatchEntry, Received, Saw
from cgi_conform.running.capabilities import missing
from cgi_conform.running.plan import Plan

_SHOWN = 4096  # characters of the octets in each direction
_RED = {"required": "fail", "recommended": "warn", "observed": "differs"}


@dataclass
class Trial:
    """The exchange and the judgement of a case.

    `broken` is the message if the server refused the connection or died.
    """

    judgement: Judgement
    exchange: Exchange
    normal: Callable[[bytes], bytes]
    broken: str = ""
    answered: bool = False  # whether an octet came, also for the control or the check after the case


def reason_to_skip(case: Case, plan: Plan) -> str | None:
    """Returns the reason why the case is skipped with this server, or None."""
    rule = known_failure_of(plan.known_failures, case.id, plan.capabilities.user)
    if (reason := missing(case, plan.capabilities)) is not None:
        return reason
    return rule.note if rule is not None and not rule.is_tried and rule.is_explained else None


def untried(case: Case, plan: Plan, verdict: str, note: str) -> CaseResult:
    """Returns the result of a case that was not tried, with the given verdict and note."""
    return _result(case, plan.profile, verdict, note)


def not_tried(case: Case, plan: Plan, why: str) -> CaseResult:
    """Returns the result of a case after an early end of the run.

    `tried` is false unless the case is skipped anyway.
    """
    if (reason := reason_to_skip(case, plan)) is not None:
        return untried(case, plan, "skip", reason)
    result = untried(case, plan, "skip", f"not tried: {why}")
    result["tried"] = False
    return result


def judged(case: Case, rule: KnownFailure | None, trial: Trial, plan: Plan) -> CaseResult:
    """Returns the result of a case that was tried."""
    mismatches = list(trial.judgement.mismatches)
    saw = trial.judgement.saw
    verdict, note = _RED[case.expect[plan.profile].level] if mismatches else "pass", ""
    if trial.broken:
        verdict, note = "error", trial.broken.partition("\n")[0]
    elif rule is not None and not mismatches:
        verdict, note = "unexpected-pass", f"expected to fail: {rule.reason}"
    elif rule is not None and not rule.is_explained:
        verdict, note = "fail", f"expected to fail, but {rule.file} does not say why: fill in its reason"
    elif rule is not None and rule.saw is not None and rule.saw != saw:
        verdict, note = "fail", f"expected to fail otherwise: {rule.reason}"
        mismatches.append(Mismatch("saw", str(rule.saw), str(saw)))
    elif rule is not None:
        verdict, note = "expected", rule.reason
    return _result(case, plan.profile, verdict, note, saw, mismatches, trial)


def _result(
    case: Case,
    profile: str,
    verdict: str,
    note: str,
    saw: Saw = None,
    mismatches: list[Mismatch] | None = None,
    trial: Trial | None = None,
) -> CaseResult:
    expectation = case.expect[profile]
    connections = list(trial.exchange.connections.values()) if trial else []
    judged = {answer.connection for answer in expectation.answers}

    def shown(octets: bytes) -> str:
        return excerpt(octets, _SHOWN, trial.normal if trial else bytes)

    def received(one: Connection) -> Received:
        octets, end = lasting(one, case.steps, judged)
        return {"connection": one.name, "bytes": shown(octets), "end": end}

    result: CaseResult = {
        "id": case.id,
        "title": case.title_in(profile),
        "topic": case.topic,
        "level": expectation.level,
        "clauses": list(case.clauses_in(profile)),
        "fault": case.fault_in(profile),
        "verdict": verdict,
        "note": note,
        "saw": saw,
        "mismatches": [_entry(found) for found in mismatches or []],
        "sent": [{"connection": one.name, "bytes": shown(bytes(one.sent))} for one in connections],
        "received": [received(one) for one in connections],
        "again": reproduce.shell_line(case),
        "curl": reproduce.curl_line(case),
    }
    if profile in case.digests:
        result["digest"] = case.digests[profile]
    return result


def _entry(found: Mismatch) -> MismatchEntry:
    entry: MismatchEntry = {"what": found.what, "expected": found.expected, "got": found.got, "at": found.at}
    if found.line:
        entry["line"] = found.line
    if found.connection:
        entry["connection"] = found.connection
    return entry
