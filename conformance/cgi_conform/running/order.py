"""Orders the cases of a run, to make it short. The order does not change the results."""

import random
from collections.abc import Sequence
from typing import Any

from cgi_conform.cases.case import Case
from cgi_conform.running.capabilities import missing
from cgi_conform.running.plan import Plan
from cgi_conform.servers.server_pool import server_key


def ordered(cases: Sequence[Case], plan: Plan, shuffle: int | None = None) -> list[Case]:
    """Returns the cases in their order: presuppositions first, then slow cases, and skipped ones last.

    Those with the same server stand together. If the run ends early, the presuppositions may tell why. With `shuffle`,
    the order is random and depends only on that number.
    """
    found = sorted(cases, key=lambda case: case.file)
    if shuffle is not None:
        random.Random(shuffle).shuffle(found)
        return found
    needed = {name for case in cases for name in case.presupposes}
    return sorted(found, key=lambda case: _turn(case, plan, case.id in needed))


def _turn(case: Case, plan: Plan, is_needed: bool) -> tuple[Any, ...]:
    return bool(missing(case, plan.capabilities)), not is_needed, not _is_slow(case, plan), server_key(case)


def _is_slow(case: Case, plan: Plan) -> bool:
    """Returns whether the case takes seconds. Such cases run first, so that no worker waits for one at the end."""
    if case.variant == "limits" or case.times > 1 or (case.limit or 0.0) > plan.timeout:
        return True
    return any(step.wait_gone is not None for step in case.steps) or sum(step.pause for step in case.steps) >= 0.5
