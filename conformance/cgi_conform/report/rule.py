"""The clauses of a case as reports show them: id, text, link and level."""

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
    """Returns the clauses of a case, the main one first. An unknown id has no text and no link."""
    return [_rule(name, clauses.get(name)) for name in case["clauses"]]


def _rule(name: str, clause: Clause | None) -> Rule:
    return Rule(name, "", "", "") if clause is None else Rule(name, clause.text, clause.link, clause.level)
