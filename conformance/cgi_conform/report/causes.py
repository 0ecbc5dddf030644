"""Groups the red cases of a run by cause: first the cases that block others, then the rest by topic."""

from collections.abc import Iterable
from dataclasses import dataclass

from cgi_conform.judging.results import CaseResult, Results, red_cases
from cgi_conform.numbers import counted


@dataclass(frozen=True)
class Cause:
    """A red case, and the ids of the cases that it blocks."""

    case: CaseResult
    blocks: tuple[str, ...]


def causes(results: Results) -> list[Cause]:
    """Returns the cases that turned the run red, in the order in which to look at them.

    First come those that block others, the one that blocks most of all first. The others follow by topic.
    """
    blocks = blocked_by(results)
    found = [Cause(case, tuple(blocks.get(case["id"], ()))) for case in red_cases(results)]
    return sorted(found, key=lambda cause: (-len(cause.blocks), cause.case["id"]))


def blocked_by(results: Results) -> dict[str, list[str]]:
    """Returns the ids of the blocked cases, by the case that blocks them."""
    found: dict[str, list[str]] = {}
    for case in results["cases"]:
        if case["verdict"] == "blocked":
            found.setdefault(case["blocked"], []).append(case["id"])
    return found


def by_topic(found: Iterable[Cause]) -> dict[str, int]:
    """Returns the number of red cases in each topic, the largest number first."""
    counted: dict[str, int] = {}
    for cause in found:
        counted[cause.case["topic"]] = counted.get(cause.case["topic"], 0) + 1
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def number_of_cases(number: int) -> str:
    """Returns a number of cases in words."""
    return counted(number, "case")
