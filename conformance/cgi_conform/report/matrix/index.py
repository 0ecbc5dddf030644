"""The first page, servers and areas, and the list of all rules."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cgi_conform.cases.answer import LEVELS, PROFILES
from cgi_conform.cases.clauses import Clause
from cgi_conform.judging.matrix import FOUND, Matrix, MatrixCase, MatrixRun, found_of
from cgi_conform.report.matrix.addresses import rule_page, server_page


def index_view(matrix: Matrix) -> dict[str, Any]:
    """Returns the values of the first page."""
    areas = sorted({area for run in matrix["runs"] for area in run.get("areas", {})})
    return {
        "areas": areas,
        "fields": {"area": areas, "level": LEVELS, "verdict": FOUND},
        "profiles": {
            profile: [_row(run, areas) for run in matrix["runs"] if run["profile"] == profile] for profile in PROFILES
        },
        "counts": [
            run["areas"] for profile in PROFILES for run in matrix["runs"] if run["profile"] == profile and "areas" in run
        ],
    }


def _row(run: MatrixRun, areas: Sequence[str]) -> dict[str, Any]:
    counts = run.get("areas")
    return {
        "name": run["server"]["name"],
        "title": run["server"]["title"] or run["server"]["name"],
        "version": run["server"]["version"],
        "page": server_page(run["server"]["name"]),
        "conclusion": run["conclusion"],
        "reason": run["reason"],
        "status": run["status"],
        "cells": None if counts is None else [cell(counts.get(area, {})) for area in areas],
    }


def cell(levels: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Returns what a cell shows: the worst verdict, its number, the number of cases, and all numbers in words.

    The verdict is "" if the server has no case of the area.
    """
    total = {verdict: sum(one.get(verdict, 0) for one in levels.values()) for verdict in FOUND}
    worst = next((verdict for verdict in FOUND if total[verdict]), "")
    words = ", ".join(f"{number} {verdict}" for verdict, number in total.items() if number)
    return {"verdict": worst, "number": total.get(worst, 0), "of": sum(total.values()), "words": words or "no case"}


def rules_view(matrix: Matrix, clauses: Mapping[str, Clause]) -> dict[str, Any]:
    """Returns the values of the list of rules."""
    cases = {case["id"]: case for case in matrix["cases"]}
    rules = []
    for rule in matrix["rules"]:
        citing = [cases[name] for name in rule["cases"]]
        tallies = _tallies(rule["id"], citing)
        rules.append(
            {
                "id": rule["id"],
                "text": rule["text"],
                "page": rule_page(rule["id"]),
                "area": rule["id"].partition("/")[0],
                "levels": _levels(rule["id"], citing),
                "profiles": tallies,
                "verdicts": [each for each in FOUND if any(each in tally for tally in tallies.values())],
                "unreached": clauses[rule["id"]].unreached or "it is not among the cases of these runs",
            }
        )
    return {
        "rules": rules,
        "fields": {
            "area": sorted({rule["id"].partition("/")[0] for rule in matrix["rules"]}),
            "level": LEVELS,
            "verdict": FOUND,
        },
    }


def _levels(rule: str, cases: Iterable[MatrixCase]) -> list[str]:
    """Returns the levels of the cases that cite the rule, the highest first."""
    used = {one["level"] for case in cases for one in case["profiles"].values() if rule in one["clauses"]}
    return [level for level in LEVELS if level in used]


def _tallies(rule: str, cases: Sequence[MatrixCase]) -> dict[str, dict[str, int]]:
    """Returns for each profile the number of servers by their worst verdict in the cases of the rule."""
    tallies: dict[str, dict[str, int]] = {}
    for profile in PROFILES:
        worst: dict[str, str] = {}
        for case in cases:
            one = case["profiles"].get(profile)
            if one is None or rule not in one["clauses"]:
                continue
            for server, verdict in one["verdicts"].items():
                worst[server] = min(found_of(verdict, one["level"]), worst.get(server, "skip"), key=FOUND.index)
        if worst:
            verdicts = list(worst.values())
            tallies[profile] = {each: verdicts.count(each) for each in FOUND if each in verdicts}
    return tallies
