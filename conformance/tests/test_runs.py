"""Whole runs of `python -m cgi_conform`, as a user starts them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from case_files import SEND, case, corpus
from cgi_conform.judging.results import VERDICTS
from whole_run import SERVE, cgi_conform, command_of, environment, get


def run(folder: Path, *words: str) -> tuple[int, str, str]:
    done = cgi_conform(folder, "run", command_of(folder), *words)
    return done.returncode, done.stdout, done.stderr


def results_of(folder: Path, *words: str, status: int | None = None) -> dict[str, Any]:
    report = folder / "report"
    returned, out, err = run(folder, "--report", str(report), *words)
    assert status is None or returned == status, out + err
    results: dict[str, Any] = json.loads((report / "results.json").read_text())
    return results


def verdicts(results: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in results["cases"]}


def test_a_server_that_conforms_exits_with_0(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b", "status = 200\nbody.file = 'hello.txt'"))
    status, out, err = run(tmp_path)
    assert (status, err) == (0, "") and "1 pass" in out and "conforms" in out


def test_run_works_without_pytest(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"))
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "pytest.py").write_text("raise ImportError('there is none')\n")
    here = environment(tmp_path)
    here["PYTHONPATH"] = f"{tmp_path}/path:{here['PYTHONPATH']}"
    command = [sys.executable, "-m", "cgi_conform", "run", command_of(tmp_path)]
    done = subprocess.run(command, env=here, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_every_report_is_written(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"), case("a/c", "status = 404"))
    assert run(tmp_path, "--report", str(tmp_path / "new" / "report"))[0] == 1
    written = sorted(path.name for path in (tmp_path / "new" / "report").iterdir())
    assert written == ["badge.json", "index.html", "junit.xml", "results.json", "summary.md"]


def test_a_failure_shows_expected_got_the_clause_and_the_line_to_paste(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b", "status = [404, 'closed']"))
    status, out, _ = run(tmp_path)
    assert status == 1
    for words in ("FAIL", "a/b", "expected", "404 or closed", "got", "200", "printf 'GET /hello.txt HTTP/1.0", "seed/a"):
        assert words in out


def all_verdicts(folder: Path) -> Path:
    wrong = "status = 404"
    corpus(
        folder,
        case("a/pass"), case("a/fail", wrong), case("a/warn", wrong, level="recommended"),
        case("a/differs", wrong, level="observed"), case("a/known", wrong), case("a/mended"),
        case("a/left"), case("a/lacking", more=SEND + "\nneeds = ['http11']"), case("a/otherwise", wrong),
        case("b/silence", "status = 'silent'", more=get("/silence") + "\nlimit = 0.05"),
        case("b/close", "status = 'closed'", more=get("/close")),
        case("b/env", "body = '\\xff{port}'", more=get("/env") + "\nenvironment.A = '\\xff{port}'"),
        case("b/log", "log = { contains = 'asked for /logged', lacks = 'hello' }", more=get("/logged")),
        case("b/no-log", "log.contains = 'nothing of this'", more=get("/logged") + "\nlimit = 0.05"),
        case("b/control", more=SEND + "\ncontrol = '/hello.txt'"),
        case("b/no-control", more=SEND + "\ncontrol = '/nothing'"),
    )  # fmt: skip
    (folder / "expect.toml").write_text(
        "['a/known']\noutcome = 'fail'\nsaw = 200\nreason = 'known to fail'\n"
        "['a/mended']\noutcome = 'fail'\nreason = 'was broken'\n"
        "['a/left']\noutcome = 'skip'\nreason = 'hangs'\n"
        "['a/other*']\noutcome = 'fail'\nsaw = 'bare'\nreason = 'no status line'\n"
    )
    return folder


VERDICT = {
    "a/pass": "pass", "a/fail": "fail", "a/warn": "warn", "a/differs": "differs", "a/known": "expected",
    "a/mended": "unexpected-pass", "a/left": "skip", "a/lacking": "skip", "a/otherwise": "fail",
    "b/silence": "pass", "b/close": "pass", "b/env": "pass", "b/log": "pass", "b/no-log": "fail", "b/control": "pass",
    "b/no-control": "fail",
}  # fmt: skip


@pytest.mark.long
def test_every_verdict_occurs_in_the_results(tmp_path: Path) -> None:
    expect = str(all_verdicts(tmp_path) / "expect.toml")
    results = results_of(tmp_path, "--expect", expect, "--timeout", "1", status=1)
    assert verdicts(results) == VERDICT
    assert results["totals"] == {
        "selected": 16, **{verdict: list(VERDICT.values()).count(verdict) for verdict in VERDICTS}
    }  # fmt: skip
    told = {one["id"]: (one["note"], one["saw"]) for one in results["cases"]}
    assert told["a/known"] == ("known to fail", 200)
    assert told["a/mended"] == ("expected to fail: was broken", 200)
    assert told["a/left"] == ("hangs", None)
    assert told["a/lacking"][0] == "needs http11 (--has http11='ARGUMENTS')"
    assert told["a/otherwise"] == ("expected to fail otherwise: no status line", 200)
    by_id = {one["id"]: one for one in results["cases"]}
    assert by_id["b/env"]["received"] == [{"connection": "main", "bytes": "HTTP/1.0 200 OK\\r\\n\\r\\n\\xff{port}", "end": "closed"}]
    assert [one["what"] for one in by_id["b/no-control"]["mismatches"]] == ["control"]
    assert results["suite"]["cases"] == 16 and results["stale"] == []


@pytest.mark.long
def test_results_json_does_not_depend_on_order_workers_or_delivery(tmp_path: Path) -> None:
    expect = str(all_verdicts(tmp_path) / "expect.toml")
    written = []
    for number, words in enumerate([(), ("-j", "2"), ("--shuffle=7",), ("-j", "3", "--shuffle"), ("--delivery", "bytes")]):
        report = tmp_path / f"report-{number}"
        assert run(tmp_path, "--expect", expect, "--timeout", "1", "--report", str(report), *words)[0] == 1
        written.append((report / "results.json").read_bytes())
    assert [text.splitlines() for text in written[1:]] == [written[0].splitlines()] * 4


def test_a_shuffled_run_prints_its_seed(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"))
    assert run(tmp_path, "--shuffle=7")[1].startswith("order: --shuffle=7\n")
    assert run(tmp_path, "--shuffle")[1].startswith("order: --shuffle=")


@pytest.mark.long
@pytest.mark.parametrize(
    ("level", "words", "status"),
    [
        ("recommended", (), 0), ("recommended", ("--strict",), 1), ("recommended", ("--strict-observed",), 0),
        ("observed", (), 0), ("observed", ("--strict",), 0), ("observed", ("--strict-observed",), 1),
    ],
)  # fmt: skip
def test_strict_and_strict_observed_turn_the_run_red(
    tmp_path: Path, level: str, words: tuple[str, ...], status: int
) -> None:
    corpus(tmp_path, case("a/b", "status = 404", level=level))
    assert run(tmp_path, *words)[0] == status


def test_a_stale_entry_turns_the_run_red(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"), case("a/c", "status = 404"))
    rules = tmp_path / "expect.toml"
    rules.write_text("['a/c']\noutcome = 'fail'\nreason = 'x'\n")
    assert run(tmp_path, "a/b", "--expect", str(rules))[0] == 0  # an entry for a case that is not selected is not stale
    rules.write_text("['z/*']\noutcome = 'fail'\nreason = 'gone'\n")
    status, out, _ = run(tmp_path, "a/b", "--expect", str(rules))
    assert status == 1 and "z/*" in out and "gone" in out


@pytest.mark.long
def test_a_release_that_was_not_checked_is_named_and_does_not_fail_the_run(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b", "status = 404"))
    server = tmp_path / "mine"
    server.mkdir()
    (server / "serve.py").write_text(SERVE)
    (server / "expect.toml").write_text("['a/b']\noutcome = 'fail'\nreason = 'x'\nsince = '1.3'\n")
    definition = (
        f"title = 'Mine'\nprogram = ['{sys.executable}']\nprofiles = ['cgihttpserver']\nchecked = ['1.2', '1.3.1']\n"
        "command = ['{program}', '{here}/serve.py', '{port}']\nversion = ['{program}', '-c', 'print(\"mine 1.%s\")']\n"
    )
    for release, status, note in (
        ("3.1", 0, ""),
        ("3.2", 0, "mine (mine 1.3.2): unknown release; expectations were checked with 1.2 and 1.3.1,"),
        ("2", 1, ""),
    ):
        (server / "server.toml").write_text(definition % release)
        done = cgi_conform(tmp_path, "run", "--server", str(server))
        assert (done.returncode, "unknown release" in done.stdout) == (status, bool(note)), done.stdout + done.stderr
        assert note in done.stdout and done.stderr == ""


@pytest.mark.long
def test_write_expect_writes_entries_that_need_a_reason(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b", "status = 404"), case("a/c", "body = 'x'", level="recommended"), case("a/d"))
    rules = tmp_path / "expect.toml"
    status, out, _ = run(tmp_path, "--write-expect", str(rules))
    assert status == 1 and f'2 expectations written to "{rules}"' in out
    results = results_of(tmp_path, "--expect", str(rules), status=1)
    assert verdicts(results) == {"a/b": "fail", "a/c": "fail", "a/d": "pass"}
    assert "does not say why" in results["cases"][0]["note"]
    rules.write_text(rules.read_text().replace("?? ", "known: "))
    results = results_of(tmp_path, "--expect", str(rules), status=0)
    assert verdicts(results) == {"a/b": "expected", "a/c": "expected", "a/d": "pass"}


def test_skip_leaves_cases_out(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"), case("a/c"), case("d/e"))
    results = results_of(tmp_path, "a", "--skip", "*/c", status=0)
    assert verdicts(results) == {"a/b": "pass", "a/c": "skip"}


@pytest.mark.long
def test_a_sample_is_the_same_in_every_run(tmp_path: Path) -> None:
    corpus(tmp_path, *(case(f"a/case-{number}") for number in range(20)))
    taken = [list(verdicts(results_of(tmp_path, "--sample", "4", *words))) for words in ((), ("-j", "2"))]
    assert taken[0] == taken[1] and 1 < len(taken[0]) < 10
    assert len(verdicts(results_of(tmp_path, "--sample", "1"))) == 20
    corpus(tmp_path, case("a/case-0"))
    status, _, err = run(tmp_path, "--sample", "1000000")
    assert status == 5 and err.endswith("has an expectation for cgihttpserver and is in --sample 1000000\n")


def test_seconds_are_written_only_with_times(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"))
    assert "seconds" not in results_of(tmp_path)["cases"][0]
    assert results_of(tmp_path, "--times")["cases"][0]["seconds"] >= 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("run",), 2, "cgi-conform: name one server: --server NAME, --command"),
        (("run", "--server", "cpython-3.133"), 2, 'cgi-conform: no server "cpython-3.133" (did you mean "cpython-3.13"?)'),
        (("run", "--server", "a", "--url", "b"), 2, "argument --url: not allowed with argument --server"),
        (("run", "--command", "x {port}"), 3, 'cgi-conform: command "x {port}" names no program (looked for x on PATH)'),
        (("run", "--command", "false {port}"), 3,
         'cgi-conform: server "command" did not start: it exited with status 1'),
        (("run", "z", "--command", "true {port}"), 5, 'cgi-conform: no case matches "z"'),
        (("run", "--profile", "rfc3875", "--command", "true {port}"), 5,
         "cgi-conform: nothing to run: no such case has an expectation for rfc3875 (--profile cgihttpserver)\n"),
        (("rum",), 2, 'cgi-conform: unknown command "rum" (did you mean "run"?)\n'),
        ((), 2, "the following arguments are required: COMMAND"),
        (("run", "--command", "true {port}", "--expect", "/none"), 2, 'cgi-conform: "/none": no such file (name a file that exists)\n'),
    ],
)  # fmt: skip
def test_an_error_of_the_user_is_reported_in_one_line(
    tmp_path: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    corpus(tmp_path, case("a/b"))
    done = cgi_conform(tmp_path, *words)
    assert done.returncode == status and said in done.stderr and "Traceback" not in done.stderr


def test_an_error_in_a_case_is_reported_in_one_line(tmp_path: Path) -> None:
    corpus(tmp_path, case("post/plain-file", "stauts = 1"))
    done = cgi_conform(tmp_path, "run", "--command", "true {port}")
    said = 'cgi-conform: cases/post.toml: case "post/plain-file": unknown key "stauts" in "cgihttpserver" (did you mean "status"?)\n'
    assert (done.returncode, done.stderr) == (2, said)


def test_a_run_in_which_every_case_is_skipped_exits_with_5(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b", more=SEND + "\nneeds = ['http11']"))
    status, out, _ = run(tmp_path)
    assert status == 5 and "nothing ran" in out


@pytest.mark.long
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_server_that_dies_is_reported_with_the_case_and_started_again(tmp_path: Path, jobs: str) -> None:
    corpus(tmp_path, case("a/a"), case("a/deadly", "status = 'closed'", more=get("/die")), case("a/z"))
    results = results_of(tmp_path, "-j", jobs, status=3)
    assert verdicts(results) == {"a/a": "pass", "a/deadly": "error", "a/z": "pass"}
    _, _, err = run(tmp_path, "-j", jobs)
    died = 'server "command" died in case "a/deadly": it exited with status 3'
    assert err.startswith(f"cgi-conform: {died}\n    asked for ") and err.endswith("\n    one last word\n")
    assert [one["note"] for one in results["cases"]] == ["", died, ""]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_server_that_dies_after_its_answer_is_reported(tmp_path: Path, jobs: str) -> None:
    corpus(tmp_path, case("a/deadly", "status = 404", more=get("/die-after")))
    status, _, err = run(tmp_path, "-j", jobs)
    # The scheduler decides whether the suite notices the end in the case or after it.
    assert status == 3 and ('died after case "a/deadly"' in err or 'died in case "a/deadly"' in err)


def test_a_server_at_a_url_is_judged_without_the_cases_that_need_launch(tmp_path: Path) -> None:
    folder = corpus(
        tmp_path, case("a/b", "body.file = 'hello.txt'"), case("a/root", more=SEND + "\nneeds = ['root']"),
        case("a/log", "log.contains = 'x'"),
    )  # fmt: skip
    (folder / "serve.py").write_text("import socket, sys\n" + SERVE.replace("int(sys.argv[1])", "0").replace(
        "texts =", "print(listener.getsockname()[1], flush=True)\ntexts ="))
    with subprocess.Popen([sys.executable, folder / "serve.py"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        report = folder / "report"
        done = cgi_conform(folder, "run", "--url", url, "--root", str(folder / "docroot"), "--report", str(report))
        server.kill()
    results = json.loads((report / "results.json").read_text())
    assert done.returncode == 0 and verdicts(results) == {"a/b": "pass", "a/root": "skip", "a/log": "skip"}
    assert results["server"] == {"name": "url", "title": "a running server", "version": ""}
    assert results["user"] == "unknown"


@pytest.mark.long
@pytest.mark.parametrize(("wanted", "hint"), [(404, False), (200, True)])
def test_a_run_that_is_mostly_red_names_the_profile_that_fits_better(tmp_path: Path, wanted: int, hint: bool) -> None:
    other = f"status = 404\n[case.rfc3875]\nlevel = 'required'\nstatus = {wanted}"
    corpus(tmp_path, *(case(f"a/{number}", other) for number in range(100)))
    status, out, _ = run(tmp_path)
    assert status == 1
    said = re.findall(r"^this server may follow CGI/1.1 instead: (\d+) of (\d+) cases tried .*\(--profile rfc3875\)$", out, re.M)
    assert [(passed == tried, int(tried) > 0) for passed, tried in said] == [(True, True)] * hint
    assert "may follow" not in run(tmp_path, "--profile", "rfc3875")[1] + run(tmp_path, "a/1*")[1]
