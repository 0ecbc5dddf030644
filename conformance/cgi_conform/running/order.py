"""The order in which a run tries its cases: it decides how long the run takes, and nothing about its results."""

import random
from collections.abc import Sequence
from typing import Any

from cgi_conform.cases.case import Case
from cgi_conform.running.capabilities import missing
from cgi_conform.running.plan import Plan
from cgi_conform.servers.server_pool import server_key


def ordered(cases: Sequence[Case], plan: Plan, shuffle: int | None = None) -> list[Case]:
    """Returns the cases file by file: slow ones first, those of the same server together, skipped ones last.

    With `shuffle` the order depends on that number alone.
    """
    found = sorted(cases, key=lambda case: case.file)
    if shuffle is not None:
        random.Random(shuffle).shuffle(found)
        return found
    return sorted(found, key=lambda case: _turn(case, plan))


def _turn(case: Case, plan: Plan) -> tuple[Any, ...]:
    return bool(missing(case, plan.capabilities)), not _is_slow(case, plan), server_key(case)


def _is_slow(case: Case, plan: Plan) -> bool:
    """Returns whether it lets seconds go by: then it should not be what the end of a run waits for."""
    if case.variant == "limits" or case.times > 1 or (case.limit or 0.0) > plan.timeout:
        return True
    return any(step.wait_gone is not None for step in case.steps) or sum(step.pause for step in case.steps) >= 0.5
