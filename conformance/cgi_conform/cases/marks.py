"""Finds marks: comments `rule: ID, ID` that say which clauses the code in server/ and conformance/faulty/ implements.

A mark ends at the end of the line, or at the parenthesis that names an RFC: `rule: ID, ID  (RFC 3875 6.3)`. Each line
of rules needs a mark.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cgi_conform.did_you_mean import did_you_mean

FOLDERS = ("server", "conformance/faulty")
_SUFFIXES = (".cc", ".h", ".py")
_MARK = re.compile(r"(?:^|\s)rule: ([^(]*)")


@dataclass(frozen=True)
class Mark:
    """A clause id in a comment."""

    rule: str
    place: str  # FILE:LINE, relative to the checkout


def all_marks(checkout: Path) -> list[Mark]:
    """Returns the marks in a checkout, ordered by file and line."""
    return [mark for folder in FOLDERS for path in _sources(checkout / folder) for mark in _of_file(path, checkout)]


def dead(marks: Iterable[Mark], clauses: Iterable[str]) -> list[str]:
    """Returns a line for each mark that names no clause."""
    known = sorted(clauses)
    return [
        f'{mark.place}: mark "rule: {mark.rule}" names no clause{did_you_mean(mark.rule, known)}'
        for mark in marks
        if mark.rule not in known
    ]


def _sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES)


def _of_file(path: Path, checkout: Path) -> Iterator[Mark]:
    shown = path.relative_to(checkout).as_posix()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        for found in _MARK.finditer(line):
            for rule in found[1].split(","):
                yield Mark(rule.strip().removesuffix('"""'), f"{shown}:{number}")
