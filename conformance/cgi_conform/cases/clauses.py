"""The clauses that cases are judged by, and whether cases and clauses reach each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.errors import UserError
from cgi_conform.schema import faults, read_toml


@dataclass(frozen=True)
class Clause:
    """One rule: where it stands, how binding it is there, and what it says in our own words."""

    id: str
    source: str
    level: str
    text: str
    link: str
    unreached: str = ""
    hole: str = ""  # what an attacker gains where the rule is broken


def load_clauses(path: Path) -> dict[str, Clause]:
    """Returns the clauses of clauses.toml by id."""
    table = read_toml(path, path.name)
    wrong = faults(table, "clauses.schema.json")
    if wrong:
        raise UserError("\n".join(f"{path.name}: {fault}" for fault in wrong))
    return {name: Clause(name, **entry) for name, entry in table.items()}


def unmatched(clauses: Mapping[str, Clause], cases: Iterable[Case]) -> list[str]:
    """Returns what is wrong in either direction: a clause no case reaches (nor says why), a case without a clause."""
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
            wrong.append(f'clause "{clause.id}" is reached by no case (or say why none can: unreached = "…")')
        if clause.id in reached and clause.unreached:
            wrong.append(f'clause "{clause.id}" is reached by a case, yet says it is unreached')
    return wrong


def unjudged(clauses: Mapping[str, Clause], cases: Iterable[Case]) -> list[str]:
    """Returns a line for each clause with "must" or "should" that only claims to be reached: its cases just observe."""
    levels: dict[str, set[str]] = {}
    for case in cases:
        for profile, expectation in case.expect.items():
            for name in case.clauses_in(profile):
                levels.setdefault(name, set()).add(expectation.level)
    return [
        f'clause "{clause.id}" says {clause.level}, and the cases that cite it only observe '
        "(cite it where a server fails for breaking it)"
        for clause in clauses.values()
        if clause.level in ("must", "should") and levels.get(clause.id) == {"observed"}
    ]
