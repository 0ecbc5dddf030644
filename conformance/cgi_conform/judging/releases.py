"""Releases of a server: what a version says, and which of them have a change that landed in several branches.

A branch is the first two numbers of a release. CPython mends several branches at once, so that a change has a list of
first releases, one per branch: ["3.10.12", "3.11.4", "3.12"]. A release has the change if it is as new as the newest of
the list, or as new as the one of its own branch: 3.10.13, 3.11.4 and 3.13.0 have it, 3.9.18 and 3.11.2 do not.
"""

import re
from collections.abc import Iterable

Release = tuple[int, int, int, int]

_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)+")


def release_in(text: str) -> Release | None:
    """Returns the first release that a text names; what follows the numbers counts for nothing.

    "Python 3.14.0rc1" is 3.14.0, "Python 3.13.5+deb" is 3.13.5, and "sh" is none.
    """
    found = _NUMBERS.search(text)
    return _padded(found[0]) if found else None


def branch(release: Release) -> tuple[int, int]:
    """Returns the numbers that all patch releases of a branch share."""
    return release[:2]


def dotted(release: Release) -> str:
    """Returns a release as it is written: three numbers, or four where the last counts."""
    return ".".join(map(str, release if release[3] else release[:3]))


def has_change(release: Release, firsts: Iterable[str]) -> bool:
    """Tells whether a release has the change whose first releases are given, one per branch."""
    starts = [_padded(first) for first in firsts]
    return release >= max(starts) or any(release >= start and branch(release) == branch(start) for start in starts)


def named_twice(firsts: Iterable[str]) -> str:
    """Returns the first release in the list whose branch another one before it has, or ""."""
    seen: set[tuple[int, int]] = set()
    for first in firsts:
        if branch(_padded(first)) in seen:
            return first
        seen.add(branch(_padded(first)))
    return ""


def _padded(text: str) -> Release:
    numbers = [int(digits) for digits in text.split(".")][:4]
    first, second, third, fourth = numbers + [0] * (4 - len(numbers))
    return first, second, third, fourth
