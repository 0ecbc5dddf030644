"""Finds the cases that are blocked: a case that they presuppose is red, so their own answers prove nothing."""

from collections.abc import Iterable, Mapping, Sequence

from cgi_conform.cases.presuppositions import Direct
from cgi_conform.judging.results import CaseResult

# A presupposition that passes, also against its expectation, holds. One that was skipped says nothing about the server.
_DOES_NOT_HOLD = ("fail", "warn", "differs", "expected", "error")


def blocker(name: str, named: Direct, verdicts: Mapping[str, str]) -> str:
    """Returns the red case that blocks a case, at the root of the chain, or "". Circles do not exist (presuppositions.py).

    Presuppositions without a verdict were not tried, and block nothing.
    """
    for needed in named.get(name, ()):
        if root := blocker(needed, named, verdicts):
            return root
        if verdicts.get(needed) in _DOES_NOT_HOLD:
            return needed
    return ""


def with_blocked(results: Sequence[CaseResult], named: Direct, tried: Iterable[CaseResult] = ()) -> list[CaseResult]:
    """Returns the results of a run, in which each blocked case has the verdict "blocked" and names its blocker.

    `tried` may hold results of more cases, which some of them presuppose.
    A case that was skipped, or in which the server died, stays so. A case that passed is blocked, too: it may have passed
    for a wrong reason.
    """
    verdicts = {result["id"]: result["verdict"] for result in (*tried, *results)}
    found = [result.copy() for result in results]
    for result in found:
        if result["verdict"] not in ("skip", "error") and (root := blocker(result["id"], named, verdicts)):
            result["verdict"], result["note"], result["blocked"] = "blocked", f"presupposes {root}", root
    return found
