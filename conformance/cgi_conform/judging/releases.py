"""Compares releases of a server, and tells which releases contain a change that was made in several branches.

A branch is the first two numbers of a release. CPython fixes several branches at once, so a change has a list of first
releases, one for each branch, for example ["3.10.12", "3.11.4", "3.12"]. A release has the change in two cases: it is
not older than the newest release in the list, or not older than the release of its own branch in the list. In the
example, 3.10.13, 3.11.4 and 3.13.0 have the change; 3.9.18 and 3.11.2 do not.
"""

import re
from collections.abc import Iterable

Release = tuple[int, int, int, int]

_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)+")


def release_in(text: str) -> Release | None:
    """Returns the first release in a text, or None. Ignores what follows the numbers.

    "Python 3.14.0rc1" contains 3.14.0, "Python 3.13.5+deb" contains 3.13.5, and "sh" contains none.
    """
    found = _NUMBERS.search(text)
    return _padded(found[0]) if found else None


def branch(release: Release) -> tuple[int, int]:
    """Returns the branch of a release."""
    return release[:2]


def dotted(release: Release) -> str:
    """Returns a release as text: three numbers, or four if the last is not 0."""
    return ".".join(map(str, release if release[3] else release[:3]))


def has_change(release: Release, firsts: Iterable[str]) -> bool:
    """Returns whether a release has the change with these first releases."""
    starts = [_padded(first) for first in firsts]
    return release >= max(starts) or any(release >= start and branch(release) == branch(start) for start in starts)


def named_twice(firsts: Iterable[str]) -> str:
    """Returns the first release in the list whose branch is already there, or ""."""
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
