"""The output for GitHub Actions: the summary of the step, and an annotation at the line of each red case.

GitHub keeps about ten annotations of a kind per step. If there are more, the last one says how many are left out.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import Clause
from cgi_conform.cases.locations import line_of
from cgi_conform.escaped import clipped
from cgi_conform.judging.results import Results
from cgi_conform.paths import DATA, REPO, SERVERS, shown
from cgi_conform.report import markdown
from cgi_conform.report.beside import joined
from cgi_conform.report.causes import Cause, causes, number_of_cases

_KEPT = 10


def announce(
    results: Results,
    cases: Mapping[str, Case],
    clauses: Mapping[str, Clause],
    environment: Mapping[str, str] = os.environ,
    out: TextIO | None = None,
) -> None:
    """Writes the summary and the annotations if the environment is that of GitHub Actions, and nothing elsewhere."""
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(markdown.text(results, clauses))
    if environment.get("GITHUB_ACTIONS") == "true":
        for line in annotations(results, cases):
            print(line, file=out or sys.stdout)


def annotations(results: Results, cases: Mapping[str, Case]) -> list[str]:
    """Returns the ::error lines, at most as many as GitHub keeps."""
    found = [_error({"title": "incomplete"}, results["incomplete"])] if "incomplete" in results else []
    found += [_annotation(cause, cases.get(cause.case["id"])) for cause in causes(results)]
    for entry in results["stale"]:
        own = SERVERS / entry["file"]
        file = _file(own) if own.exists() else {"file": entry["file"]}
        where = {**file, "title": "stale expectation"}
        found.append(_error(where, f'"{entry["glob"]}" matches no case ({entry["reason"]})'))
    if len(found) <= _KEPT:
        return found
    return [*found[: _KEPT - 1], _error({}, f"and {len(found) - _KEPT + 1} more: see the summary of this step")]


def _annotation(cause: Cause, case: Case | None) -> str:
    result = cause.case
    where = {"title": f"{result['id']} ({result['verdict']})"}
    if case is not None:
        where = {**_file(case.file, line_of(case)), **where}
    told = [result["title"], *([result["note"]] if result["note"] else [])]
    told += [f"blocks {number_of_cases(len(cause.blocks))}"] if cause.blocks else []
    for item in result["mismatches"][:3]:
        got = joined(clipped(item["got"], 200), item)
        told.append(f"{item['what']}: expected {clipped(item['expected'], 200)}, got {got}")
    return _error(where, "\n".join(told))


def _file(path: Path, line: int = 0) -> dict[str, str]:
    """Returns file and line for GitHub. Returns nothing for a file of the installed package, which no repository holds."""
    if REPO is None and path.is_relative_to(DATA):
        return {}
    return {"file": shown(path), **({"line": str(line)} if line else {})}


def _error(where: Mapping[str, str], message: str) -> str:
    properties = ",".join(f"{name}={_property(value)}" for name, value in where.items())
    return f"::error{' ' if properties else ''}{properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
