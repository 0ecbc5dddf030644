"""Matches the tests of other projects with the cases that test the same.

fixtures/peers.toml lists the tests. A case names the tests that it covers in `see`, as "PROJECT TEST". This module
ignores other texts in `see`, such as a CVE or a section of an RFC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.schema import read_valid_toml


@dataclass(frozen=True)
class Project:
    """A project with its tests. `unreached` gives for some of its other tests the reason why no case covers them."""

    name: str
    link: str
    tests: tuple[str, ...]
    unreached: Mapping[str, str] = field(default_factory=dict)


def load_peers(path: Path) -> dict[str, Project]:
    """Returns the projects of peers.toml by name."""
    table = read_valid_toml(path, path.name, "peers.schema.json")
    return {
        name: Project(name, entry["link"], tuple(entry["tests"]), entry.get("unreached", {}))
        for name, entry in table.items()
    }


def answered(peers: Mapping[str, Project], cases: Iterable[Case]) -> dict[tuple[str, str], list[str]]:
    """Returns the ids of the cases that name each test, by (project, test). Every listed test has an entry."""
    found: dict[tuple[str, str], list[str]] = {
        (project.name, test): [] for project in peers.values() for test in project.tests
    }
    for case in cases:
        for project, test in _named(peers, case):
            found.setdefault((project, test), []).append(case.id)
    return found


def strays(peers: Mapping[str, Project], cases: Iterable[Case]) -> list[str]:
    """Returns a line for each test without a case, and for each case that names a test that is not listed."""
    cases = list(cases)
    wrong: list[str] = []
    for case in cases:
        for project, test in _named(peers, case):
            known = peers[project].tests
            if test in peers[project].unreached:
                wrong.append(f'{project} test "{test}" is covered by case "{case.id}", but has a reason in "unreached" (remove it)')
            elif test not in known:
                wrong.append(f'case "{case.id}": {project} has no test "{test}"{did_you_mean(test, list(known))}')
    for (project, test), names in answered(peers, cases).items():
        if not names:
            wrong.append(f'{project} test "{test}" is covered by no case (name it in the `see` of one, or give the reason in "unreached")')
    return wrong


def _named(peers: Mapping[str, Project], case: Case) -> list[tuple[str, str]]:
    words = [text.partition(" ") for text in case.see]
    return [(project, test) for project, _, test in words if project in peers]
