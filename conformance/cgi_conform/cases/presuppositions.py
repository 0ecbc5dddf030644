"""Follows the cases that a case presupposes: `needs = ["local-redirect/file"]` in a case, or at the top of its file.

A presupposition is a case of its own, for example that a script runs at all. If it is red, the cases that presuppose it
are blocked, because their answers say nothing about their own rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cgi_conform.cases.case import Case

Direct = Mapping[str, Sequence[str]]  # the presuppositions that a case names, by case id


def direct(cases: Iterable[Case]) -> Direct:
    """Returns the presuppositions that each case names."""
    return {case.id: case.presupposes for case in cases}


def presupposed(names: Iterable[str], named: Direct) -> list[str]:
    """Returns all presuppositions of some cases, also those through others, without the cases themselves."""
    first = list(names)
    found = list(first)
    for name in found:
        found += [each for each in dict.fromkeys(named.get(name, ())) if each not in found]
    return found[len(first) :]


def with_those_of_the_file(cases: Sequence[Case], of_file: Sequence[str]) -> list[Case]:
    """Returns the cases of a file, in which each case that names no presuppositions has those of the file.

    The cases that the file names do not get them.
    """
    return [
        case if case.presupposes or case.id in of_file else replace(case, presupposes=tuple(of_file)) for case in cases
    ]


def circles(cases: Sequence[Case]) -> list[str]:
    """Returns the ids of the cases that presuppose themselves, directly or through others."""
    named = direct(cases)
    return [name for name, needs in named.items() if name in needs or name in presupposed(needs, named)]
