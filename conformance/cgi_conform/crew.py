"""Several cases at a time in one process: each hand of the crew has servers of its own, over one document root.

Trying a case is waiting for the most part, so that hands are threads: many of them take the memory of one process
and little more time than its longest cases.  Cases are taken in the order in which they are given.
"""

import ctypes
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from cgi_conform.case import Case
from cgi_conform.docroot import Docroot, temporary
from cgi_conform.plan import Plan
from cgi_conform.results import CaseResult
from cgi_conform.running import Running
from cgi_conform.trial import try_case

Found = tuple[CaseResult, list[str]]  # and what is to be said of servers that did not start or died


class Crew:
    """Tries cases, ahead of who asks for their results if it has more than one hand."""

    def __init__(self, plan: Plan, hands: int) -> None:
        self._plan = plan
        self._pool = ThreadPoolExecutor(hands) if hands > 1 else None
        self._begun: dict[str, Future[Found]] = {}
        self._own = threading.local()
        self._all: list[Running] = []
        self._docroots: dict[Path, Docroot] = {}
        self._stack = ExitStack()
        self._ended = False
        self._lock = threading.Lock()
        _keep_nothing_large()

    def begin(self, cases: Iterable[tuple[Case, Path]]) -> None:
        """Start to try these, each with the fixtures it belongs to."""
        if self._pool is not None:
            for case, fixtures in cases:
                self._begun[f"{fixtures}:{case.id}"] = self._pool.submit(self._try, case, fixtures)

    def result(self, case: Case, fixtures: Path) -> Found:
        """What trying the case found; tried now if it has not been begun."""
        begun = self._begun.pop(f"{fixtures}:{case.id}", None)
        return self._try(case, fixtures) if begun is None else begun.result()

    def obituaries(self) -> list[str]:
        """The servers that have died after a case had been judged."""
        return [message for running in self._all for message in running.obituaries()]

    def stop(self) -> None:
        """End every server, which ends what is being tried, and remove the document root."""
        with self._lock:
            self._ended = True
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            for running in self._all:
                running.halt()
            self._pool.shutdown(wait=True)
        for running in self._all:
            running.stop()
        self._all.clear()
        self._stack.close()

    def _try(self, case: Case, fixtures: Path) -> Found:
        host = case.expect[self._plan.profile].host
        alone = host is not None and host.written is not None
        return try_case(case, self._plan, self._running(fixtures, alone), fixtures)

    def _running(self, fixtures: Path, alone: bool) -> Running | None:
        """The servers of this hand; `alone`: over a document root where no other hand's server could write."""
        if self._plan.server is None:
            return None
        if not hasattr(self._own, "running"):
            self._own.running = {}
        mine: dict[tuple[Path, bool], Running] = self._own.running
        if (fixtures, alone) not in mine:
            with self._lock:
                if self._ended:
                    raise RuntimeError("the run is over")
                if fixtures not in self._docroots and not alone:
                    self._docroots[fixtures] = self._stack.enter_context(temporary(fixtures))
                docroot = None if alone else self._docroots[fixtures]
                mine[fixtures, alone] = Running(self._plan.server, fixtures, docroot=docroot)
                self._all.append(mine[fixtures, alone])
        return mine[fixtures, alone]


def _keep_nothing_large() -> None:
    """Have what takes a megabyte or more given back to the system as soon as it is free, for each thread keeps its own.

    Without this glibc takes the first ten mebibytes that come in for a sign that more will.
    """
    try:
        ctypes.CDLL(None).mallopt(-3, 1 << 20)  # M_MMAP_THRESHOLD
    except (AttributeError, OSError):
        pass  # another C library
