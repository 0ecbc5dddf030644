"""The pool of processes of `prove`: all is done, what goes wrong is told, and no process stays."""

import os
import select
import signal
import threading
from collections.abc import Iterator

import pytest

from cgi_conform.proof import forked_server
from cgi_conform.running.forks import Pool


def _square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def test_every_task_is_done_once_by_no_more_processes_than_asked() -> None:
    with Pool(3, _square) as pool:
        first = list(pool.results(range(20)))
        second = list(pool.results([20]))
    assert sorted(result for result, _ in first) == [number * number for number in range(20)]
    assert [result for result, _ in second] == [400]
    used = {process for _, process in first + second}
    assert len(used) <= 3 and os.getpid() not in used


def test_no_tasks_no_processes() -> None:
    with Pool(3, _square) as pool:
        assert list(pool.results([])) == []


def test_it_needs_no_semaphores(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")  # /dev/shm cannot be written to

    monkeypatch.setattr("_multiprocessing.SemLock", refused)
    with Pool(2, _square) as pool:
        assert sorted(result for result, _ in pool.results([1, 2, 3])) == [1, 4, 9]


def _refuse(number: int) -> int:
    raise ValueError(f"no {number}")


def test_what_the_work_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="no 7"), Pool(2, _refuse) as pool:
        list(pool.results([7]))


def _die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_process_that_is_killed_is_told() -> None:
    with pytest.raises(RuntimeError, match="status -9"), Pool(2, _die) as pool:
        list(pool.results([1, 2]))


@pytest.fixture
def begun() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_an_interrupted_pool_ends_its_processes_after_their_clean_up(begun: tuple[int, int]) -> None:
    readable, writable = begun
    main = threading.get_ident()

    def last(number: int) -> int:
        try:
            os.write(writable, b"begun\n")
            threading.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # a second one, as from a terminal or from timeout
            os.write(writable, f"cleaned up {os.getpid()}\n".encode())
        return number

    def interrupt() -> None:
        os.read(readable, 6)
        signal.pthread_kill(main, signal.SIGUSR1)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupted)  # SIGINT is ignored where the tests run in the background
    try:
        with pytest.raises(KeyboardInterrupt), Pool(1, last) as pool:
            threading.Thread(target=interrupt).start()
            list(pool.results([1]))
    finally:
        signal.signal(signal.SIGUSR1, before)
    line = os.read(readable, 100).decode()
    assert line.startswith("cleaned up ")
    with pytest.raises(ProcessLookupError):
        os.kill(int(line.split()[-1]), 0)


def test_a_server_does_not_outlive_the_process_that_started_it(begun: tuple[int, int]) -> None:
    readable, writable = begun
    process = os.fork()
    if not process:
        parent = os.getpid()
        if not os.fork():
            forked_server._end_with(parent)
            os.write(writable, f"{os.getpid()}".encode())
            signal.pause()
        signal.pause()
    server = os.pidfd_open(int(os.read(readable, 20)))
    try:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        ended = bool(select.select([server], [], [], 20)[0])
        if not ended:
            signal.pidfd_send_signal(server, signal.SIGKILL)
        assert ended, "the server lives on"
    finally:
        os.close(server)
