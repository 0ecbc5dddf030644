"""A small run with every verdict, for the tests of the reports."""

from pathlib import Path
from typing import Any

from cgi_conform.cases.answer import read_expectation
from cgi_conform.cases.case import Case, Step
from cgi_conform.cases.clauses import Clause
from cgi_conform.cases.reproduce import curl_line, shell_line
from cgi_conform.judging.results import VERDICTS, CaseResult, MismatchEntry, Results, Server, Stale, assembled
from cgi_conform.octets import printable

LEVELS = {"warn": "recommended", "differs": "observed"}
NASTY = "<script>alert('1')</script> & ]]> | `x` ```"
SERVER: Server = {"name": "cpython-3.13", "title": "CPython 3.13", "version": "Python 3.13.1"}
CLAUSES = {
    "seed/post-outside-cgi-is-501": Clause(
        id="seed/post-outside-cgi-is-501",
        source="seed",
        level="must",
        text=f"POST is answered with 501 outside the CGI directories {NASTY}",
        link="https://example.com/a?b#c",
    )
}


def case_of(name: str, **more: Any) -> Case:
    """Returns a case that asks for 501."""
    topic, _, slug = name.partition("/")
    made: dict[str, Any] = {
        "id": name,
        "title": f"The rule of {slug} {NASTY}",
        "shared_clauses": ("seed/post-outside-cgi-is-501", "unknown-1"),
        "fault": "some-fault",
        "steps": (Step(send=b"GET /a?<b> HTTP/1.0\r\n\r\n"),),
        "expect": {"cgihttpserver": read_expectation({"level": "required", "status": 501, "body": "x"}, ("main",))},
        "file": Path(f"/nowhere/{topic}.toml"),
    }
    return Case(**{**made, **more})


def result_of(case: Case, verdict: str, **more: Any) -> CaseResult:
    """Returns a result of the case with invented mismatches."""
    broken = verdict in ("fail", "warn", "differs", "blocked", "expected")
    mismatches: list[MismatchEntry] = [
        {"what": "status", "expected": "501", "got": "405", "at": None, "line": "HTTP/1.0 405 No"},
        {"what": "body", "expected": '"a\\r\\nb\\xffc"', "got": '"a\\r\\nbXc"', "at": 4},
    ]
    result: CaseResult = {
        "id": case.id,
        "title": case.title,
        "topic": case.topic,
        "level": LEVELS.get(verdict, "required"),
        "clauses": list(case.clauses),
        "fault": case.fault,
        "verdict": verdict,
        "note": "" if verdict in ("pass", "fail", "warn", "differs") else f"because of {verdict} {NASTY}",
        "saw": None if verdict == "skip" else 405,
        "mismatches": mismatches if broken else [],
        "sent": [{"connection": "main", "bytes": printable(case.steps[0].send)}],
        "received": [{"connection": "main", "bytes": "HTTP/1.0 405 No\\r\\n\\r\\n<b>\\x00", "end": "closed"}],
        "again": shell_line(case),
        "curl": curl_line(case),
    }
    if verdict == "blocked":
        result["note"], result["blocked"] = f"presupposes {BLOCKER}", BLOCKER
    result.update(more)  # type: ignore[typeddict-item]
    return result


CUT = "the server <did> not start"
BLOCKER = "topic-1/fail"  # of the blocked case in a mixed run
NAMES = [f"topic-{number % 3}/{verdict}" for number, verdict in enumerate(VERDICTS)]
CASES = {name: case_of(name) for name in NAMES}


STALE: Stale = {"glob": "post/gone*", "reason": f"was renamed {NASTY}", "file": "cpython-3.13/expect.toml"}


def mixed(*, stale: bool = True, strict: bool = False, strict_observed: bool = False) -> Results:
    """Returns a run with one case of every verdict and a stale expectation."""
    results = [result_of(case, name.partition("/")[2]) for name, case in CASES.items()]
    stales = [STALE] if stale else []
    return assembled(SERVER, "cgihttpserver", "user", len(CASES), results, stales, strict, strict_observed)


def cut_short(*verdicts: str) -> Results:
    """Returns a run with one case per verdict that ended before it tried two more cases."""
    results = [result_of(case_of(f"topic/{verdict}"), verdict) for verdict in verdicts]
    for name in ("left-1", "left-2"):
        left = result_of(case_of(f"topic/{name}"), "skip", note=f"not tried: {CUT}", tried=False, received=[])
        results.append(left)
    return assembled(SERVER, "cgihttpserver", "user", len(results), results, incomplete=CUT)


def passing(number: int, verdict: str = "pass", **more: Any) -> Results:
    """Returns a run with many cases of one verdict."""
    results = [result_of(case_of(f"many/case-{each:04}"), verdict, **more) for each in range(number)]
    return assembled(SERVER, "cgihttpserver", "root", number, results)
