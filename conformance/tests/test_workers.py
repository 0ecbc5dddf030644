"""running/workers.py: several cases at a time, and who shares what."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from case_files import SEND, case, corpus
from cgi_conform.cases.case import Case
from cgi_conform.cases.load import load_cases
from cgi_conform.judging.results import CaseResult
from cgi_conform.running import workers as workers_module
from cgi_conform.running.plan import Options, Plan, make_plan
from cgi_conform.running.trial import Found, try_case
from cgi_conform.running.workers import Workers
from cgi_conform.servers.pool import Running
from scripted import Talk, read_until, scripted
from whole_run import command_of, get


def cases_of(folder: Path, *texts: str) -> list[Case]:
    return load_cases(corpus(folder, *texts) / "cases")


def launched(folder: Path) -> Plan:
    return make_plan(Options(command=command_of(folder).removeprefix("--command="), timeout=20))


def tried(workers: Workers, cases: list[Case], folder: Path) -> list[CaseResult]:
    workers.begin([(each, folder) for each in cases])
    try:
        return [workers.result(each, folder).result for each in cases]
    finally:
        workers.stop()


def answering(meeting: threading.Barrier) -> Talk:
    """Answers when as many clients have come as the meeting needs."""

    def talk(client: socket.socket) -> None:
        read_until(client, b"\r\n\r\n")
        meeting.wait()
        client.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

    return talk


@pytest.mark.parametrize("count", [2, 3])
def test_as_many_cases_at_a_time_as_there_are_workers(tmp_path: Path, count: int) -> None:
    cases = cases_of(tmp_path, *(case(f"a/{number}") for number in range(2 * count)))
    meeting = threading.Barrier(count, timeout=20)
    with scripted(*[answering(meeting)] * len(cases)) as (host, port):
        plan = make_plan(Options(url=f"http://{host}:{port}", root=str(tmp_path / "docroot"), timeout=20))
        results = tried(Workers(plan, count), cases, tmp_path)
    assert [result["verdict"] for result in results] == ["pass"] * len(cases)


def test_one_worker_tries_a_case_when_it_is_asked_for(tmp_path: Path) -> None:
    cases = cases_of(tmp_path, case("a/b"), case("a/c"))
    workers = Workers(launched(tmp_path), 1)
    workers.begin([(each, tmp_path) for each in cases])
    assert workers.result(cases[1], tmp_path).result["verdict"] == "pass" and workers.deaths() == []
    workers.stop()


@pytest.mark.parametrize(("more", "roots"), [("status = 200", 1), ("status = 200\nhost.written = []", 3)])
def test_a_case_that_looks_for_written_files_has_a_document_root_alone(
    tmp_path: Path, more: str, roots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = cases_of(tmp_path, *(case(f"a/{number}", more) for number in range(3)))
    meeting = threading.Barrier(3, timeout=20)
    found: list[Path] = []

    def together(one: Case, plan: Plan, running: Running, fixtures: Path, over: Callable[[], bool]) -> Found:
        found.append(running.docroot.root)
        meeting.wait()
        return try_case(one, plan, running, fixtures, over)

    monkeypatch.setattr(workers_module, "try_case", together)
    results = tried(Workers(launched(tmp_path), 3), cases, tmp_path)
    assert [result["verdict"] for result in results] == ["pass"] * 3
    assert len(found) == 3 and len(set(found)) == roots
    assert not any(root.exists() for root in found)


def test_a_stop_does_not_wait_for_an_answer(tmp_path: Path) -> None:
    cases = cases_of(tmp_path, *(case(f"a/{number}", more=get("/silence")) for number in range(6)))
    workers = Workers(make_plan(Options(command=command_of(tmp_path).removeprefix("--command="), timeout=600)), 3)
    workers.begin([(each, tmp_path) for each in cases])
    while len(workers._all) < 3:
        pass
    workers.stop()
    with pytest.raises(RuntimeError, match="the run is over"):
        workers.result(case_of_its_own(tmp_path), tmp_path)


def case_of_its_own(folder: Path) -> Case:
    return cases_of(folder / "other", case("b/c"))[0]


def test_what_breaks_a_worker_is_told_to_the_caller(tmp_path: Path) -> None:
    [broken] = cases_of(tmp_path, case("a/b", "body.file = 'hello.txt'", more=SEND))
    (tmp_path / "docroot" / "hello.txt").unlink()
    workers = Workers(launched(tmp_path), 2)
    workers.begin([(broken, tmp_path)])
    try:
        with pytest.raises(FileNotFoundError):
            workers.result(broken, tmp_path)
    finally:
        workers.stop()
