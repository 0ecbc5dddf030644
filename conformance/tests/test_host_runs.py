"""Whole runs of cases that repeat their steps, end the server, or check the machine afterwards."""

import json
from pathlib import Path
from typing import Any

import pytest

from case_files import HELLO, SEND, case, corpus
from scripted import scripted
from whole_run import cgi_conform, command_of, get

SIGNAL = "[[case.step]]\nsend = 'GET /hello.txt HTTP/1.0\\r\\n\\r\\n'\n[[case.step]]\nawait = 'hello'\nsignal = 'TERM'"


def results(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    report = folder / "report"
    done = cgi_conform(folder, "run", command_of(folder), "--report", str(report), *words)
    return done.returncode, {one["id"]: one for one in json.loads((report / "results.json").read_text())["cases"]}


def test_a_server_that_a_case_ends_does_not_count_as_dead(tmp_path: Path) -> None:
    ended = "status = 200\nhost = { ended = true, listening = false }"
    corpus(tmp_path, case("a/before"), case("a/end", ended, SIGNAL), case("a/after"), case("a/again", ended, SIGNAL))
    status, found = results(tmp_path)
    assert status == 0 and [one["verdict"] for one in found.values()] == ["pass"] * 4
    assert found["a/end"]["again"] == "cgi-conform replay a/end  # more than nc can do"


@pytest.mark.long
def test_times_repeats_the_steps_of_a_case(tmp_path: Path) -> None:
    log = "log = { matches = '(hello.txt.*){3}' }"
    corpus(tmp_path, case("a/thrice", log, f"{SEND}\ntimes = 3"), case("a/once", log, f"{SEND}\nlimit = 0.05"))
    status, found = results(tmp_path, "--timeout", "1")
    assert status == 1 and [found[name]["verdict"] for name in ("a/thrice", "a/once")] == ["pass", "fail"]


def test_a_file_that_a_case_wrote_is_removed_before_the_next_case(tmp_path: Path) -> None:
    nothing = "status = 200\nhost.written = []"
    write = f"{nothing}\nbody = 'written: 1'", get("/write")
    corpus(tmp_path, case("a/write", *write), case("a/read", "body = 'written: 0'", get("/there")))
    status, found = results(tmp_path)
    [mismatch] = found["a/write"]["mismatches"]
    assert (status, mismatch["what"], mismatch["got"]) == (1, "host.written", "root, root/written")
    assert found["a/read"]["verdict"] == "pass"


def test_the_next_case_gets_a_new_server_if_a_script_did_not_end(tmp_path: Path) -> None:
    stays = "[[case.step]]\nsend = 'GET /stay HTTP/1.0\\r\\n\\r\\n'\n[[case.step]]\nawait = 'pid='\nreset = true\nwait-gone = 0.05"
    corpus(tmp_path, case("a/stays", "status = 200", stays), case("a/next"))
    status, found = results(tmp_path, "--timeout", "1", "-j", "1")
    assert status == 1 and [one["verdict"] for one in found.values()] == ["pass", "fail"]
    [mismatch] = found["a/stays"]["mismatches"]
    assert mismatch["what"] == "wait-gone"


def test_host_cases_are_skipped_for_a_server_at_a_url(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b", "status = 200\nhost.zombies = 0"))
    with scripted(lambda client: client.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + HELLO.encode())) as (host, port):
        done = cgi_conform(tmp_path, "run", "--url", f"http://{host}:{port}", "--root", f"{tmp_path}/docroot")
    assert done.returncode == 5 and "needs a server that cgi-conform starts" in done.stdout + done.stderr
