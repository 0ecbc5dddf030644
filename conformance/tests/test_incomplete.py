"""Whole runs that end before all cases have been tried: they report the results so far."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import whole_run
from case_files import SEND, case, corpus
from cgi_conform.wall import since_start
from scripted import read_until, scripted
from whole_run import SERVE, begun, cgi_conform, command_of, environment, get, has_ended

NEVER_ANSWERS = """
import socket, sys
listener, clients = socket.create_server(("127.0.0.1", int(sys.argv[1]))), []
while True:
    clients.append(listener.accept()[0])
"""
CLOSES = NEVER_ANSWERS.replace("clients.append(listener.accept()[0])", "listener.accept()[0].close()")
WRITING = "cgi-conform: interrupted: writing the results so far (interrupt again to stop at once)\n"
STUBBORN = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: open(sys.argv[2], "w").write(str(os.getpid())))
"""


def command(folder: Path, text: str, *words: str) -> str:
    script = folder / "server.py"
    script.write_text(text)
    return " ".join([f"--command={sys.executable} {script} {{port}}", *words])


def run(folder: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """Returns the exit status, the results and the standard error of a run."""
    report = folder / "report"
    done = cgi_conform(folder, "run", "--report", str(report), *words)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads((report / "results.json").read_text()), done.stderr


@pytest.mark.long
@pytest.mark.parametrize("server", [NEVER_ANSWERS, CLOSES])
@pytest.mark.parametrize("jobs", ["1", "8"])
def test_ten_cases_without_an_answer_end_the_run_with_3(tmp_path: Path, server: str, jobs: str) -> None:
    corpus(tmp_path, *(case(f"a/{number}") for number in range(60)))
    status, results, err = run(tmp_path, command(tmp_path, server), "--timeout", "0.1", "-j", jobs)
    why = 'server "command" gave no complete answer to 10 cases in a row, nor to GET /hello.txt afterwards: the run ends here'
    totals = results["totals"]
    assert (status, err, results["incomplete"]) == (3, f"cgi-conform: {why}\n", why)
    assert 10 <= totals["fail"] < 60 and totals["untried"] == totals["skip"] == 60 - totals["fail"]
    left = [one for one in results["cases"] if one["verdict"] == "skip"]
    assert {(one["tried"], one["note"]) for one in left} == {(False, f"not tried: {why}")}


@pytest.mark.long
def test_closed_connections_do_not_end_the_run_if_the_server_answers_a_plain_get(tmp_path: Path) -> None:
    corpus(tmp_path, *(case(f"a/{number}", more=get("/close")) for number in range(25)))
    status, results, _ = run(tmp_path, command_of(tmp_path))
    assert status == 1 and results["totals"]["fail"] == 25 and "incomplete" not in results


def test_a_server_that_does_not_start_is_one_error_and_skips_all_cases(tmp_path: Path) -> None:
    corpus(tmp_path, *(case(f"a/{number}") for number in range(30)), case("b/c", more=SEND + "\nneeds = ['http11']"))
    status, results, err = run(tmp_path, command(tmp_path, "import sys\nsys.exit(9)"), "-j", "4")
    why = 'server "command" did not start: it exited with status 9'
    assert (status, err, results["incomplete"]) == (3, f"cgi-conform: {why}\n", why)
    assert (results["totals"]["untried"], results["totals"]["error"], results["totals"]["skip"]) == (30, 0, 31)
    suite = ElementTree.parse(tmp_path / "report" / "junit.xml").getroot()
    assert (suite.get("errors"), suite.get("failures"), suite.get("skipped")) == ("1", "0", "31")


def test_a_variant_that_does_not_start_is_one_error_and_skips_its_cases(tmp_path: Path) -> None:
    needs = SEND + "\nneeds = ['http11']"
    corpus(tmp_path, case("a/b"), *(case(f"c/{number}", more=needs) for number in range(30)))
    (tmp_path / "serve.py").write_text("import sys\nif len(sys.argv) > 2: sys.exit(9)\n" + SERVE)
    (tmp_path / "server.toml").write_text(
        f'title = "Mine"\nprogram = ["{sys.executable}"]\nprofiles = ["cgihttpserver"]\nvariants.http11 = ["0"]\n'
        'command = ["{program}", "{here}/serve.py", "{port}"]\n'
    )
    status, results, err = run(tmp_path, "--server", f"{tmp_path}/")
    why = f'server "{tmp_path.name}" (http11) did not start: it exited with status 9'
    assert (status, err, results["incomplete"]) == (3, f"cgi-conform: {why}\n", why)
    assert (results["totals"]["pass"], results["totals"]["untried"]) == (1, 30)


def test_a_worker_that_is_killed_ends_the_run_with_a_report(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus(tmp_path, *(case(f"a/{number}") for number in range(3)))
    killer = command(tmp_path, f"import os\nos.kill(os.getppid(), {int(signal.SIGKILL)})\n{SERVE}")
    monkeypatch.setattr(whole_run, "environment", lambda fixtures: environment(fixtures, {"TMPDIR": str(temporary)}))
    status, results, err = run(tmp_path, killer)
    why = "a worker ended with status -9: the run ends here (is the machine out of memory?)"
    assert (status, err, results["incomplete"]) == (3, f"cgi-conform: {why}\n", why)
    assert results["totals"]["untried"] == 3


def begun_run(folder: Path, temporary: Path, *words: str) -> subprocess.Popen[str]:
    return begun(folder, temporary, "run", "--report", f"{folder}/report", "--timeout", "600", *words)


def wait_for_silence(process: subprocess.Popen[str], temporary: Path, servers: int) -> None:
    asked = 0
    while asked < servers:
        assert process.poll() is None
        logs = [*temporary.glob("cgi-conform-log-*/log"), *temporary.glob("*/cgi-conform-log-*/log")]  # of workers
        asked = sum(b"asked for /silence" in log.read_bytes() for log in logs)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_a_run_that_is_ended_by_a_signal_writes_its_results_so_far(
    tmp_path: Path, temporary: Path, number: int, jobs: str
) -> None:
    corpus(tmp_path, case("a/0"), *(case(f"a/{name}", more=get("/silence")) for name in range(1, 7)))
    with begun_run(tmp_path, temporary, command_of(tmp_path), "-j", jobs) as process:
        wait_for_silence(process, temporary, int(jobs))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    report = tmp_path / "report"
    results = json.loads((report / "results.json").read_text())
    passed = results["totals"]["pass"]
    assert (process.returncode, err) == (130, f"{WRITING}cgi-conform: interrupted after {passed} of 7 cases\n")
    assert results["incomplete"] == "interrupted" and results["totals"]["untried"] == 7 - passed
    assert {one["verdict"] for one in results["cases"]} <= {"pass", "skip"} and (jobs == "3" or passed == 1)
    assert f"{7 - passed} not tried\nincomplete: interrupted\n" in out
    assert json.loads((report / "badge.json").read_text())["color"] == "lightgrey"
    for name in ("index.html", "summary.md", "junit.xml"):
        assert "incomplete: interrupted" in (report / name).read_text()


def test_a_run_against_a_url_can_be_interrupted(tmp_path: Path, temporary: Path) -> None:
    corpus(tmp_path, case("a/b", more=get("/silence")))

    with scripted(
        lambda client: client.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello static\n"),
        lambda client: process.send_signal(signal.SIGINT) or read_until(client, b"never"),
    ) as (host, port):
        process = begun_run(tmp_path, temporary, "--url", f"http://{host}:{port}", "--root", f"{tmp_path}/docroot")
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, f"{WRITING}cgi-conform: interrupted after 0 of 1 cases\n")


def test_a_second_signal_ends_the_run_at_once_and_kills_the_server(tmp_path: Path, temporary: Path) -> None:
    corpus(tmp_path, case("a/b", more=get("/silence")))
    told = tmp_path / "told"
    with begun_run(tmp_path, temporary, command(tmp_path, STUBBORN + SERVE, str(told))) as process:
        wait_for_silence(process, temporary, 1)
        process.send_signal(signal.SIGINT)
        while not (told.exists() and told.read_text()):  # waits until the server has got SIGTERM, which it ignores
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert has_ended(int(told.read_text()), 20)


def test_a_url_without_a_listener_exits_with_3(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = cgi_conform(tmp_path, "run", "--url", url, "--root", f"{tmp_path}/docroot")
    said = f"--url {url}: nothing listens there (Connection refused): start the server, then run again"
    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"cgi-conform: {said}\n")


@pytest.mark.parametrize(
    ("root", "octets", "status", "said"),
    [
        ("none", b"", 2, '--root "{root}" is no directory'),
        ("cases", b"", 2, '--root "{root}" does not hold the fixtures: no hello.txt ('),
        ("site", b"", 2, '--root "{root}" does not hold the fixtures: no hello.txt (did you mean "{root}/root"?)'),
        ("docroot", b"HTTP/1.0 404 Not Found\r\n\r\n", 2, 'GET /hello.txt brought "HTTP/1.0 404 Not Found"'),
        ("docroot", b"HTTP/1.0 200 OK\r\n\r\nother\n", 2, "GET /hello.txt brought another content"),
        ("docroot", b"SSH-2.0\r\n", 2, 'GET /hello.txt brought "SSH-2.0\\r\\n"'),
        ("docroot", b"", 3, "no answer to GET /hello.txt (closed without an octet)"),
    ],
)
def test_the_root_must_be_the_document_root_of_the_server_at_the_url(
    tmp_path: Path, root: str, octets: bytes, status: int, said: str
) -> None:
    corpus(tmp_path, case("a/b"))
    (tmp_path / "site" / "root").mkdir(parents=True)
    (tmp_path / "site" / "root" / "hello.txt").touch()

    def talk(client: Any) -> None:
        read_until(client, b"\r\n\r\n")
        client.sendall(octets)

    with scripted(*([talk] if root == "docroot" else [])) as (host, port):
        done = cgi_conform(tmp_path, "run", "--url", f"http://{host}:{port}", "--root", f"{tmp_path}/{root}")
    assert done.returncode == status and done.stdout == "" and done.stderr.count("\n") == 1
    assert said.format(root=f"{tmp_path}/{root}") in done.stderr


def test_cases_for_root_or_an_ordinary_user_are_skipped_at_a_url(tmp_path: Path) -> None:
    needs = (case(f"b/{user}", more=f"{SEND}\nneeds = ['{user}']") for user in ("root", "user"))
    corpus(tmp_path, case("a/b", "status = 404"), *needs)
    rules = tmp_path / "expect.toml"
    rules.write_text("".join(
        f"['a/{name}']\noutcome = 'fail'\nwhen = '{user}'\nreason = 'x'\n" for name, user in (("b", "root"), ("?", "user"))
    ))  # fmt: skip

    def talk(client: Any) -> None:
        read_until(client, b"\r\n\r\n")
        client.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello static\n")

    with scripted(talk, talk) as (host, port):
        where = "--url", f"http://{host}:{port}", "--root", f"{tmp_path}/docroot"
        status, results, _ = run(tmp_path, *where, "--expect", str(rules))
    told = {one["id"]: (one["verdict"], one["note"]) for one in results["cases"]}
    unknown = "cgi-conform does not know who started the one at --url"
    assert (status, results["user"]) == (1, "unknown")
    assert told == {
        "a/b": ("fail", ""),
        "b/root": ("skip", f"needs a server started by root: {unknown}"),
        "b/user": ("skip", f"needs a server started by an ordinary user: {unknown}"),
    }
    for name in ("index.html", "summary.md"):
        assert "not started by cgi-conform" in (tmp_path / "report" / name).read_text()


def test_the_printed_seconds_count_from_the_start_of_the_process() -> None:
    code = "import time; begun = time.monotonic(); from cgi_conform.wall import since_start as s; "
    code += "past = time.monotonic() - begun; print(s(), past)"
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    done = subprocess.run([sys.executable, "-c", code], env=environment(Path("/")), capture_output=True, text=True)
    whole = time.clock_gettime(time.CLOCK_BOOTTIME) - before
    seconds, past = map(float, done.stdout.split())
    assert past <= seconds <= whole + 2 / os.sysconf("SC_CLK_TCK")
    assert since_start() > whole
