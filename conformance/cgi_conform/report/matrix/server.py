"""The page of a server: its findings, then for each profile what it does not do, by cause, with the reasons."""

from collections.abc import Mapping, Sequence
from typing import Any

from cgi_conform.cases.answer import LEVELS
from cgi_conform.cases.clauses import Clause
from cgi_conform.judging.matrix import FOUND, MatrixRun, area, found
from cgi_conform.judging.results import CaseResult, Results, red_verdicts, server_line, started_by
from cgi_conform.escaped import clipped
from cgi_conform.report.beside import joined
from cgi_conform.report.causes import blocked_by
from cgi_conform.report.matrix.addresses import rule_page, run_folder
from cgi_conform.report.matrix.findings import as_html

_ROOM = 160


def server_view(
    name: str, rows: Sequence[MatrixRun], runs: Mapping[str, Results], clauses: Mapping[str, Clause], findings: str
) -> dict[str, Any]:
    """Returns the values of a server's page. The keys of `runs` are profiles; `findings` is Markdown."""
    return {
        "name": name,
        "title": server_line(rows[0]["server"]),
        "findings": as_html(findings) if findings else "",
        "rows": [_row(row, runs.get(row["profile"]), clauses) for row in rows],
        "fields": {
            "profile": [row["profile"] for row in rows],
            "area": sorted({area(case) for run in runs.values() for case in run["cases"]}),
            "level": LEVELS,
            "verdict": [*(each for each in FOUND if each != "pass"), "unexpected-pass"],
        },
    }


def _row(row: MatrixRun, run: Results | None, clauses: Mapping[str, Clause]) -> dict[str, Any]:
    view: dict[str, Any] = {
        "profile": row["profile"],
        "conclusion": row["conclusion"],
        "status": row["status"],
        "reason": row["reason"],
        "parts": [],
    }
    if run is None:
        return view
    red, blocks = red_verdicts(run), blocked_by(run)
    cases = {case["id"]: case for case in run["cases"]}
    causes = [case for case in run["cases"] if found(case) in ("fail", "error", "warn", "differs")]
    causes += [case for case in run["cases"] if case["verdict"] == "unexpected-pass"]
    causes.sort(key=lambda case: (-len(blocks.get(case["id"], ())), case["id"]))

    def entries(chosen: Sequence[CaseResult]) -> list[dict[str, Any]]:
        return [
            {
                **_entry(case, clauses),
                "blocks": [_entry(cases[name], clauses) for name in blocks.get(case["id"], ())],
            }
            for case in chosen
        ]

    parts = {
        "Red cases": [case for case in causes if case["verdict"] in red],
        "Known failures": [case for case in causes if case["verdict"] == "expected"],
        "Warnings and differences": [case for case in causes if case["verdict"] not in (*red, "expected")],
        "Skipped cases": [case for case in run["cases"] if case["verdict"] == "skip"],
    }
    return {
        **view,
        "user": started_by(run),
        "counts": [(each, sum(found(case) == each for case in run["cases"])) for each in FOUND],
        "folder": run_folder(run["server"]["name"], run["profile"]),
        "stale": run["stale"],
        "parts": [(title, entries(chosen)) for title, chosen in parts.items() if chosen],
    }


def _shown(case: CaseResult) -> str:
    return case["verdict"] if case["verdict"] == "unexpected-pass" else found(case)


def _entry(case: CaseResult, clauses: Mapping[str, Clause]) -> dict[str, Any]:
    """Returns a case as the page shows it: one line, its reason, and the first difference."""
    known = next((name for name in case["clauses"] if name in clauses), None)
    first = case["mismatches"][0] if case["mismatches"] else None
    return {
        "id": case["id"],
        "title": case["title"],
        "level": case["level"],
        "area": area(case),
        "found": _shown(case),
        "note": case["note"],
        "page": f"{rule_page(known)}#{case['id']}" if known else "",
        "first": first
        and (first["what"], clipped(first["expected"], _ROOM), clipped(joined(first["got"], first), _ROOM)),
    }
