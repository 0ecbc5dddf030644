"""Carries out tasks in several forked processes, for work that a thread cannot do.

concurrent.futures has such a pool, but it takes semaphores from /dev/shm, which containers and small machines do not
always let everybody write to. This one takes a socket for each process, and nothing else.
"""

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Generic, TypeVar

from cgi_conform.endings import ENDING
from cgi_conform.servers import adopted

Task = TypeVar("Task")
Result = TypeVar("Result")

_CLEANING = 10.0  # seconds that a process has to end its servers


@contextmanager
def undisturbed() -> Iterator[None]:
    """Holds back the signals that end a process, for a fork: what a handler raises within one would be lost."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Pool(Generic[Task, Result]):
    """Processes that call `work`, each with one task at a time. They end with the pool, or with this process."""

    def __init__(self, jobs: int, work: Callable[[Task], Result]) -> None:
        self._jobs = jobs
        self._work = work
        self._processes: dict[Connection, ForkProcess] = {}

    def __enter__(self) -> "Pool[Task, Result]":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for end, process in self._processes.items():
            end.close()
            if kind is not None:
                process.terminate()
        for process in self._processes.values():
            process.join(_CLEANING)
            if process.is_alive():
                process.kill()
                process.join()
        self._processes.clear()

    def results(self, tasks: Iterable[Task]) -> Iterator[Result]:
        """Yields each result when it is there, in no order. What `work` raises is raised here."""
        waiting = list(reversed(list(tasks)))
        while len(self._processes) < min(self._jobs, len(waiting)):
            self._fork()
        busy: set[Connection] = set()
        for end in self._processes:
            if waiting:
                end.send(waiting.pop())
                busy.add(end)
        while busy:
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                result = self._received(ready)
                adopted.reap()  # what the servers of the other processes have left
                if waiting:
                    ready.send(waiting.pop())
                else:
                    busy.remove(ready)
                yield result

    def _received(self, end: Connection) -> Result:
        try:
            result, error = end.recv()
        except (EOFError, ConnectionError):
            process = self._processes[end]
            process.join(_CLEANING)
            raise RuntimeError(f"a process of the pool ended with status {process.exitcode}") from None
        if error is not None:
            assert isinstance(error, BaseException)
            raise error
        found: Result = result
        return found

    def _fork(self) -> None:
        ours, theirs = Pipe()
        process = multiprocessing.get_context("fork").Process(target=self._serve, args=(ours, theirs), daemon=True)
        with undisturbed():
            process.start()
        theirs.close()
        self._processes[ours] = process

    def _serve(self, ours: Connection, theirs: Connection) -> None:
        """Carries out what comes until no more does; our ends of the pipes are closed, or nobody would see that."""
        for number in (signal.SIGINT, signal.SIGHUP):  # a terminal tells everybody; who made the pool ends it
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _end_once)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        try:
            for end in (*self._processes, ours):
                end.close()
            while True:
                theirs.send(_outcome(self._work, theirs.recv()))
        except (EOFError, ConnectionError, KeyboardInterrupt):
            os._exit(0)


def _end_once(number: int, frame: FrameType | None) -> None:
    """Ends the work; a second signal must not disturb the clean-up."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _outcome(work: Callable[[Task], Result], task: Task) -> tuple[Result | None, BaseException | None]:
    try:
        return work(task), None
    except Exception as error:
        error.add_note(traceback.format_exc())
        return None, error
