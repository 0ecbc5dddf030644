"""`cgi-conform matrix` as a user starts it: every server gets a row, and the exit status is that of the worst run."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from case_files import case, corpus
from test_incomplete import wait_for_silence
from whole_run import SERVE, begun, cgi_conform, get

DEFINITION = """
title    = "{title}"
profiles = ["cgihttpserver"]
program  = ["{program}"]
command  = ["{{program}}", "{{here}}/serve.py", "{{port}}"]
"""
ENDS = "raise SystemExit(4)"


def server(folder: Path, name: str, text: str = SERVE, program: str = sys.executable, expect: str = "") -> str:
    """Writes a folder with a server, and returns its path."""
    here = folder / name
    here.mkdir(parents=True)
    (here / "server.toml").write_text(DEFINITION.format(title=name.title(), program=program))
    (here / "serve.py").write_text(text)
    if expect:
        (here / "expect.toml").write_text(expect)
    return str(here)


def matrix(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = cgi_conform(folder, "matrix", "--report", f"{folder}/site", *words)
    assert "Traceback" not in done.stderr
    return done


def of(*servers: str) -> list[str]:
    """Returns the options that name these servers."""
    return [word for each in servers for word in ("--server", each)]


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((folder / "site" / "matrix.json").read_text("utf-8"))
    return {row["server"]["name"]: row for row in document["runs"]}


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    return corpus(tmp_path, case("a/there"), case("a/missing", "status = 404", get("/none")), case("a/wrong", "status = 410"))


KNOWN = "['a/wrong']\noutcome = 'fail'\nreason = 'it is there'\n"


def test_servers_that_meet_their_expectations_exit_with_0(cases: Path) -> None:
    done = matrix(cases, *of(server(cases, "one", expect=KNOWN), server(cases, "two", expect=KNOWN)))
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[:3] for line in done.stdout.splitlines()[1:]] == [["one", "cgihttpserver", "1"], ["two", "cgihttpserver", "1"]]
    text = (cases / "site" / "servers" / "one.html").read_text("utf-8")
    assert "it is there" in text and (cases / "site" / "rules" / "seed" / "a.html").is_file()
    assert json.loads((cases / "site/runs/two/cgihttpserver/results.json").read_text("utf-8"))["totals"]["expected"] == 1


def test_a_server_that_is_missing_or_does_not_start_is_a_row_and_the_others_go_on(cases: Path) -> None:
    lost = server(cases, "lost", program="/no/such/program")
    done = matrix(cases, *of(lost, server(cases, "ends", ENDS), server(cases, "fine")))
    assert done.returncode == 3 and 'server "ends"' in done.stderr
    found = rows(cases)
    assert found["lost"]["reason"] == "not installed (looked for /no/such/program)"
    assert found["ends"]["status"] == 3 and found["ends"]["totals"]["untried"] == 3
    assert (found["fine"]["status"], found["fine"]["totals"]["pass"]) == (1, 2)
    assert "looked for /no/such/program" in (cases / "site" / "index.html").read_text("utf-8")


@pytest.mark.long
def test_a_red_run_exits_with_1_and_cases_that_no_server_is_judged_by_with_5(cases: Path) -> None:
    fine = server(cases, "fine")
    assert matrix(cases, *of(fine)).returncode == 1
    done = matrix(cases, *of(fine), "--profile", "rfc3875")
    assert done.returncode == 5
    assert "fine" in done.stdout and "cannot be judged in profile rfc3875 (its profiles: cgihttpserver)" in done.stdout


def test_findings_beside_the_definition_come_first(cases: Path) -> None:
    here = Path(server(cases, "fine"))
    (here / "findings.md").write_text("The status of /none is wrong.\n")
    matrix(cases, *of(str(here)))
    assert "<p>The status of /none is wrong.</p>" in (cases / "site/servers/fine.html").read_text("utf-8")


@pytest.mark.long
def test_results_of_several_machines_give_the_same_site_as_one_run(cases: Path) -> None:
    one, two = server(cases, "one"), server(cases, "two")
    assert matrix(cases, *of(one, two)).returncode == 1
    before = {path: path.read_bytes() for path in (cases / "site").rglob("*") if path.is_file()}
    for name in ("one", "two"):
        cgi_conform(cases, "run", "--server", str(cases / name), "--report", f"{cases}/machines/{name}")
    done = matrix(cases, "--from", f"{cases}/machines")
    assert (done.returncode, done.stderr) == (1, "")
    assert {path: path.read_bytes() for path in (cases / "site").rglob("*") if path.is_file()} == before
    done = matrix(cases, "--from", f"{cases}/machines/one/results.json", *of(one, two))
    assert done.returncode == 3 and rows(cases)["two"]["reason"] == "no file holds its results"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "{0}/none.json"], 'cannot read "{0}/none.json": No such file or directory'),
        (["--from", "{0}/docroot"], 'no results.json below "{0}/docroot" ('),
        (["--from", "{0}/docroot/hello.txt"], '"{0}/docroot/hello.txt" cannot be read as JSON: '),
        (["--server", "{0}/one", "--server", "{0}/other/one"], '--server "{0}/one" and "{0}/other/one" are both called "one"'),
        (["a/there", "--from", "{0}/one"], '--from takes whole results, and cannot choose cases (leave out "a/there")'),
        (["--server", "{0}/bad"], '"{0}/bad/expect.toml": '),
    ],
)
def test_wrong_input_is_one_line_before_any_run(cases: Path, words: list[str], message: str) -> None:
    server(cases, "one"), server(cases / "other", "one"), server(cases, "bad", expect="['a/wrong']\noutcome = 'fail'\n")
    done = matrix(cases, *(word.format(cases) for word in words))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"cgi-conform: {message.format(cases)}") and done.stderr.count("\n") == 1
    assert not (cases / "site" / "matrix.json").exists()


@pytest.mark.long
def test_an_interruption_keeps_the_results_so_far_and_names_the_rest(tmp_path: Path, temporary: Path) -> None:
    corpus(tmp_path, case("a/0"), case("a/1", more=get("/silence")))
    words = of(server(tmp_path, "one"), server(tmp_path, "two"))
    with begun(tmp_path, temporary, "matrix", "--report", f"{tmp_path}/site", "--timeout", "600", *words) as process:
        wait_for_silence(process, temporary, 1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    found = rows(tmp_path)
    assert (found["one"]["reason"], found["one"]["totals"]["pass"]) == ("interrupted", 1)
    assert found["two"]["reason"] == "not tried: interrupted"
