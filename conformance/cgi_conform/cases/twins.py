"""Finds twins: two cases that send the same octets and name the same fault in a profile. One of them is redundant."""

from collections.abc import Hashable, Iterable, Mapping

from cgi_conform.cases.case import Case


def twins(cases: Iterable[Case]) -> list[str]:
    """Returns a line for each case that repeats an earlier one, with the first profile in which it does."""
    first: dict[Hashable, str] = {}
    wrong: dict[tuple[str, str], str] = {}
    for case in cases:
        for profile in case.expect:
            other = first.setdefault((profile, case.fault_in(profile), _exchange(case)), case.id)
            if other != case.id:
                wrong.setdefault((other, case.id), profile)
    return [
        f'case "{name}" is the twin of "{other}" in {profile}: the same bytes, and the same fault '
        "(remove one of them, or name the fault that only this one notices)"
        for (other, name), profile in wrong.items()
    ]


def _exchange(case: Case) -> Hashable:
    """Returns everything that decides what the server sees. Limits and controls do not count."""
    return case.steps, frozenset(case.needs), _pairs(case.environment), case.times, case.descriptor


def _pairs(environment: Mapping[str, bytes]) -> frozenset[tuple[str, bytes]]:
    return frozenset(environment.items())
