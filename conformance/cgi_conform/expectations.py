"""expect.toml: which cases a server is expected to fail, or is not tried with, and why.

A rule is a case glob with an outcome and a reason. An exact id beats a glob, a later rule an earlier one, a
file what it includes. A glob that matches no case of the corpus is stale, and turns the run red; so does a reason
that is still to be filled in.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cgi_conform.answer import Status
from cgi_conform.errors import UserError
from cgi_conform.results import CaseResult, Stale
from cgi_conform.schema import faults, read_toml
from cgi_conform.write import write_whole

_TO_FILL_IN = "??"  # begins a reason that nobody has given yet


@dataclass(frozen=True)
class Rule:
    """One entry: what is expected of the cases that the glob matches."""

    glob: str
    outcome: str  # fail | skip
    reason: str
    saw: Status | None = None
    when: str = ""  # root | user, "" for both
    file: str = ""

    @property
    def is_explained(self) -> bool:
        """Whether somebody has said why."""
        return not self.reason.startswith(_TO_FILL_IN)

    def matches(self, name: str) -> bool:
        return name == self.glob or fnmatchcase(name, self.glob)


def load_rules(path: Path, including: tuple[Path, ...] = ()) -> list[Rule]:
    """The rules of a file, after those of the files it includes."""
    path = path.absolute()
    shown = f"{path.parent.name}/{path.name}"
    if path in including:
        raise UserError(f"{shown}: includes itself")
    table = read_toml(path, shown)
    wrong = faults(table, "expect.schema.json")
    if wrong:
        raise UserError("\n".join(f"{shown}: {fault}" for fault in wrong))
    rules: list[Rule] = []
    for name in table.pop("include", []):
        included = (path.parent / name).resolve()
        if not included.exists():
            raise UserError(f'{shown}: includes "{name}", which does not exist')
        rules += load_rules(included, (*including, path))
    return rules + [Rule(glob, file=shown, **entry) for glob, entry in table.items()]


def rule_for(rules: Iterable[Rule], name: str, user: str) -> Rule | None:
    """The rule that applies to a case when the server is started by `user` (root or user)."""
    chosen: Rule | None = None
    for rule in rules:
        if rule.when in ("", user) and rule.matches(name):
            if chosen is None or rule.glob == name or chosen.glob != name:
                chosen = rule
    return chosen


def stale(rules: Iterable[Rule], names: Iterable[str]) -> list[Stale]:
    """The rules whose glob matches no case of the whole corpus."""
    known = list(names)
    return [
        {"glob": rule.glob, "reason": rule.reason, "file": rule.file}
        for rule in rules
        if not any(rule.matches(name) for name in known)
    ]


def write_rules(path: Path, results: Iterable[CaseResult], rules: Iterable[Rule], red: Iterable[str]) -> int:
    """Write the failures of a run as expectations, known reasons kept, others to be filled in; how many there are."""
    known = list(rules)
    entries: list[str] = []
    for case in results:
        rule = rule_for(known, case["id"], "root") or rule_for(known, case["id"], "user")
        if case["verdict"] == "skip" and rule is not None and rule.outcome == "skip":
            entries.append(_entry(case["id"], "skip", None, rule.reason))
        elif case["verdict"] == "expected" and rule is not None:
            entries.append(_entry(case["id"], "fail", rule.saw, rule.reason))
        elif case["verdict"] in red and case["mismatches"]:
            first = case["mismatches"][0]
            reason = f"{_TO_FILL_IN} {first['what']}: expected {first['expected']}, got {first['got']}"
            entries.append(_entry(case["id"], "fail", case["saw"], reason))
    write_whole(path, "\n".join(entries))
    return len(entries)


def _entry(name: str, outcome: str, saw: Status | None, reason: str) -> str:
    lines = [f'["{name}"]', f'outcome = "{outcome}"']
    if saw is not None:
        lines.append(f"saw     = {json.dumps(saw)}")
    clipped = reason if len(reason) <= 200 else reason[:199] + "…"
    lines.append(f"reason  = {_toml(clipped)}")
    return "\n".join(lines) + "\n"


def _toml(text: str) -> str:
    """A TOML string; a literal one where that needs no escapes."""
    return f"'{text}'" if "'" not in text and text.isprintable() else json.dumps(text, ensure_ascii=False)
