"""running/row.py, running/trial.py: ten cases in a row without any answer end a run."""

import socket
import threading
from pathlib import Path

import pytest

from case_files import case, corpus
from cgi_conform.cases.load import load_cases
from cgi_conform.judging.results import CaseResult
from cgi_conform.running.plan import Options, make_plan
from cgi_conform.running.trial import CaseOutcome, try_case
from cgi_conform.running.unresponsive import LENGTH, UnresponsiveServer
from scripted import Talk, read_until, scripted

RESULT: CaseResult = {}  # type: ignore[typeddict-item]


def ends_after(answered: list[bool | None], alive: list[bool]) -> int | None:
    """After how many cases the run ends; `alive` is what the server answers when it is asked, each time."""
    looks = iter(alive)
    row = UnresponsiveServer(lambda: next(looks))
    for number, one in enumerate(answered, 1):
        if row.ends_with(CaseOutcome(RESULT, answered=one)):
            return number
    return None


def test_the_tenth_in_a_row_ends_the_run() -> None:
    assert ends_after([False] * 30, [False]) == LENGTH == 10
    assert ends_after([*[False] * 9, True, *[False] * 30], [False]) == 20


def test_a_case_without_a_say_neither_counts_nor_ends_the_row() -> None:
    assert ends_after([*[False] * 9, *[None] * 30, False], [False]) == 40
    assert ends_after([None] * 30, []) is None


def test_a_server_that_answers_a_plain_get_is_alive_and_the_row_begins_anew() -> None:
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
def test_no_answer_is_no_octet_where_a_case_asks_for_one(
    tmp_path: Path, status: str, talk: Talk, answered: bool | None
) -> None:
    [one] = load_cases(corpus(tmp_path, case("a/b", f"status = {status}")) / "cases")
    with scripted(talk) as (host, port):
        plan = make_plan(Options(url=f"http://{host}:{port}", root=str(tmp_path), timeout=20))
        assert try_case(one, plan, None, tmp_path).answered is answered


def test_silence_and_no_connection_are_no_answer(tmp_path: Path) -> None:
    [one] = load_cases(corpus(tmp_path, case("a/b", more="limit = 0.02\nsend = 'x'")) / "cases")
    done = threading.Event()
    with scripted(lambda client: done.wait(20) and None) as (host, port):
        plan = make_plan(Options(url=f"http://{host}:{port}", root=str(tmp_path), timeout=20))
        assert try_case(one, plan, None, tmp_path).answered is False
        done.set()
    found = try_case(one, plan, None, tmp_path)
    assert (found.answered, found.result["verdict"]) == (False, "error")


def test_an_answer_to_the_control_is_one(tmp_path: Path) -> None:
    more = "send = 'x\\r\\n\\r\\n'\ncontrol = '/hello.txt'"
    [one] = load_cases(corpus(tmp_path, case("a/b", more=more)) / "cases")
    with scripted(answers, closes, closes) as (host, port):
        plan = make_plan(Options(url=f"http://{host}:{port}", root=str(tmp_path), timeout=20))
        assert try_case(one, plan, None, tmp_path).answered is True
