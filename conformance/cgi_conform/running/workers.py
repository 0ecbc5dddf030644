"""Workers: processes that carry out tasks, each one task at a time. `run`, `record`, `diff` and `prove` share them.

A worker is a fork of this process. It has servers and a document root of its own, so that cases that are tried at the
same time do not meet. Each worker leads a process group of its own: a signal from the terminal reaches this process
alone, which then ends its workers. All their files lie in one folder, which goes with the workers.

concurrent.futures has such a pool, but it takes semaphores from /dev/shm, which containers and small machines do not
always let everybody write to. These take a socket for each process, and nothing else.
"""

import multiprocessing
import os
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from cgi_conform.cases.docroot import scratch
from cgi_conform.servers import orphans
from cgi_conform.signals import ENDING, held_back

Task = TypeVar("Task")
Result = TypeVar("Result")
Accepted = TypeVar("Accepted", contravariant=True)
Returned = TypeVar("Returned", covariant=True)

_END_WITHIN = 10.0  # seconds that a worker has to end its servers


class Worker(Protocol[Accepted, Returned]):
    """The work of one process."""

    def carry_out(self, task: Accepted, /) -> Returned:
        """Returns the result of a task."""

    def end(self) -> list[str]:
        """Ends all that the worker has started; returns messages about it. It may be called twice."""


class WorkerEnded(Exception):
    """A worker has ended by itself."""


class Workers(Generic[Task, Result]):
    """Up to `count` processes, forked when there is work for them; `hire` makes a worker in its process."""

    def __init__(self, count: int, hire: Callable[[], Worker[Task, Result]]) -> None:
        self._count = count
        self._hire = hire
        self._processes: dict[Connection, ForkProcess] = {}
        self._busy: dict[Connection, int] = {}  # the number of the task that it carries out
        self._done: dict[int, Result] = {}
        self._files = ExitStack()
        self._folder = ""

    def __enter__(self) -> "Workers[Task, Result]":
        self._folder = str(self._files.enter_context(scratch("cgi-conform-workers-")))
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the workers, also in the middle of a task: each ends its servers first."""
        for process in self._processes.values():
            process.terminate()
        self._join()
        self._files.close()

    def results(self, tasks: Sequence[Task]) -> Iterator[Result]:
        """Yields the results in the order of the tasks; a task is sent as it is when a worker is free for it.

        What `carry_out` raises is raised here, and WorkerEnded if a worker ends.
        """
        self._done.clear()
        given = taken = 0
        while taken < len(tasks):
            while given < len(tasks) and (end := self._free()) is not None:
                self._busy[end] = given
                end.send(tasks[given])
                given += 1
            if taken in self._done:
                yield self._done[taken]
                taken += 1
            else:
                self._collect(None)

    def finished(self) -> dict[int, Result]:
        """Returns the results that are known, by the number of the task, also those not yielded yet."""
        with suppress(WorkerEnded):
            self._collect(0.0)
        return self._done

    def end(self) -> list[str]:
        """Ends the workers, which have nothing to do; returns their messages."""
        messages: list[str] = []
        for end in self._processes:
            end.send(None)
        for end in self._processes:
            messages += self._received(end)
        self._join()
        return messages

    def _free(self) -> Connection | None:
        """Returns a worker that has nothing to do; None if all are busy."""
        found = next((end for end in self._processes if end not in self._busy), None)
        return self._fork() if found is None and len(self._processes) < self._count else found

    def _collect(self, patience: float | None) -> None:
        """Takes the results that are there, waiting `patience` seconds for the first one; None: as long as it takes."""
        for end in wait(list(self._busy), patience):
            assert isinstance(end, Connection)
            with held_back():  # a result that is received in part would be lost
                number = self._busy.pop(end)
                self._done[number] = self._received(end)
        orphans.reap()  # what the servers of the workers have left

    def _received(self, end: Connection) -> Any:
        try:
            result, error = end.recv()
        except (EOFError, ConnectionError):
            process = self._processes[end]
            process.join(_END_WITHIN)
            raise WorkerEnded(f"a worker ended with status {process.exitcode}") from None
        if error is not None:
            assert isinstance(error, BaseException)
            raise error
        return result

    def _fork(self) -> Connection:
        ours, theirs = Pipe()
        process = multiprocessing.get_context("fork").Process(target=self._serve, args=(ours, theirs), daemon=True)
        with held_back():
            process.start()
        theirs.close()
        self._processes[ours] = process
        return ours

    def _join(self) -> None:
        for end, process in self._processes.items():
            end.close()
            process.join(_END_WITHIN)
            if process.is_alive():
                process.kill()
                process.join()
        self._processes.clear()
        self._busy.clear()

    def _serve(self, ours: Connection, theirs: Connection) -> NoReturn:
        """Carries out what comes until nothing does. It closes our ends, or no worker would see this process end."""
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _end_once)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        tempfile.tempdir = self._folder
        worker: Worker[Task, Result] | None = None
        try:
            for end in (*self._processes, ours):
                end.close()
            worker = self._hire()
            while (task := theirs.recv()) is not None:
                theirs.send(_outcome(worker, task))
            theirs.send((worker.end(), None))
        except (EOFError, ConnectionError, KeyboardInterrupt):
            if worker is not None:
                worker.end()
        finally:
            os._exit(0)


def _end_once(number: int, frame: FrameType | None) -> None:
    """Ends the work; a second signal must not disturb the clean-up."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _outcome(worker: Worker[Task, Result], task: Task) -> tuple[Result | None, BaseException | None]:
    try:
        return worker.carry_out(task), None
    except Exception as error:
        error.add_note(traceback.format_exc())
        return None, error
