"""Several cases at a time in one process: each worker has servers of its own, over one document root.

To try a case is to wait for the most part. That is why workers are threads: many of them take the memory of one
process, and a run takes little more time than its longest cases. Cases are begun in the order in which they come.
"""

import ctypes
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.docroot import Docroot, temporary
from cgi_conform.errors import UserError
from cgi_conform.octets import Tokens
from cgi_conform.running.plan import Plan
from cgi_conform.running.trial import Found, is_alive, try_case
from cgi_conform.running.verdict import not_tried
from cgi_conform.servers.instance import kill_all
from cgi_conform.servers.launch import ADDRESS, start
from cgi_conform.servers.pool import Key, Running


class Workers:
    """Tries cases in threads, ahead of the caller that asks for their results."""

    def __init__(self, plan: Plan, count: int) -> None:
        self._plan = plan
        self._pool = ThreadPoolExecutor(count)
        self._begun: dict[str, Future[Found]] = {}
        self._failures: dict[Key, UserError] = {}
        self._own = threading.local()
        self._all: list[Running] = []
        self._docroots: dict[Path, Docroot] = {}
        self._stack = ExitStack()
        self._ended = False
        self._lock = threading.Lock()
        _keep_nothing_large()

    def begin(self, cases: Iterable[tuple[Case, Path]]) -> None:
        """Starts to try these, each with the fixtures it belongs to."""
        for case, fixtures in cases:
            self._begun[f"{fixtures}:{case.id}"] = self._pool.submit(self._try, case, fixtures)

    def result(self, case: Case, fixtures: Path) -> Found:
        """Returns what trying the case found; a case that has not been begun is begun now."""
        if self._ended:
            raise RuntimeError("the run is over")
        begun = self._begun.get(f"{fixtures}:{case.id}")
        return (begun or self._pool.submit(self._try, case, fixtures)).result()

    def finished(self, case: Case, fixtures: Path) -> Found | None:
        """Returns what trying the case found if that is known already."""
        begun = self._begun.get(f"{fixtures}:{case.id}")
        if begun is None or not begun.done() or begun.cancelled() or begun.exception() is not None:
            return None
        return begun.result()

    def server_is_alive(self, fixtures: Path) -> bool:
        """Returns whether the server gives any answer to a plain GET: a fresh one, where it is started here."""
        server, timeout = self._plan.server, self._plan.timeout
        if server is None:
            return is_alive(self._plan.address, Tokens(self._plan.address[1], "", ""), timeout)
        with temporary(fixtures) as docroot:
            try:
                instance = start(server, docroot, timeout=self._plan.start_timeout, over=lambda: self._ended)
            except UserError:
                return False
            try:
                return is_alive((ADDRESS, instance.port), Tokens(instance.port, "", ""), timeout)
            finally:
                instance.stop()

    def deaths(self) -> list[str]:
        """Returns a message for each server that has died after a case had been judged."""
        return [message for running in self._all for message in running.deaths()]

    def stop(self) -> None:
        """Ends every server, which ends the exchanges with it, and removes the document root."""
        with self._lock:
            self._ended = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        for running in self._all:
            running.halt()
        self._pool.shutdown(wait=True)
        for running in self._all:
            running.stop()
        self._all.clear()
        self._stack.close()

    def kill(self) -> None:
        """Ends every server at once and removes their files: the process is about to end."""
        self._ended = True
        kill_all()
        for running in list(self._all):
            running.remove_files()
        self._stack.close()

    def _try(self, case: Case, fixtures: Path) -> Found:
        host = case.expect[self._plan.profile].host
        alone = host is not None and host.written is not None
        found = try_case(case, self._plan, self._running(fixtures, alone), fixtures, lambda: self._ended)
        if found.failure:
            found.result = not_tried(case, self._plan, found.failure.partition("\n")[0])
        return found

    def _running(self, fixtures: Path, alone: bool) -> Running | None:
        """Returns the servers of this worker. With `alone` they have a document root of their own."""
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
                mine[fixtures, alone] = Running(
                    self._plan.server, fixtures, docroot=docroot,
                    start_timeout=self._plan.start_timeout, failures=self._failures,
                )  # fmt: skip
                self._all.append(mine[fixtures, alone])
        return mine[fixtures, alone]


def _keep_nothing_large() -> None:
    """Has the system take back what takes a megabyte or more as soon as it is free: each thread keeps its own.

    Without this glibc takes the first ten mebibytes that come in for a sign that more will.
    """
    try:
        ctypes.CDLL(None).mallopt(-3, 1 << 20)  # M_MMAP_THRESHOLD
    except (AttributeError, OSError):
        pass  # another C library
