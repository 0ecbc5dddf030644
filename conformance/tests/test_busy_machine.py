"""running/trial.py: a case that takes too long on a busy machine gets a second trial, with twice the time."""

import socket
import threading
from pathlib import Path

import pytest

from case_files import case, corpus
from cgi_conform.cases.load import load_cases
from cgi_conform.running import trial
from cgi_conform.running.plan import Options, make_plan
from scripted import Talk, read_until, scripted

TIMEOUT = 0.2


def verdict_of(tmp_path: Path, *talks: Talk, done: threading.Event | None = None) -> str:
    [one] = load_cases(corpus(tmp_path, case("a/b", "status = 200", more=r"send = 'x\r\n\r\n'")) / "cases")
    with scripted(*talks) as (host, port):
        plan = make_plan(Options(url=f"http://{host}:{port}", root=str(tmp_path), timeout=TIMEOUT))
        result = trial.try_patiently(one, plan, None, tmp_path).result
        if done is not None:
            done.set()
    assert (result["verdict"] == "pass") == result["note"].startswith("tried twice")
    return result["verdict"]


def answers(status: int) -> Talk:
    def talk(client: socket.socket) -> None:
        read_until(client, b"\r\n\r\n")
        client.sendall(b"HTTP/1.0 %d X\r\nContent-Length: 0\r\n\r\n" % status)

    return talk


@pytest.mark.parametrize(("busy", "second", "verdict"), [(False, [], "fail"), (True, [answers(200)], "pass")])
def test_a_late_case_gets_a_second_trial_only_on_a_busy_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: bool, second: list[Talk], verdict: str
) -> None:
    monkeypatch.setattr(trial, "is_busy", lambda: busy)
    done = threading.Event()
    assert verdict_of(tmp_path, lambda client: done.wait(20) and None, *second, done=done) == verdict


def test_a_wrong_answer_in_time_gets_no_second_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "is_busy", lambda: True)
    assert verdict_of(tmp_path, answers(404)) == "fail"


def test_the_machine_is_busy_if_many_processes_wait_for_a_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial.os, "cpu_count", lambda: 2)
    for load, busy in (8.0, False), (8.1, True):
        monkeypatch.setattr(trial.os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert trial.is_busy() is busy
