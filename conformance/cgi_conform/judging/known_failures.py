"""expect.toml: which cases a server is expected to fail, or is not tried with, and why.

A rule is a case glob with an outcome and a reason. An exact id beats a glob, a later rule an earlier one, a
file what it includes. A glob that matches no case of the corpus is stale, and turns the run red; so does a reason
that is still to be filled in. A rule with `since` or `before` holds for some releases of the server only, and is
as if it were not there for the others.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cgi_conform.cases.answer import Status
from cgi_conform.errors import UserError
from cgi_conform.judging.releases import Release, has_change, named_twice, release_in
from cgi_conform.judging.results import CaseResult, Stale
from cgi_conform.schema import faults, read_toml
from cgi_conform.write import write_whole

_TO_FILL_IN = "??"  # begins a reason that nobody has given yet


@dataclass(frozen=True)
class KnownFailure:
    """One entry: what is expected of the cases that the glob matches."""

    glob: str
    outcome: str  # fail | skip
    reason: str
    saw: Status | None = None
    when: str = ""  # root | user, "" for both
    file: str = ""
    since: tuple[str, ...] = ()  # the first releases, one per branch, that it holds for: releases.py
    before: tuple[str, ...] = ()  # the first releases that it no longer holds for

    @property
    def is_explained(self) -> bool:
        """Returns whether somebody has said why."""
        return not self.reason.startswith(_TO_FILL_IN)

    def matches(self, name: str) -> bool:
        return name == self.glob or fnmatchcase(name, self.glob)

    def holds_for(self, release: Release | None) -> bool:
        """Returns whether the rule holds for that release. A rule with a bound does not hold for an unknown release."""
        if release is None:
            return not (self.since or self.before)
        is_there = not self.since or has_change(release, self.since)
        return is_there and not (self.before and has_change(release, self.before))


def load_known_failures(path: Path, including: tuple[Path, ...] = ()) -> list[KnownFailure]:
    """Returns the rules of a file, after those of the files it includes."""
    path = path.absolute()
    shown = f"{path.parent.name}/{path.name}"
    if path in including:
        raise UserError(f"{shown}: includes itself")
    table = read_toml(path, shown)
    wrong = faults(table, "expect.schema.json")
    if wrong:
        raise UserError("\n".join(f"{shown}: {fault}" for fault in wrong))
    rules: list[KnownFailure] = []
    for name in table.pop("include", []):
        included = (path.parent / name).resolve()
        if not included.exists():
            raise UserError(f'{shown}: includes "{name}", which does not exist')
        rules += load_known_failures(included, (*including, path))
    for glob, entry in table.items():
        rules += [_rule(glob, shown, each) for each in (entry if isinstance(entry, list) else [entry])]
    return rules


def _rule(glob: str, shown: str, entry: Mapping[str, Any]) -> KnownFailure:
    bounds: dict[str, tuple[str, ...]] = {}
    for key in ("since", "before"):
        named = entry.get(key, [])
        bounds[key] = tuple([named] if isinstance(named, str) else named)
        if twice := named_twice(bounds[key]):
            raise UserError(f'{shown}: "{glob}.{key}" names the branch of "{twice}" twice: the first release is enough')
    return KnownFailure(glob, file=shown, **{**entry, **bounds})


def in_release(rules: Iterable[KnownFailure], version: str) -> tuple[KnownFailure, ...]:
    """Returns the rules that hold for the release that a server's version names."""
    release = release_in(version)
    return tuple(rule for rule in rules if rule.holds_for(release))


def release_note(name: str, version: str, checked: Sequence[str], rules: Iterable[KnownFailure]) -> str:
    """Returns a line for a run whose expectations may be wrong because of the server's release, or ""."""
    release = release_in(version)
    if release is None and any(not rule.holds_for(None) for rule in rules):
        return f'{name}: release unknown, so that expectations with "since" or "before" are left out'
    if release is None or not checked or release in map(release_in, checked):
        return ""
    known = " and ".join(filter(None, [", ".join(checked[:-1]), checked[-1]]))
    return f"{name} ({version}): unknown release; expectations were checked with {known}, and may be out of date"


def known_failure_of(rules: Iterable[KnownFailure], name: str, user: str) -> KnownFailure | None:
    """Returns the rule that applies to a case when the server is started by `user` (root or user)."""
    chosen: KnownFailure | None = None
    for rule in rules:
        if rule.when in ("", user) and rule.matches(name):
            if chosen is None or rule.glob == name or chosen.glob != name:
                chosen = rule
    return chosen


def stale(rules: Iterable[KnownFailure], names: Iterable[str]) -> list[Stale]:
    """Returns the rules whose glob matches no case of the whole corpus."""
    known = list(names)
    return [
        {"glob": rule.glob, "reason": rule.reason, "file": rule.file}
        for rule in rules
        if not any(rule.matches(name) for name in known)
    ]


def write_known_failures(path: Path, results: Iterable[CaseResult], rules: Iterable[KnownFailure], red: Iterable[str]) -> int:
    """Write the failures of a run as expectations, known reasons kept, others to be filled in; how many there are."""
    known = list(rules)
    entries: list[str] = []
    for case in results:
        rule = known_failure_of(known, case["id"], "root") or known_failure_of(known, case["id"], "user")
        if case["verdict"] == "skip" and rule is not None and rule.outcome == "skip":
            entries.append(_entry(case["id"], "skip", None, rule.reason, rule))
        elif case["verdict"] == "expected" and rule is not None:
            entries.append(_entry(case["id"], "fail", rule.saw, rule.reason, rule))
        elif case["verdict"] in red and case["mismatches"]:
            first = case["mismatches"][0]
            reason = f"{_TO_FILL_IN} {first['what']}: expected {first['expected']}, got {first['got']}"
            entries.append(_entry(case["id"], "fail", case["saw"], reason))
    write_whole(path, "\n".join(entries))
    return len(entries)


def _entry(name: str, outcome: str, saw: Status | None, reason: str, known: KnownFailure | None = None) -> str:
    lines = [f'["{name}"]', *(_bounds(known) if known else ()), f'outcome = "{outcome}"']
    if saw is not None:
        lines.append(f"saw     = {json.dumps(saw)}")
    clipped = reason if len(reason) <= 200 else reason[:199] + "…"
    lines.append(f"reason  = {_toml(clipped)}")
    return "\n".join(lines) + "\n"


def _bounds(rule: KnownFailure) -> Iterator[str]:
    for key, firsts in (("since", rule.since), ("before", rule.before)):
        if firsts:
            yield f"{key:7} = {json.dumps(firsts[0] if len(firsts) == 1 else firsts)}"


def _toml(text: str) -> str:
    """Returns a TOML string; a literal one where that needs no escapes."""
    return f"'{text}'" if "'" not in text and text.isprintable() else json.dumps(text, ensure_ascii=False)
