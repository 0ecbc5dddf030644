"""The worker of `run`, `record` and `diff`: tries cases one after another, with its own servers and document root."""

import ctypes
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.running.case_result import not_tried, untried
from cgi_conform.running.plan import Plan
from cgi_conform.running.trial import CaseOutcome, try_case
from cgi_conform.servers.server_pool import Key, ServerPool

_EXIT_WITHIN = 1.0  # seconds for the exit status of a server that dies after its last case


@dataclass(frozen=True)
class CaseTask:
    """A case to try, and the messages about servers that did not start for another worker: they are not started again."""

    case: Case
    failures: Mapping[Key, str]


class CaseWorker:
    """Tries cases against the server of a plan."""

    def __init__(self, plan: Plan, fixtures: Path) -> None:
        self._plan = plan
        self._fixtures = fixtures
        self._pool: ServerPool | None = None
        if plan.server is not None:
            self._pool = ServerPool(plan.server, fixtures, start_timeout=plan.start_timeout)
        _give_memory_back()

    def carry_out(self, task: CaseTask) -> CaseOutcome:
        """Tries the case and returns the outcome. An exception in the suite becomes an error of this case only."""
        if self._pool is not None:
            self._pool.failures.update(task.failures)
        try:
            return self.try_case(task.case)
        except Exception as error:
            print(f"{task.case.id}: {traceback.format_exc()}", end="", file=sys.stderr)
            told = traceback.format_exception_only(type(error), error)[-1].strip()
            return CaseOutcome(untried(task.case, self._plan, "error", f"the runner broke: {told}"))

    def try_case(self, case: Case) -> CaseOutcome:
        """Tries the case and returns the outcome."""
        found = try_case(case, self._plan, self._pool, self._fixtures)
        if found.failure:
            found.result = not_tried(case, self._plan, found.failure.partition("\n")[0])
        return found

    def end(self) -> list[str]:
        """Ends the servers, and returns a message for each that died after its last case."""
        if self._pool is None:
            return []
        messages = self._pool.deaths(within=_EXIT_WITHIN)
        self._pool.stop()
        return messages


def _give_memory_back() -> None:
    """Tells glibc to give blocks of a megabyte or more back to the system as soon as they are free.

    Otherwise glibc raises this threshold after the first large block, and keeps the memory.
    """
    try:
        ctypes.CDLL(None).mallopt(-3, 1 << 20)  # M_MMAP_THRESHOLD
    except (AttributeError, OSError):
        pass  # another C library
