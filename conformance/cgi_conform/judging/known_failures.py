"""Reads and writes expect.toml: the cases that a server is known to fail or that must be skipped, with reasons.

An entry is a glob of case ids with an outcome and a reason, or names a cause and lists its cases. An exact id wins over
a glob, a later entry over an earlier one, and a file over the files that it includes. The outcome "varies" is that of a
case that passes in some runs and fails in others: it is not tried, like one with the outcome "skip", and no case is tried
that presupposes it. Two errors turn the run red: a stale entry, whose glob matches no case, and a reason that still has
to be filled in. An entry with `since` or `before` applies only to some releases of the server, and is ignored for the
others.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cgi_conform.cases.answer import Status
from cgi_conform.cases.presuppositions import Direct, presupposed
from cgi_conform.errors import UserError
from cgi_conform.judging.releases import Release, has_change, named_twice, release_in
from cgi_conform.judging.results import CaseResult, Stale
from cgi_conform.schema import read_valid_toml
from cgi_conform.write import write_whole

_SAY_NOTHING = ("expected", "skip", "blocked", "error")  # verdicts that leave the entry of a case as it is
_TO_FILL_IN = "??"  # the start of a reason that a person still has to fill in


@dataclass(frozen=True)
class KnownFailure:
    """An entry of expect.toml for the cases that the glob matches."""

    glob: str
    outcome: str  # fail | skip | varies
    reason: str
    saw: Status | None = None
    when: str = ""  # root | user, "" for both
    file: str = ""
    since: tuple[str, ...] = ()  # the first release of each branch that it applies to: releases.py
    before: tuple[str, ...] = ()  # the first release of each branch that it no longer applies to

    @property
    def is_explained(self) -> bool:
        """Returns whether the reason has been filled in."""
        return not self.reason.startswith(_TO_FILL_IN)

    @property
    def is_tried(self) -> bool:
        return self.outcome == "fail"

    @property
    def note(self) -> str:
        """Returns the reason, which says of a case that varies that it does."""
        return f"varies: {self.reason}" if self.outcome == "varies" else self.reason

    def matches(self, name: str) -> bool:
        return name == self.glob or fnmatchcase(name, self.glob)

    def holds_for(self, release: Release | None) -> bool:
        """Returns whether the entry applies to a release.

        With `since` or `before`, it does not apply to an unknown release.
        """
        if release is None:
            return not (self.since or self.before)
        is_there = not self.since or has_change(release, self.since)
        return is_there and not (self.before and has_change(release, self.before))


def load_known_failures(path: Path, including: tuple[Path, ...] = ()) -> list[KnownFailure]:
    """Returns the entries of a file, after those of the files that it includes."""
    shown, path = f'"{path}"', path.absolute()
    if path in including:
        raise UserError(f"{shown}: includes itself")
    table = read_valid_toml(path, shown, "expect.schema.json")
    rules: list[KnownFailure] = []
    for name in table.pop("include", []):
        included = (path.parent / name).resolve()
        if not included.exists():
            raise UserError(f'{shown}: includes "{name}", which does not exist')
        rules += load_known_failures(included, (*including, path))
    for glob, entry in table.items():
        for each in entry if isinstance(entry, list) else [entry]:
            more = {key: value for key, value in each.items() if key != "cases"}
            rules += [_rule(case, path, shown, more) for case in each.get("cases", [glob])]
    return rules


def _rule(glob: str, path: Path, shown: str, entry: Mapping[str, Any]) -> KnownFailure:
    bounds: dict[str, tuple[str, ...]] = {}
    for key in ("since", "before"):
        named = entry.get(key, [])
        bounds[key] = tuple([named] if isinstance(named, str) else named)
        if twice := named_twice(bounds[key]):
            raise UserError(f'{shown}: "{glob}.{key}" names the branch of "{twice}" twice (name only its first release)')
    return KnownFailure(glob, file=f"{path.parent.name}/{path.name}", **{**entry, **bounds})


def in_release(rules: Iterable[KnownFailure], version: str) -> tuple[KnownFailure, ...]:
    """Returns the entries that apply to the release in a server's version."""
    release = release_in(version)
    return tuple(rule for rule in rules if rule.holds_for(release))


def with_dependents(rules: Sequence[KnownFailure], named: Direct, user: str) -> tuple[KnownFailure, ...]:
    """Returns the entries, and one for each case that presupposes a case that varies: it varies for the same reason.

    `named` holds the presuppositions that each case names.
    """
    needed = {each for names in named.values() for each in names}
    chosen = {name: rule for name in needed if (rule := known_failure_of(rules, name, user)) and rule.outcome == "varies"}
    found: list[KnownFailure] = []
    for name in named if chosen else ():
        if first := next((each for each in presupposed([name], named) if each in chosen), ""):
            rule = chosen[first]
            found.append(KnownFailure(name, "varies", f"presupposes {first}: {rule.reason}", file=rule.file))
    return (*rules, *found)


def release_note(name: str, version: str, checked: Sequence[str], rules: Iterable[KnownFailure]) -> str:
    """Returns a line if the known failures may be wrong for the server's release, or ""."""
    release = release_in(version)
    if release is None and any(not rule.holds_for(None) for rule in rules):
        return f'{name}: release unknown, so that expectations with "since" or "before" are left out'
    if release is None or not checked or release in map(release_in, checked):
        return ""
    known = " and ".join(filter(None, [", ".join(checked[:-1]), checked[-1]]))
    return f"{name} ({version}): unknown release; expectations were checked with {known}, and may be out of date"


def known_failure_of(rules: Iterable[KnownFailure], name: str, user: str) -> KnownFailure | None:
    """Returns the entry for a case if `user` (root or user) started the server, or None."""
    chosen: KnownFailure | None = None
    for rule in rules:
        if rule.when in ("", user) and rule.matches(name):
            if chosen is None or rule.glob == name or chosen.glob != name:
                chosen = rule
    return chosen


def stale(rules: Iterable[KnownFailure], names: Iterable[str]) -> list[Stale]:
    """Returns the stale entries, whose globs match none of these names."""
    known = list(names)
    return [
        {"glob": rule.glob, "reason": rule.reason, "file": rule.file}
        for rule in rules
        if not any(rule.matches(name) for name in known)
    ]


def write_known_failures(
    path: Path,
    results: Iterable[CaseResult],
    rules: Sequence[KnownFailure],
    red: Collection[str],
    names: Iterable[str] = (),
    user: str = "root",
) -> int:
    """Writes the failures of a run as known failures, and returns how many entries the file has.

    Keeps the entries that this run says nothing about: those of cases that it has not judged, of all in `names`, and
    those for the other user than `user`, who started the server. A person must fill in new reasons.
    """
    found = {case["id"]: case for case in results}
    other = "user" if user == "root" else "root"
    entries: list[str] = []
    for name in dict.fromkeys([*found, *names]):
        mine, others = known_failure_of(rules, name, user), known_failure_of(rules, name, other)
        written: list[KnownFailure] = []
        if name in found and found[name]["verdict"] in red and found[name]["mismatches"]:
            written.append(_new_entry(found[name]))
        elif mine and (name not in found or found[name]["verdict"] in _SAY_NOTHING):
            written.append(replace(mine, glob=name))
        if others and others.when:
            written.append(replace(others, glob=name))
        entries += [_entry(rule, several=len(written) > 1) for rule in written]
    write_whole(path, "\n".join(entries))
    return len(entries)


def _new_entry(case: CaseResult) -> KnownFailure:
    first = case["mismatches"][0]
    reason = f"{_TO_FILL_IN} {first['what']}: expected {first['expected']}, got {first['got']}"
    return KnownFailure(case["id"], "fail", reason, case["saw"])


def _entry(rule: KnownFailure, *, several: bool) -> str:
    lines = [f'[["{rule.glob}"]]' if several else f'["{rule.glob}"]', *_bounds(rule), f'outcome = "{rule.outcome}"']
    if rule.saw is not None:
        lines.append(f"saw     = {json.dumps(rule.saw)}")
    clipped = rule.reason if len(rule.reason) <= 200 else rule.reason[:199] + "…"
    lines.append(f"reason  = {_toml(clipped)}")
    return "\n".join(lines) + "\n"


def _bounds(rule: KnownFailure) -> Iterator[str]:
    if rule.when:
        yield f'when    = "{rule.when}"'
    for key, firsts in (("since", rule.since), ("before", rule.before)):
        if firsts:
            yield f"{key:7} = {json.dumps(firsts[0] if len(firsts) == 1 else firsts)}"


def _toml(text: str) -> str:
    """Returns the text as a TOML string: a literal string if possible, else one with escapes."""
    if "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
