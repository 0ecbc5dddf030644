"""running/workers.py: every task is carried out once, errors are reported, and no process or file is left."""

import os
import select
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cgi_conform.running.workers import WorkerEnded, Workers
from cgi_conform.signals import end_with


class Calls:
    """A worker that calls a function."""

    def __init__(self, function: Callable[[int], object]) -> None:
        self.carry_out = function

    def end(self) -> list[str]:
        return [f"ended {os.getpid()}"]


def workers(count: int, function: Callable[[int], object]) -> Workers[int, object]:
    return Workers(count, lambda: Calls(function))


def _square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def test_every_task_is_carried_out_once_and_results_come_in_order() -> None:
    with workers(3, _square) as pool:
        first = list(pool.results(range(20)))
        second = list(pool.results([20]))
        ends = pool.end()
    assert [result for result, _ in first + second] == [number * number for number in range(21)]
    used = {process for _, process in first + second}
    assert os.getpid() not in used
    assert set(ends) == {f"ended {process}" for process in used}


def test_a_few_quick_tasks_need_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cgi_conform.running.workers._A_WHILE", 60.0)  # on a busy machine, a quick task may take long
    with workers(3, _square) as pool:
        assert list(pool.results([])) == [] and pool.end() == []
        assert len({process for _, process in pool.results(range(9))}) == 1
        assert len(pool.end()) == 1


def test_tasks_that_wait_get_more_processes_up_to_the_limit() -> None:
    ours, theirs = os.pipe()

    def work(number: int) -> int:
        if number < 2:
            os.read(ours, 1)  # waits until a third process has begun
        if number == 2:
            os.write(theirs, b"xx")
        return os.getpid()

    with workers(3, work) as pool:
        assert len(set(pool.results(range(9)))) == 3
    os.close(ours)
    os.close(theirs)


def test_a_result_comes_after_the_results_of_earlier_tasks() -> None:
    ours, theirs = os.pipe()

    def work(number: int) -> int:
        if number == 0:
            os.read(ours, 1)  # waits until all other tasks are done
        if number == 5:
            os.write(theirs, b"x")
        return number

    with workers(2, work) as pool:
        assert list(pool.results(range(6))) == list(range(6))
    os.close(ours)
    os.close(theirs)


def test_a_task_is_sent_in_its_state_when_a_worker_becomes_free() -> None:
    tasks = [known := [0], known, known]
    with Workers(1, lambda: Calls(len)) as pool:  # type: ignore[arg-type]
        results = pool.results(tasks)
        first = next(results)
        known.append(0)
        assert [first, *results] == [1, 1, 2]


def test_workers_need_no_semaphores(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")  # /dev/shm cannot be written to

    monkeypatch.setattr("_multiprocessing.SemLock", refused)
    with workers(2, lambda number: number) as pool:
        assert list(pool.results([1, 2, 3])) == [1, 2, 3]


def _refuse(number: int) -> int:
    raise ValueError(f"no {number}")


def test_an_exception_in_a_worker_is_raised_in_the_main_process() -> None:
    with pytest.raises(ValueError, match="no 7"), workers(2, _refuse) as pool:
        list(pool.results([7]))


def _die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_killed_worker_is_reported() -> None:
    with pytest.raises(WorkerEnded, match="status -9"), workers(2, _die) as pool:
        list(pool.results([1, 2]))
    assert pool.finished() == {}


def test_a_worker_that_cannot_be_made_is_reported_with_its_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> Calls:
        raise LookupError("no such server")

    with pytest.raises(WorkerEnded, match="status 1"), Workers(1, broken) as pool:
        list(pool.results([1]))
    assert "LookupError: no such server" in capfd.readouterr().err


@pytest.fixture
def begun() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_interrupted_workers_clean_up_before_they_end(
    begun: tuple[int, int], temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readable, writable = begun
    main = threading.get_ident()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    def last(number: int) -> int:
        if number == 0:
            return number
        try:
            os.write(writable, b"begun\n")
            threading.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # a second signal, as timeout(1) sends it
            os.write(writable, f"cleaned up {os.getpid()}\n".encode())
        return number

    def interrupt() -> None:
        os.read(readable, 6)
        signal.pthread_kill(main, signal.SIGUSR1)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupted)  # not SIGINT: background jobs ignore it
    try:
        with pytest.raises(KeyboardInterrupt), workers(1, last) as pool:
            threading.Thread(target=interrupt).start()
            try:
                list(pool.results([0, 1]))
            finally:
                assert pool.finished() == {0: 0}
    finally:
        signal.signal(signal.SIGUSR1, before)
    line = os.read(readable, 100).decode()
    assert line.startswith("cleaned up ")
    with pytest.raises(ProcessLookupError):
        os.kill(int(line.split()[-1]), 0)


def test_the_temporary_files_of_workers_are_removed(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with workers(2, lambda number: Path(tempfile.gettempdir(), str(number)).touch()) as pool:
        list(pool.results([1, 2]))
        assert sorted(path.name for path in temporary.glob("*/*")) == ["1", "2"]
        pool.end()


def test_a_server_does_not_outlive_the_process_that_started_it(begun: tuple[int, int]) -> None:
    readable, writable = begun
    process = os.fork()
    if not process:
        try:
            parent = os.getpid()
            if not os.fork():
                end_with(parent, signal.SIGKILL)
                os.write(writable, f"{os.getpid()}".encode())
            signal.pause()
        finally:
            os._exit(1)
    server = os.pidfd_open(int(os.read(readable, 20)))
    try:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        ended = bool(select.select([server], [], [], 20)[0])
        if not ended:
            signal.pidfd_send_signal(server, signal.SIGKILL)
        assert ended, "the server still runs"
    finally:
        os.close(server)


def test_a_program_that_a_worker_starts_inherits_no_ignored_signal() -> None:
    def ignored(_: int) -> int:
        told = subprocess.run(["grep", "^SigIgn:", "/proc/self/status"], capture_output=True, check=True, text=True)
        return int(told.stdout.split()[1], 16)

    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        assert ignored(0)
        with workers(1, ignored) as pool:
            assert list(pool.results([0])) == [0]
            pool.end()
    finally:
        for number, was in before.items():
            signal.signal(number, was)
