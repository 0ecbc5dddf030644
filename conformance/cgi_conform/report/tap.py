"""The results in the Test Anything Protocol, version 13, for `prove` and for CI systems that read it.

A case that failed but does not turn the run red is "not ok # TODO", so a reader of TAP gives the same verdict as the
exit status. Version 13 is the newest one that every `prove` reads.
"""

import json
from collections.abc import Iterator

from cgi_conform.escaped import clipped
from cgi_conform.judging.results import CaseResult, Results, conclusion, red_verdicts, server_line

_SHOWN = 400
_TODO = {"warn": "recommended", "differs": "observed", "expected": "known failure"}


def text(results: Results) -> str:
    """Returns the TAP document: a test for each case, and one for each stale expectation."""
    red = red_verdicts(results)
    points = [_point(case, red) for case in results["cases"]]
    points += [
        ("not ok", f'stale expectation {_escaped(entry["glob"])}: matches no case of {_escaped(entry["file"])}', [])
        for entry in results["stale"]
    ]
    lines = ["TAP version 13", f"1..{len(points)}"]
    for number, (outcome, told, details) in enumerate(points, 1):
        lines += [f"{outcome} {number} - {told}", *details]
    who = f"{server_line(results['server'])}, profile {results['profile']}: {conclusion(results)}"
    lines.append(comment(who))
    if "incomplete" in results:
        lines.append(f"Bail out! {_line(results['incomplete'])}")
    return "\n".join(lines) + "\n"


def comment(told: str) -> str:
    """Returns a line that readers of TAP skip."""
    return f"# {_line(told)}"


def _point(case: CaseResult, red: frozenset[str]) -> tuple[str, str, list[str]]:
    """Returns "ok" or "not ok", the text of the line, and the lines of the YAML block."""
    told = _escaped(f"{case['id']} {case['title']}")
    verdict = case["verdict"]
    if verdict in red:
        return "not ok", told, list(_details(case))
    if verdict in ("skip", "blocked"):
        return "ok", f"{told} # SKIP {_line(case['note'])}", []
    if verdict in _TODO:
        reason = f"{_TODO[verdict]}: {case['note']}" if case["note"] else _TODO[verdict]
        return "not ok", f"{told} # TODO {_line(reason)}", list(_details(case))
    return "ok", told, []


def _details(case: CaseResult) -> Iterator[str]:
    """Yields the YAML block of a failure. JSON strings are YAML."""
    yield "  ---"
    yield f"  verdict: {case['verdict']}"
    yield f"  level: {case['level']}"
    yield f"  clauses: {json.dumps(case['clauses'])}"
    if case["note"]:
        yield f"  note: {json.dumps(case['note'])}"
    if case["mismatches"]:
        yield "  mismatches:"
    for item in case["mismatches"]:
        yield f"    - what: {json.dumps(item['what'])}"
        yield f"      expected: {json.dumps(clipped(item['expected'], _SHOWN))}"
        yield f"      got: {json.dumps(clipped(item['got'], _SHOWN))}"
    yield f"  again: {json.dumps(case['again'])}"
    yield "  ..."


def _escaped(told: str) -> str:
    """Returns a text for a description: an unescaped "#" would begin a directive."""
    return _line(told).replace("\\", "\\\\").replace("#", "\\#")


def _line(told: str) -> str:
    return " ".join(told.split())
