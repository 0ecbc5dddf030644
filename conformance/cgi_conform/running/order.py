"""Orders the cases of a run, to make it short. The order does not change the results."""

import random
from collections.abc import Sequence
from typing import Any

from cgi_conform.cases.case import Case
from cgi_conform.running.capabilities import missing
from cgi_conform.running.plan import Plan
from cgi_conform.servers.server_pool import server_key


def ordered(cases: Sequence[Case], plan: Plan, shuffle: int | None = None) -> list[Case]:
    """Returns the cases in their order: slow ones first, those with the same server together, skipped ones last.

    With `shuffle`, the order is random and depends only on that number.
    """
    found = sorted(cases, key=lambda case: case.file)
    if shuffle is not None:
        random.Random(shuffle).shuffle(found)
        return found
    return sorted(found, key=lambda case: _turn(case, plan))


def _turn(case: Case, plan: Plan) -> tuple[Any, ...]:
    return bool(missing(case, plan.capabilities)), not _is_slow(case, plan), server_key(case)


def _is_slow(case: Case, plan: Plan) -> bool:
    """Returns whether the case takes seconds. Such cases run first, so that no worker waits for one at the end."""
    if case.variant == "limits" or case.times > 1 or (case.limit or 0.0) > plan.timeout:
        return True
    return any(step.wait_gone is not None for step in case.steps) or sum(step.pause for step in case.steps) >= 0.5
