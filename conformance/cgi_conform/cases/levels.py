"""Loads the levels that a new server reaches one after the other (fixtures/levels.toml), and finds their cases."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.schema import read_valid_toml


@dataclass(frozen=True)
class Level:
    """A level. `about` says what a server at this level can do; `leaves` names cases of its topics for later levels."""

    name: str
    about: str
    adds: tuple[str, ...]
    leaves: tuple[str, ...] = ()
    recommended: bool = False

    def counts(self, case: Case, profile: str) -> bool:
        """Returns whether the level includes the case."""
        if profile not in case.expect or not any(fnmatchcase(case.topic, glob) for glob in self.adds):
            return False
        if any(fnmatchcase(case.id, glob) for glob in self.leaves):
            return False
        return case.expect[profile].level in ("required", *["recommended"] * self.recommended)


def load_levels(path: Path) -> tuple[Level, ...]:
    """Returns the levels in order."""
    table = read_valid_toml(path, path.name, "levels.schema.json")
    return tuple(
        Level(
            entry["name"],
            entry["about"],
            tuple(entry["adds"]),
            tuple(entry.get("leaves", ())),
            entry.get("recommended", False),
        )
        for entry in table["level"]
    )


def climbed(levels: Sequence[Level], cases: Iterable[Case], profile: str) -> list[tuple[Level, list[Case]]]:
    """Returns each level with the cases that it adds, in the order in which the level names their topics."""
    left = list(cases)
    found: list[tuple[Level, list[Case]]] = []
    for level in levels:
        mine = [case for case in left if level.counts(case, profile)]
        left = [case for case in left if case not in mine]
        mine.sort(key=lambda case: next(i for i, glob in enumerate(level.adds) if fnmatchcase(case.topic, glob)))
        found.append((level, mine))
    return found
