"""Divides a run into parts for several machines (`--shard I/N`).

A hash of its id decides the part of a case, so each machine has the same parts. This hash is not the CRC of `--sample`:
the CRCs of a sample have a common divisor, and all its cases could be in one part.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cgi_conform.cases.case import Case
from cgi_conform.cases.digest import digest
from cgi_conform.errors import UserError


@dataclass(frozen=True)
class PartOfRun:
    """A part of a run: the first one of three is 1/3."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def holds(self, name: str) -> bool:
        """Returns whether a case belongs to this part."""
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % self.count == self.number - 1


def part_of_run(word: str) -> PartOfRun:
    """Returns the part that the value of --shard names."""
    found = re.fullmatch("([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", word)
    if found is None or int(found[1]) > int(found[2]):
        raise UserError(f'--shard "{word}" is not of the form I/N with I from 1 to N (the first of three parts: --shard 1/3)')
    return PartOfRun(int(found[1]), int(found[2]))


def digest_of_choice(cases: Iterable[Case], profile: str) -> str:
    """Returns a digest of the cases of all parts."""
    return digest(sorted([case.id, case.digests[profile]] for case in cases))
