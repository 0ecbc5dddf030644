"""cgi-conform diff: comparing servers and earlier runs, and the errors that prevent it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from case_files import SEND, case, corpus
from whole_run import SERVE, cgi_conform, command_of, get


def two(folder: Path, theirs: str = SERVE) -> tuple[str, str]:
    """Returns the commands of the usual server and of a second one with the source `theirs`."""
    (folder / "theirs.py").write_text(theirs)
    return command_of(folder).removeprefix("--command="), f"{sys.executable} {folder}/theirs.py {{port}}"


def diff(folder: Path, *words: str) -> tuple[int, str, str]:
    done = cgi_conform(folder, "diff", *words)
    return done.returncode, done.stdout, done.stderr


def test_servers_with_the_same_answers_exit_with_0(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"), case("a/c", "status = 404"))
    assert diff(tmp_path, *two(tmp_path)) == (0, "2 cases compared in profile cgihttpserver: 2 agree, 0 differ\n", "")


@pytest.mark.long
def test_servers_that_differ_exit_with_1_and_show_both_answers(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"), case("a/c", more=get("/other")), case("b/d"), case("b/e", more=SEND + "\nneeds = ['http11']"))
    ours, theirs = two(tmp_path, SERVE.replace("404 Not Found", "410 Gone"))
    status, out, err = diff(tmp_path, ours, theirs, "--report", str(tmp_path / "report"))
    assert (status, err) == (1, "")
    assert "a/c\n  status " in out and "404" in out and "410" in out and "a/b" not in out and "b/d" not in out
    assert "3 cases compared in profile cgihttpserver: 2 agree, 1 differ (0 in their verdict, 1 in their status)\n1 not" in out
    assert json.loads((tmp_path / "report" / "diff.json").read_text())["totals"]["differ"] == 1
    assert (tmp_path / "report" / "diff.md").exists() and (tmp_path / "report" / "diff.html").exists()
    assert diff(tmp_path, ours, theirs, "b")[0] == 0


@pytest.mark.long
def test_earlier_runs_and_running_servers_can_be_compared(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"), case("a/c", more=get("/other"), level="recommended"))
    expect = tmp_path / "expect.toml"
    expect.write_text("['a/c']\noutcome = 'fail'\nreason = 'x'\n")
    assert cgi_conform(folder, "run", command_of(folder), "--report", str(tmp_path / "one")).returncode == 0
    words = ("--report", str(tmp_path / "two"), "--expect", str(expect))
    assert cgi_conform(folder, "run", command_of(folder), *words).returncode == 0
    one, other = (str(tmp_path / name / "results.json") for name in ("one", "two"))
    assert diff(tmp_path, one, other)[0] == 0  # a known failure and a new failure with the same answer do not differ
    (tmp_path / "serve.py").write_text("import socket, sys\n" + SERVE.replace("int(sys.argv[1])", "0").replace(
        "texts =", "print(listener.getsockname()[1], flush=True)\ntexts ="))
    command = [sys.executable, tmp_path / "serve.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        root = ("--root", str(folder / "docroot"))
        asked = [(url, one, *root), (url, url, "a/b", *root, *root), (one, url)]
        statuses = [diff(tmp_path, *words) for words in asked]
        server.kill()
    assert [status for status, _, _ in statuses] == [0, 0, 2], statuses
    text = Path(other).read_text().replace("404 Not", "404 What")
    Path(other).write_text(text)
    assert diff(tmp_path, one, other)[0] == 1 and diff(tmp_path, one, other, "a/b")[0] == 0


@pytest.mark.parametrize(
    ("b", "globs", "said"),
    [
        ("cpython-3.133", (), 'no server "cpython-3.133" (did you mean "cpython-3.13"?)'),
        ("false {port}", (), 'server "command" did not start: it exited with status 1'),
        ("none.json", (), 'cannot read "none.json": No such file or directory'),
        ("http://127.0.0.1:1", (), "--url needs --root DIR"),
        ("true {port}", ("z",), 'no case matches "z"'),
    ],
)
def test_every_error_exits_with_2(tmp_path: Path, b: str, globs: tuple[str, ...], said: str) -> None:
    corpus(tmp_path, case("a/b"))
    status, _, err = diff(tmp_path, command_of(tmp_path).removeprefix("--command="), b, *globs)
    assert status == 2 and err.startswith("cgi-conform: ") and said in err and "Traceback" not in err


def test_a_folder_with_a_report_stands_for_it_and_globs_may_follow_an_option(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"), case("a/c", "status = 404"))
    assert cgi_conform(tmp_path, "run", command_of(tmp_path), "--report", str(tmp_path / "old")).returncode == 1
    words = ("diff", "old", "old/results.json", "--profile", "cgihttpserver", "a/b")
    done = cgi_conform(tmp_path, *words, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 case compared in profile cgihttpserver: 1 agree, 0 differ\n"
    (tmp_path / "old" / "server.toml").write_text("")
    done = cgi_conform(tmp_path, *words, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith('cgi-conform: "old/server.toml": missing key "')


def test_a_report_that_cannot_be_written_is_reported_before_the_runs(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"))
    status, out, err = diff(tmp_path, *two(tmp_path), "--report", "/proc/self/x")
    assert (status, out) == (2, "") and err.startswith('cgi-conform: cannot write into "/proc/self/x": ')


def test_runs_without_a_common_case_exit_with_2(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/lacking", more=SEND + "\nneeds = ['http11']"))
    status, out, err = diff(tmp_path, *two(tmp_path))
    assert (status, out, err) == (2, "", "cgi-conform: both servers have no answered case in common (choose other cases or another --profile)\n")


@pytest.mark.long
def test_a_server_that_dies_exits_with_2(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"), case("a/deadly", more=get("/die")))
    status, _, err = diff(tmp_path, *two(tmp_path))
    assert status == 2 and 'server "command" died in case "a/deadly"' in err
