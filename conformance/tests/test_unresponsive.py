"""running/unresponsive.py, running/trial.py: ten unanswered cases in a row end a run."""

import socket
import threading
from pathlib import Path

import pytest

from case_files import case, corpus
from cgi_conform.cases.load import load_cases
from cgi_conform.judging.results import CaseResult
from cgi_conform.running.plan import Options, make_plan
from cgi_conform.running.trial import CaseOutcome, is_alive, try_case
from cgi_conform.running.unresponsive import LENGTH, UnresponsiveServer
from scripted import Talk, read_until, scripted

RESULT: CaseResult = {}  # type: ignore[typeddict-item]


def ends_after(answered: list[bool | None], alive: list[bool]) -> int | None:
    """Returns the number of cases after which the run ends. `alive` holds the results of the plain GETs in between."""
    looks = iter(alive)
    row = UnresponsiveServer(lambda: next(looks))
    for number, one in enumerate(answered, 1):
        if row.ends_with(CaseOutcome(RESULT, answered=one)):
            return number
    return None


def test_ten_unanswered_cases_in_a_row_end_the_run() -> None:
    assert ends_after([False] * 30, [False]) == LENGTH == 10
    assert ends_after([*[False] * 9, True, *[False] * 30], [False]) == 20


def test_a_case_that_expects_no_answer_does_not_change_the_count() -> None:
    assert ends_after([*[False] * 9, *[None] * 30, False], [False]) == 40
    assert ends_after([None] * 30, []) is None


def test_the_count_starts_again_if_the_server_answers_a_plain_get() -> None:
    assert ends_after([False] * 30, [True, True, False]) == 30


def answers(client: socket.socket) -> None:
    read_until(client, b"\r\n\r\n")
    client.sendall(b"HTTP/1.0 200 OK\r\n\r\n")


def closes(client: socket.socket) -> None:
    read_until(client, b"\r\n\r\n")


@pytest.mark.parametrize(
    ("status", "talk", "answered"),
    [
        ("200", answers, True), ("404", answers, True), ("'closed'", answers, True),
        ("200", closes, False), ("'closed'", closes, None), ("[200, 'closed']", closes, None),
        ("'silent'", closes, None),
    ],
)  # fmt: skip
def test_a_case_is_unanswered_if_it_expects_an_answer_and_gets_no_octet(
    tmp_path: Path, status: str, talk: Talk, answered: bool | None
) -> None:
    [one] = load_cases(corpus(tmp_path, case("a/b", f"status = {status}")) / "cases")
    with scripted(talk) as (host, port):
        plan = make_plan(Options(url=f"http://{host}:{port}", root=str(tmp_path), timeout=20))
        assert try_case(one, plan, None, tmp_path).answered is answered


def test_silence_and_a_refused_connection_count_as_unanswered(tmp_path: Path) -> None:
    [one] = load_cases(corpus(tmp_path, case("a/b", more="limit = 0.02\nsend = 'x'")) / "cases")
    done = threading.Event()
    with scripted(lambda client: done.wait(20) and None) as (host, port):
        plan = make_plan(Options(url=f"http://{host}:{port}", root=str(tmp_path), timeout=20))
        assert try_case(one, plan, None, tmp_path).answered is False
        done.set()
    found = try_case(one, plan, None, tmp_path)
    assert (found.answered, found.result["verdict"]) == (False, "error")


def test_an_answer_without_an_end_counts_as_unanswered(tmp_path: Path) -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n")
        done.wait(20)

    [one] = load_cases(corpus(tmp_path, case("a/b", more="send = 'x'")) / "cases")
    done = threading.Event()
    with scripted(talk, talk) as (host, port):
        plan = make_plan(Options(url=f"http://{host}:{port}", root=str(tmp_path), timeout=0.1))
        assert try_case(one, plan, None, tmp_path).answered is False
        assert not is_alive((host, port), plan)
        done.set()


def test_an_answer_to_the_control_request_counts_as_an_answer(tmp_path: Path) -> None:
    more = "send = 'x\\r\\n\\r\\n'\ncontrol = '/hello.txt'"
    [one] = load_cases(corpus(tmp_path, case("a/b", more=more)) / "cases")
    with scripted(answers, closes, closes) as (host, port):
        plan = make_plan(Options(url=f"http://{host}:{port}", root=str(tmp_path), timeout=20))
        assert try_case(one, plan, None, tmp_path).answered is True
