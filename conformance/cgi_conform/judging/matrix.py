"""Defines matrix.json: the results of many runs side by side, by area, by rule and by case.

The matrix is a pure function of the runs, so equal results give the same octets. It shows what a server does, and not
what its expectations say: a known failure of a required case counts as "fail" (`found()`). Only the status of a run
says if the server met its expectations.

A server that could not be judged has a run without cases, whose `reason` says why. It is never left out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

from cgi_conform import __version__, schema
from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.clauses import Clause
from cgi_conform.errors import NOTHING_RAN, SERVER, UserError
from cgi_conform.judging.results import FORMAT, CaseResult, Results, Server, Suite, conclusion, exit_status, red_cases, refuse_part

FOUND = ("fail", "error", "warn", "differs", "blocked", "pass", "skip")  # the verdicts of found(), the worst first
_BY_LEVEL = {"required": "fail", "recommended": "warn", "observed": "differs"}

Counts = dict[str, dict[str, dict[str, int]]]  # area, level, verdict of found(): number of cases


class MatrixRun(TypedDict):
    server: Server
    profile: str
    status: int  # the exit status of the run
    conclusion: str
    reason: str  # why the server was not judged, or not to the end; "" if it was
    user: NotRequired[str]  # absent if the server did not run, as are the next two
    totals: NotRequired[dict[str, int]]
    areas: NotRequired[Counts]


class MatrixRule(TypedDict):
    id: str
    level: str
    text: str
    link: str
    cases: list[str]


class CaseInProfile(TypedDict):
    title: str
    level: str
    clauses: list[str]
    verdicts: dict[str, str]  # the verdict of each server, by its name


class MatrixCase(TypedDict):
    id: str
    topic: str
    profiles: dict[str, CaseInProfile]


class Matrix(TypedDict):
    format: int
    suite: Suite
    runs: list[MatrixRun]
    rules: list[MatrixRule]
    cases: list[MatrixCase]


@dataclass(frozen=True)
class Absent:
    """A server that was not judged in a profile, with the reason. `status` is what the run would have exited with."""

    server: Server
    profile: str
    reason: str
    status: int = 0


def found(case: CaseResult) -> str:
    """Returns the verdict of a case without regard to known failures: one of FOUND."""
    return found_of(case["verdict"], case["level"])


def found_of(verdict: str, level: str) -> str:
    """Returns what a verdict means for a case of this level without regard to known failures."""
    if verdict == "expected":
        return _BY_LEVEL[level]
    return "pass" if verdict == "unexpected-pass" else verdict


def area(case: CaseResult) -> str:
    """Returns the area of a case: that of its main clause, or its topic if it names no clause."""
    return case["clauses"][0].partition("/")[0] if case["clauses"] else case["topic"]


def counts(cases: Iterable[CaseResult]) -> Counts:
    """Returns the number of cases by area, level and verdict."""
    counted: Counts = {}
    for case in cases:
        levels = counted.setdefault(area(case), {}).setdefault(case["level"], {})
        levels[found(case)] = levels.get(found(case), 0) + 1
    return counted


def assembled(runs: Sequence[Results], absent: Sequence[Absent], clauses: Mapping[str, Clause]) -> Matrix:
    """Returns the matrix of these runs. A server has at most one run in each profile: distinct() checks it."""
    rows = [*map(_ran, runs), *map(_absent, absent)]
    cases = _cases(runs)
    citing = _citing(cases)
    corpus = max((run["suite"]["cases"] for run in runs), default=0)
    return {
        "format": FORMAT,
        "suite": {"version": runs[0]["suite"]["version"] if runs else __version__, "cases": corpus},
        "runs": sorted(rows, key=lambda row: (by_number(row["server"]["name"]), PROFILES.index(row["profile"]))),
        "rules": [
            {"id": one.id, "level": one.level, "text": one.text, "link": one.link, "cases": citing.get(one.id, [])}
            for one in sorted(clauses.values(), key=lambda clause: clause.id)
        ],
        "cases": cases,
    }


def by_number(name: str) -> tuple[list[str], list[int]]:
    """Returns the key that sorts cpython-3.9 before cpython-3.10."""
    return re.findall(r"\D+", name), [int(number) for number in re.findall(r"\d+", name)]


def _ran(run: Results) -> MatrixRun:
    return {
        "server": run["server"],
        "profile": run["profile"],
        "status": status_of(run),
        "conclusion": conclusion(run),
        "reason": run.get("incomplete", "") or _death(run),
        "user": run["user"],
        "totals": run["totals"],
        "areas": counts(run["cases"]),
    }


def _absent(one: Absent) -> MatrixRun:
    return {
        "server": one.server,
        "profile": one.profile,
        "status": one.status,
        "conclusion": "not judged",
        "reason": one.reason,
    }


def _death(run: Results) -> str:
    """Returns the message of the first case in which the server died, or ""."""
    return next((case["note"] for case in run["cases"] if case["verdict"] == "error"), "")


def _citing(cases: Sequence[MatrixCase]) -> dict[str, list[str]]:
    """Returns the ids of the cases that cite a clause in a profile, by clause."""
    citing: dict[str, list[str]] = {}
    for case in cases:
        for name in dict.fromkeys(name for one in case["profiles"].values() for name in one["clauses"]):
            citing.setdefault(name, []).append(case["id"])
    return citing


def _cases(runs: Sequence[Results]) -> list[MatrixCase]:
    cases: dict[str, MatrixCase] = {}
    for run in sorted(runs, key=lambda run: run["server"]["name"]):
        for case in run["cases"]:
            one = cases.setdefault(case["id"], {"id": case["id"], "topic": case["topic"], "profiles": {}})
            in_profile = one["profiles"].setdefault(
                run["profile"],
                {"title": case["title"], "level": case["level"], "clauses": case["clauses"], "verdicts": {}},
            )
            in_profile["verdicts"][run["server"]["name"]] = case["verdict"]
    return [cases[name] for name in sorted(cases)]


def status_of(run: Results) -> int:
    """Returns the exit status of a run: that of its results, or 3 if the server died in a case."""
    return SERVER if _death(run) else exit_status(run)


def unexpected(run: Results) -> int:
    """Returns how many cases and stale expectations turned a run red."""
    return len(red_cases(run)) + len(run["stale"])


def overall_status(matrix: Matrix) -> int:
    """Returns 3 if a server did not start or died, 1 if another run is red, 5 if no case was judged, else 0."""
    statuses = {run["status"] for run in matrix["runs"] if run["status"] != NOTHING_RAN}
    if SERVER in statuses or 1 in statuses:
        return SERVER if SERVER in statuses else 1
    ran = any("totals" in run and run["status"] == 0 for run in matrix["runs"])
    return 0 if ran else NOTHING_RAN


def distinct(runs: Sequence[tuple[Path, Results]]) -> list[Results]:
    """Returns the runs of these files.

    UserError if one is a part of a run, or if two are of the same server and profile, or of different versions.
    """
    places: dict[tuple[str, str], Path] = {}
    for path, run in runs:
        refuse_part(path, run)
        name, profile = run["server"]["name"], run["profile"]
        if (other := places.setdefault((name, profile), path)) != path:
            raise UserError(f'"{other}" and "{path}" both hold server "{name}" in profile {profile} (name only one of them)')
        first, version = runs[0][1]["suite"]["version"], run["suite"]["version"]
        if version != first:
            told = f'"{runs[0][0]}" is of cgi-conform {first}, "{path}" of {version}'
            raise UserError(f"{told} (judge both servers with the same version)")
    return [run for _, run in runs]


def write(matrix: Matrix, path: Path) -> None:
    """Writes matrix.json: the same octets for the same results."""
    schema.write_json(matrix, path, "matrix.schema.json")
