"""Marks: comments `rule: ID, ID` of the code that implements a clause, in server/ and conformance/faulty/.

A mark ends with its line, or at the parenthesis that names an RFC: `rule: ID, ID  (RFC 3875 6.3)`. More rules need a
mark of their own on the next line.
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
    """One clause id in one comment."""

    rule: str
    place: str  # FILE:LINE, below the checkout


def all_marks(checkout: Path) -> list[Mark]:
    """Returns the marks of a checkout, by file and line."""
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
