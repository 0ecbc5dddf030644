"""The page of a rule: its sentence, and for each case the bytes sent, the answer of every server, and how to repeat it.

Servers with the same verdict and the same octets stand together. The field Server may differ.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import Clause
from cgi_conform.cases.wording import asked
from cgi_conform.escaped import clipped
from cgi_conform.judging.matrix import FOUND, by_number, found
from cgi_conform.judging.results import CaseResult, Results
from cgi_conform.report.html import mismatch_view, octets
from cgi_conform.report.matrix.addresses import rule_page, server_page

_ROOM = 800  # characters of an exchange
_SERVER = re.compile(r"Server: .*?\\\\r", re.IGNORECASE)  # in the repr of printable text

Answers = Mapping[str, Mapping[str, Sequence[tuple[str, CaseResult]]]]  # case, profile: name of the server, its result


def answers_of(runs: Sequence[Results]) -> Answers:
    """Returns the results of each case in each profile, sorted by the name of the server."""
    found: dict[str, dict[str, list[tuple[str, CaseResult]]]] = {}
    for run in sorted(runs, key=lambda run: by_number(run["server"]["name"])):
        for case in run["cases"]:
            found.setdefault(case["id"], {}).setdefault(run["profile"], []).append((run["server"]["name"], case))
    return found


def rule_view(
    clause: Clause, names: Sequence[str], answers: Answers, cases: Mapping[str, Case], clauses: Mapping[str, Clause]
) -> dict[str, Any]:
    """Returns the values of a rule's page. `names` are the ids of the cases that cite it in some profile."""
    views = [_case(clause.id, name, answers[name], cases.get(name), clauses) for name in names]
    return {
        "clause": clause,
        "page": rule_page(clause.id),
        "area": clause.id.partition("/")[0],
        "cases": views,
        "levels": {
            profile: list(dict.fromkeys(one["level"] for view in views for one in view["profiles"] if one["profile"] == profile))
            for profile in PROFILES
        },
        "fields": {
            "profile": PROFILES,
            "verdict": FOUND,
        },
    }


def _case(
    rule: str,
    name: str,
    answers: Mapping[str, Sequence[tuple[str, CaseResult]]],
    case: Case | None,
    clauses: Mapping[str, Clause],
) -> dict[str, Any]:
    """Returns a case with its profiles that cite the rule."""
    profiles = [
        _in_profile(profile, answers[profile], case)
        for profile in PROFILES
        if profile in answers and rule in answers[profile][0][1]["clauses"]
    ]
    results = [result for each in answers.values() for _, result in each]
    shown = next((result for result in results if result["sent"]), results[0])
    return {
        "id": name,
        "titles": list(dict.fromkeys(one["title"] for one in profiles)),
        "others": [each for each in results[0]["clauses"] if each != rule and each in clauses],
        "needs": (*case.needs, *case.presupposes) if case is not None else (),
        "sent": [(each["connection"], octets(clipped(each["bytes"], _ROOM))) for each in shown["sent"]],
        "again": clipped(shown["again"], 4 * _ROOM),
        "curl": shown["curl"],
        "profiles": profiles,
    }


def _in_profile(profile: str, answers: Sequence[tuple[str, CaseResult]], case: Case | None) -> dict[str, Any]:
    first = answers[0][1]
    expectation = case.expect.get(profile) if case is not None else None
    groups: dict[tuple[str, str, str], list[tuple[str, CaseResult]]] = {}
    for server, result in answers:
        groups.setdefault(_likeness(result), []).append((server, result))
    ordered = sorted(groups.values(), key=lambda group: FOUND.index(found(group[0][1])))
    return {
        "profile": profile,
        "title": first["title"],
        "level": first["level"],
        "wanted": [(what, clipped(told, 300)) for what, told in asked(expectation)] if expectation is not None else [],
        "groups": [_group(group) for group in ordered],
    }


def _likeness(result: CaseResult) -> tuple[str, str, str]:
    """Returns what servers must have in common to stand together: verdict, octets, and mismatches or the reason.

    The field Server, which names each of them, does not count.
    """
    received = repr([(each["connection"], each["bytes"], each["end"]) for each in result["received"]])
    mismatches = repr([(each["what"], each["expected"], each["got"]) for each in result["mismatches"]])
    return found(result), _SERVER.sub("", received), _SERVER.sub("", mismatches) if result["received"] else result["note"]


def _group(group: Sequence[tuple[str, CaseResult]]) -> dict[str, Any]:
    result = group[0][1]
    notes: dict[str, list[str]] = {}
    for server, each in group:
        if each["note"]:
            notes.setdefault(each["note"], []).append(server)
    return {
        "verdict": found(result),
        "servers": [(server, server_page(server)) for server, _ in group],
        "notes": list(notes) if len(notes) == 1 else [f"{', '.join(names)}: {note}" for note, names in notes.items()],
        "mismatches": [mismatch_view(item) for item in result["mismatches"]],
        "received": [
            (each["connection"], octets(clipped(each["bytes"], _ROOM)), each["end"]) for each in result["received"]
        ],
    }
