"""The sentence a case is judged by, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from cgi_conform.cases.clauses import Clause
from cgi_conform.judging.results import CaseResult


@dataclass(frozen=True)
class Rule:
    """One clause as reports show it."""

    id: str
    text: str
    link: str
    level: str


def rules(case: CaseResult, clauses: Mapping[str, Clause]) -> list[Rule]:
    """The clauses of a case, first the one it is chiefly about; an unknown id keeps its name."""
    return [_rule(name, clauses.get(name)) for name in case["clauses"]]


def _rule(name: str, clause: Clause | None) -> Rule:
    return Rule(name, "", "", "") if clause is None else Rule(name, clause.text, clause.link, clause.level)
