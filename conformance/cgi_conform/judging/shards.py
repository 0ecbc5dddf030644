"""Divides a run into parts for several machines (`--shard I/N`), and merges the results of the parts.

A hash of its id decides the part of a case, so each machine has the same parts. This hash is not the CRC of `--sample`:
the CRCs of a sample have a common divisor, and all its cases could be in one part.

A part also tries the cases that its own ones presuppose. One of these that blocks others stands in the results of each
part where it does so. The merged results have it once. They are those of a run without parts, to the octet.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.digest import digest
from cgi_conform.errors import UserError
from cgi_conform.judging.results import CaseResult, Results, assembled, red_verdicts, started_by

PartFile = tuple[Path, Results]

# The parts of one run have these values in common.
_ALIKE: Mapping[str, Callable[[Results], object]] = {
    "server": lambda run: run["server"]["name"],
    "server version": lambda run: run["server"]["version"],
    "profile": lambda run: run["profile"],
    "version of cgi-conform": lambda run: run["suite"]["version"],
    "number of parts": lambda run: run["shard"]["parts"],
    "delivery": lambda run: run["shard"]["delivery"],
    "script suffix": lambda run: run["shard"]["suffix"],
    "user": started_by,
    "choice of cases": lambda run: run["shard"]["chosen"],
    "number of cases": lambda run: run["suite"]["cases"],
}


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


def merged(files: Sequence[PartFile], strict: bool = False, strict_observed: bool = False) -> Results:
    """Returns the results of the whole run. UserError if the files are not its parts, each one once."""
    _check(files)
    runs = [run for _, run in sorted(files, key=lambda file: file[1]["shard"]["part"])]
    red = {verdict for run in runs for verdict in red_verdicts(run)}
    stale = {(entry["file"], entry["glob"], entry["reason"]): entry for run in runs for entry in run["stale"]}
    reasons = [reason for run in runs if "incomplete" in run for reason in run["incomplete"].split("; ")]
    results = assembled(
        runs[0]["server"],
        runs[0]["profile"],
        runs[0]["user"],
        runs[0]["suite"]["cases"],
        _cases(files),
        stale.values(),
        strict or "warn" in red,
        strict_observed or "differs" in red,
        "; ".join(dict.fromkeys(reasons)),
    )
    results["suite"] = runs[0]["suite"]
    return results


def _check(files: Sequence[PartFile]) -> None:
    """Raises UserError if the files are not the parts of one run, each one once."""
    places: dict[int, Path] = {}
    first, of_first = files[0]
    for path, run in files:
        if "shard" not in run:
            raise UserError(f'"{path}" holds no part of a run: it has no "shard" (cgi-conform run --shard I/N makes a part)')
        for what, value in _ALIKE.items():
            if value(run) != value(of_first):
                told = f'"{path}" has the {what} "{value(run)}", but "{first}" has "{value(of_first)}"'
                raise UserError(f"{told} (run all parts with the same server, cases and options)")
        part = _part(run)
        if other := places.get(part.number):
            raise UserError(f'"{other}" and "{path}" both hold part "{part}" (name only one of them)')
        places[part.number] = path
    count = of_first["shard"]["parts"]
    if missing := [f'"{PartOfRun(number, count)}"' for number in range(1, count + 1) if number not in places]:
        which = ("parts " if missing[1:] else "part ") + ", ".join(missing)
        raise UserError(f'no file holds {which} of the run in "{first}" (run it with --shard, and name all results.json files)')


def _cases(files: Iterable[PartFile]) -> Iterable[CaseResult]:
    """Returns the cases of all parts.

    A case that blocks others may stand in several files. The result that blocks wins, in case the server answered
    differently on one machine.
    """
    found: dict[str, tuple[Path, CaseResult]] = {}
    for path, run in files:
        blocking = {case.get("blocked") for case in run["cases"]}
        for case in run["cases"]:
            name, is_own = case["id"], _part(run).holds(case["id"])
            other, earlier = found.get(name, (None, case))
            if other == path or not (is_own or name in blocking):
                raise UserError(f'"{path}": case "{name}" stands there twice or belongs to another part (run this part again)')
            if case.get("digest") != earlier.get("digest"):
                told = f'case "{name}" has the digest "{case.get("digest")}" in "{path}", and "{earlier.get("digest")}" in "{other}"'
                raise UserError(f"{told} (run all parts with the same cases)")
            if other is None or not is_own:
                found[name] = path, case
    return [case for _, case in found.values()]


def _part(run: Results) -> PartOfRun:
    return PartOfRun(run["shard"]["part"], run["shard"]["parts"])
