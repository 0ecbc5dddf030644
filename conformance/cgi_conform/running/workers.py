"""Workers: processes that carry out tasks, one task at a time each. `run`, `record`, `diff` and `prove` use them.

A worker is a fork of this process. It has its own servers and its own document root, so that cases cannot disturb each
other. Each worker leads its own process group: a signal from the terminal reaches only this process, which then ends
its workers. All files of the workers are in one folder, which is removed with them.

concurrent.futures.ProcessPoolExecutor needs semaphores in /dev/shm, and some containers do not allow them. These
workers need only a pair of sockets each.

A worker costs more than a quick task: its process, its document root, its servers. So there are as many as the machine
has processors, fewer for few tasks, and one more each time that no result comes for a while: then the tasks wait.
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
from cgi_conform.signals import ENDING, end_with, held_back

Task = TypeVar("Task")
Result = TypeVar("Result")
Accepted = TypeVar("Accepted", contravariant=True)
Returned = TypeVar("Returned", covariant=True)

_END_WITHIN = 10.0  # seconds in which a worker must end its servers
_PAYS = 20  # tasks for which one more worker pays at once
_A_WHILE = 0.25  # seconds without a result after which there is one more worker


class Worker(Protocol[Accepted, Returned]):
    """The work of one process."""

    def carry_out(self, task: Accepted, /) -> Returned:
        """Carries out a task and returns its result."""

    def end(self) -> list[str]:
        """Ends everything that the worker has started, and returns messages. It may be called twice."""


class WorkerEnded(Exception):
    """Raised if a worker process has ended unexpectedly."""


class Workers(Generic[Task, Result]):
    """Up to `count` worker processes, forked as tasks need them. `make_worker` is called in the new process."""

    def __init__(self, count: int, make_worker: Callable[[], Worker[Task, Result]]) -> None:
        self._count = count
        self._allowed = 0  # the number of workers that there may be now; never falls
        self._make_worker = make_worker
        self._processes: dict[Connection, ForkProcess] = {}
        self._busy: dict[Connection, int] = {}  # the number of the task that the worker carries out
        self._done: dict[int, Result] = {}
        self._files = ExitStack()
        self._folder = ""

    def __enter__(self) -> "Workers[Task, Result]":
        self._folder = str(self._files.enter_context(scratch("cgi-conform-workers-")))
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the workers, also during a task. Each ends its servers first."""
        for process in self._processes.values():
            process.terminate()
        self._join()
        self._files.close()

    def results(self, tasks: Sequence[Task]) -> Iterator[Result]:
        """Yields the results in the order of the tasks. A task is pickled only when a worker is free for it.

        Raises here what carry_out() raises in the worker, and WorkerEnded if a worker ends.
        """
        self._done.clear()
        self._allowed = max(self._allowed, min(self._count, os.cpu_count() or 1, 1 + len(tasks) // _PAYS))
        given = taken = 0
        while taken < len(tasks):
            while given < len(tasks) and (end := self._free()) is not None:
                self._busy[end] = given
                end.send(tasks[given])
                given += 1
            if taken in self._done:
                yield self._done[taken]
                taken += 1
            elif given == len(tasks) or self._allowed == self._count:
                self._collect(None)
            elif not self._collect(_A_WHILE):
                self._allowed += 1

    def finished(self) -> dict[int, Result]:
        """Returns all results so far by the number of the task, including those that results() has not yielded yet."""
        with suppress(WorkerEnded):
            self._collect(0.0)
        return self._done

    def end(self) -> list[str]:
        """Ends the workers, which must be idle, and returns their messages."""
        messages: list[str] = []
        for end in self._processes:
            end.send(None)
        for end in self._processes:
            messages += self._received(end)
        self._join()
        return messages

    def _free(self) -> Connection | None:
        """Returns the connection to an idle worker, forking one if allowed; None if all are busy."""
        found = next((end for end in self._processes if end not in self._busy), None)
        return self._fork() if found is None and len(self._processes) < self._allowed else found

    def _collect(self, patience: float | None) -> bool:
        """Takes the results that have arrived, and returns whether there are any.

        Waits for the first one up to `patience` seconds, or for ever if None.
        """
        ready = wait(list(self._busy), patience)
        for end in ready:
            assert isinstance(end, Connection)
            with held_back():  # a KeyboardInterrupt in the middle would lose the result
                number = self._busy.pop(end)
                self._done[number] = self._received(end)
        orphans.reap()  # orphans of the workers' servers
        return bool(ready)

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
        process = multiprocessing.get_context("fork").Process(target=self._serve, args=(ours, theirs, os.getpid()), daemon=True)
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

    def _serve(self, ours: Connection, theirs: Connection, parent: int) -> NoReturn:
        """Carries out tasks in the new process until the connection ends.

        Closes the other ends of all connections: otherwise no worker would notice that the parent process has ended.
        """
        os.setpgid(0, 0)
        # Servers inherit ignored signals. nohup ignores SIGHUP, and a shell SIGINT and SIGQUIT of a command behind "&".
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, _end_once)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        tempfile.tempdir = self._folder
        worker: Worker[Task, Result] | None = None
        try:
            end_with(parent, signal.SIGTERM)  # in the middle of a task, too
            for end in (*self._processes, ours):
                end.close()
            worker = self._make_worker()
            while (task := theirs.recv()) is not None:
                theirs.send(_outcome(worker, task))
            theirs.send((worker.end(), None))
        except (EOFError, ConnectionError, KeyboardInterrupt):
            if worker is not None:
                worker.end()
        except Exception:
            traceback.print_exc()
            os._exit(1)
        finally:
            os._exit(0)


def _end_once(number: int, frame: FrameType | None) -> None:
    """Raises KeyboardInterrupt once. A second signal must not disturb the clean-up."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _outcome(worker: Worker[Task, Result], task: Task) -> tuple[Result | None, BaseException | None]:
    try:
        return worker.carry_out(task), None
    except Exception as error:
        error.add_note(traceback.format_exc())
        return None, error
