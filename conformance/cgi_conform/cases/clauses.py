"""Loads the clauses that cases are judged by, and finds clauses without cases and cases without clauses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.schema import read_valid_toml

_RFCS = ("rfc3875", "rfc9110", "rfc9112")


@dataclass(frozen=True)
class Clause:
    """A rule: its source, its level there (must, should, …), and its text in our own words.

    `unreached` gives the reason why no case can test it.
    """

    id: str
    source: str
    level: str
    text: str
    link: str
    unreached: str = ""
    hole: str = ""  # what an attacker gains where the rule is broken


def load_clauses(path: Path) -> dict[str, Clause]:
    """Returns the clauses of clauses.toml by id."""
    table = read_valid_toml(path, path.name, "clauses.schema.json")
    return {name: Clause(name, **entry) for name, entry in table.items()}


def unmatched(clauses: Mapping[str, Clause], cases: Iterable[Case]) -> list[str]:
    """Returns a line for each clause without a case or a reason, each with both, and each case without a clause."""
    wrong: list[str] = []
    reached: set[str] = set()
    for case in cases:
        reached.update(case.clauses)
        for profile in case.expect:
            if not case.clauses_in(profile):
                wrong.append(f'case "{case.id}" names no clause for {profile}')
        for name in case.clauses:
            if name not in clauses:
                wrong.append(f'case "{case.id}": unknown clause "{name}"{did_you_mean(name, sorted(clauses))}')
    for clause in clauses.values():
        if clause.id not in reached and not clause.unreached:
            wrong.append(f'clause "{clause.id}" is reached by no case (add one, or give the reason: unreached = "…")')
        if clause.id in reached and clause.unreached:
            wrong.append(f'clause "{clause.id}" is reached by a case, but has a reason in "unreached" (remove it)')
    return wrong


def unjudged(clauses: Mapping[str, Clause], cases: Iterable[Case]) -> list[str]:
    """Returns a line for each clause with "must" or "should" that only observed cases cite."""
    levels: dict[str, set[str]] = {}
    for case in cases:
        for profile, expectation in case.expect.items():
            for name in case.clauses_in(profile):
                levels.setdefault(name, set()).add(expectation.level)
    return [
        f'clause "{clause.id}" says {clause.level}, but only observed cases cite it '
        "(cite it in a required or recommended case)"
        for clause in clauses.values()
        if clause.level in ("must", "should") and levels.get(clause.id) == {"observed"}
    ]


def undefended(clauses: Mapping[str, Clause], cases: Iterable[Case]) -> list[str]:
    """Returns a line for each case that is required in rfc3875, although no RFC says must and no hole is named."""
    return [
        f'case "{case.id}" is required in rfc3875, and its clauses name neither a must of an RFC nor a hole '
        '(cite one that does, add hole = "…" to the clause, or lower the level)'
        for case in cases
        if "rfc3875" in case.expect and case.expect["rfc3875"].level == "required"
        if not any(_defends(clauses[name]) for name in case.clauses_in("rfc3875") if name in clauses)
    ]


def _defends(clause: Clause) -> bool:
    """Returns whether a server that breaks the clause breaks a must of an RFC, or has a security hole."""
    return bool(clause.hole) or (clause.source in _RFCS and clause.level == "must")
