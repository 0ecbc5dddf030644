"""What other projects test about servers of this kind, and the cases that ask the same.

fixtures/peers.toml lists their tests; a case names the ones it answers to in `see`, as "PROJECT TEST".  Anything else
in `see` (a CVE, a section of an RFC) is left alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.errors import UserError
from cgi_conform.schema import faults, read_toml


@dataclass(frozen=True)
class Project:
    """The tests of a project, and why no case can ask what some of them ask."""

    name: str
    link: str
    tests: tuple[str, ...]
    unreached: Mapping[str, str] = field(default_factory=dict)


def load_peers(path: Path) -> dict[str, Project]:
    """The projects of peers.toml by name."""
    table = read_toml(path, path.name)
    wrong = faults(table, "peers.schema.json")
    if wrong:
        raise UserError("\n".join(f"{path.name}: {fault}" for fault in wrong))
    return {
        name: Project(name, entry["link"], tuple(entry["tests"]), entry.get("unreached", {}))
        for name, entry in table.items()
    }


def answered(peers: Mapping[str, Project], cases: Iterable[Case]) -> dict[tuple[str, str], list[str]]:
    """(project, test) -> the cases that name it; every listed test is there."""
    found: dict[tuple[str, str], list[str]] = {
        (project.name, test): [] for project in peers.values() for test in project.tests
    }
    for case in cases:
        for project, test in _named(peers, case):
            found.setdefault((project, test), []).append(case.id)
    return found


def strays(peers: Mapping[str, Project], cases: Iterable[Case]) -> list[str]:
    """What is wrong in either direction: a test without a case, a case that names a test nobody knows."""
    cases = list(cases)
    wrong: list[str] = []
    for case in cases:
        for project, test in _named(peers, case):
            known = peers[project].tests
            if test in peers[project].unreached:
                wrong.append(f'{project} test "{test}" is answered by case "{case.id}", yet says why none can')
            elif test not in known:
                wrong.append(f'case "{case.id}": {project} has no test "{test}"{did_you_mean(test, list(known))}')
    for (project, test), names in answered(peers, cases).items():
        if not names:
            wrong.append(f'{project} test "{test}" is answered by no case (name it in `see`, or say why not)')
    return wrong


def _named(peers: Mapping[str, Project], case: Case) -> list[tuple[str, str]]:
    words = [text.partition(" ") for text in case.see]
    return [(project, test) for project, _, test in words if project in peers]
