"""The program cgi-bench: the servers that it starts, its messages, and its JSON. The tests assert no times."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CGI_CONFORM_BUILD") or CHECKOUT / "build")
PROGRAM = BUILD / "bench" / "cgi-bench"
BRIEF = ("--benchmark_repetitions=1", "--benchmark_min_time=0.01")

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built (ci/build --tests)")


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAM), *words], cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )


def measured(*words: str) -> tuple[int, dict[str, Any]]:
    done = bench(*words, *BRIEF, "--benchmark_format=json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_server_that_answers_wrongly_is_invalid_and_has_no_figures() -> None:
    servers = "ref=cgi-server:rfc3875,bench/servers/wrong"
    status, told = measured("--servers", servers, "--benchmark_filter=cgi-hello/8/")
    runs = {run["run_name"].split("/")[2]: run for run in told["benchmarks"]}
    assert status == 1
    assert told["context"]["INVALID wrong"].startswith("check query ")
    assert runs["wrong"]["error_message"].startswith("INVALID: check query ")
    assert "requests_per_second" not in runs["wrong"]
    assert runs["ref"]["requests_per_second"] > 0 and "error_message" not in runs["ref"]
    assert runs["ceiling"]["requests_per_second"] > 0


def test_the_json_names_the_targets_and_holds_every_counter() -> None:
    status, told = measured("--servers", "a=cgi-server:rfc3875,b=cgi-server", "--benchmark_filter=static-1k/at-")
    runs = {run["run_name"].split("/")[2]: run for run in told["benchmarks"]}
    assert status == 0
    assert told["context"]["targets"] == "a b"
    assert told["context"]["target b"].endswith("profile cgihttpserver")
    for run in runs.values():
        assert run["failures"] == 0
        assert {"p50_ms", "max_ms", "bytes_per_second", "client_cpu", "server_cpu_us", "server_memory_mb"} <= run.keys()
    assert runs["b"]["connections_per_request"] == 1  # HTTP/1.0


CROWD = """
[[file]]
path = "1k.bin"
repeat = "0123456789abcde\\n"
[[scenario]]
name = "crowd"
title = "a file beside idle connections and scripts"
path = "/1k.bin"
close = true
clients = 1
fresh = true
idle = 20
beside = { path = "/cgi-bin/hello-static", body = "hello\\n", requests = 10 }
"""


def test_a_crowd_has_a_fresh_server_and_its_memory_is_told(tmp_path: Path) -> None:
    file = tmp_path / "crowd.toml"
    file.write_text(CROWD, "utf-8")
    servers = "a=bench/servers/cgi-server:rfc3875,old=bench/servers/cgi-server:cgihttpserver"
    status, told = measured("--servers", servers, "--scenarios", str(file))
    runs = {run["run_name"].split("/")[2]: run for run in told["benchmarks"]}
    assert status == 0
    assert {"rest_memory_mb", "rest_threads", "server_memory_mb", "server_threads", "server_cpu_us"} <= runs["a"].keys()
    assert runs["a"]["rest_processes"] == 1 and runs["a"]["failures"] == 0
    assert runs["a"]["beside_max_ms"] >= runs["a"]["beside_p50_ms"] > 0
    assert told["context"]["rest a"].startswith("processes 1, threads ")
    assert told["context"]["cpu a"] in ("control group", "/proc")
    assert runs["old"]["error_message"].startswith("not offered: connection ")  # HTTP/1.0 keeps no connection


def test_list_tests_starts_no_server() -> None:
    done = bench("nobody=http://127.0.0.1:1", "--benchmark_list_tests", "--benchmark_filter=cgi-hello/8")
    assert done.returncode == 0
    assert done.stdout.split() == [
        f"cgi-hello/8/{name}/iterations:1/manual_time" for name in ("nobody", "ceiling")
    ]


def test_lay_out_writes_the_document_root(tmp_path: Path) -> None:
    assert bench("--lay-out", str(tmp_path / "site")).returncode == 0
    assert (tmp_path / "site" / "1k.bin").stat().st_size == 1024
    assert os.access(tmp_path / "site" / "cgi-bin" / "hello-static", os.X_OK)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ([], 2, "no targets"),
        (["x"], 2, "is not NAME=URL"),
        (["x=https://h"], 2, "does not begin with http://"),
        (["x="], 2, 'URL "" of target "x" does not begin with http:// (try: x=http://127.0.0.1:8000)'),
        (["a\nb=http://h"], 2, r'"a\x0ab" is not a valid target name'),
        (["\x1b[31m"], 2, r'"\x1b[31m" is not NAME=URL'),
        (["--servers", "no-such"], 2, 'no server "no-such"'),
        (["--servers", "lightpd"], 2, 'no server "lightpd" (did you mean "lighttpd"?)'),
        (["--servers", "lighttpd:cgihttpserver"], 2, 'has no profile "cgihttpserver"'),
        (["--servers", "cgi-server+htp11"], 2, 'has no variant "htp11" (did you mean "http11"?)'),
        (["--servers", "cgi-server", "--runner", "false"], 3, '"false" did not start server "cgi-server"'),
        (["x=http://127.0.0.1:1", "--timeout", "nan"], 2, '--timeout "nan" is not a number of seconds above 0'),
        (["x=http://127.0.0.1:1", "--benchmark_repetitions=-1"], 2, '--benchmark_repetitions "-1" is not between'),
        (["x=http://127.0.0.1:1", "--benchmark_repetitions=x"], 2, '--benchmark_repetitions "x" is not between'),
        (["x=http://127.0.0.1:1", "--benchmark_format=xml"], 2, '--benchmark_format "xml" is not console, json or csv'),
        (["x=http://127.0.0.1:1", "--benchmark_out=/nope/x"], 2, '--benchmark_out "/nope/x" cannot be written: '),
        (["x=http://127.0.0.1:1", "--scenarios", "bench"], 2, '"bench" cannot be read: Is a directory'),
        (["--lay-out", "README.md"], 2, '--lay-out "README.md" is not a folder (name a new directory)'),
        (["--lay-out", "bench"], 2, '--lay-out "bench" is not empty (name a new directory)'),
        (["--lay-out", "README.md/x"], 2, 'cannot write the document root: "README.md/x/cgi-bin": Not a directory'),
        (["x=http://127.0.0.1:1", "--benchmark_filter=none-such"], 2, '"none-such" (--benchmark_list_tests shows their names)'),
        (["x=http://127.0.0.1:1", "--benchmark_filter=^cgi-helo/8/"], 2, '"^cgi-helo/8/" (did you mean "cgi-hello"?)'),
        (["x=http://127.0.0.1:1", "--benchmark_filter=static-1k/1/"], 1, "x is INVALID"),
        (["x=http://127.0.0.1:1", "--scenarios", "none.toml"], 2, '"none.toml" cannot be read: No such file or directory (--scenarios names another file)'),
        (["--scenarios", "fixtures/scenario.toml"], 2, 'cannot be read: No such file or directory (did you mean "scenarios.toml"?)'),
    ],
)
def test_an_error_is_named_and_has_its_exit_status(words: list[str], status: int, told: str) -> None:
    done = bench(*words, *BRIEF)
    assert (done.returncode, told in done.stderr) == (status, True), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(("cgi-bench: ", "cgi-conform"))


def test_output_that_nobody_reads_leaves_no_document_root(tmp_path: Path) -> None:
    unread, output = os.pipe()
    os.close(unread)
    command = [str(PROGRAM), "x=http://127.0.0.1:1", "--benchmark_filter=cgi-hello/8/", *BRIEF]
    done = subprocess.run(
        command, cwd=CHECKOUT, env={**os.environ, "TMPDIR": str(tmp_path)}, stdin=subprocess.DEVNULL, stdout=output,
        stderr=subprocess.PIPE, text=True, timeout=120,
    )  # fmt: skip
    os.close(output)
    assert done.returncode != 0 and list(tmp_path.iterdir()) == [], done.stderr


def test_without_a_standard_output_the_json_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    command = [str(PROGRAM), "--servers", "cgi-server:rfc3875", "--benchmark_filter=static-1k/1/cgi", *BRIEF]
    closed = ["sh", "-c", 'exec "$@" >&-', "-", *command, f"--benchmark_out={file}"]
    assert subprocess.run(closed, cwd=CHECKOUT, stdin=subprocess.DEVNULL, timeout=120).returncode == 0
    assert json.loads(file.read_text())["benchmarks"]


def test_the_shortest_time_is_a_time() -> None:
    words = ("--servers", "cgi-server:rfc3875", "--benchmark_filter=static-1k/1/cgi", "--benchmark_repetitions=1")
    assert bench(*words, "--benchmark_min_time=1e-10").returncode == 0


def test_without_a_valid_target_nothing_is_measured() -> None:
    status, told = measured("a=http://127.0.0.1:1", "--benchmark_filter=cgi-hello/8/")
    problems = {run["run_name"].split("/")[2]: run["error_message"] for run in told["benchmarks"]}
    assert status == 1
    assert problems == {"a": f"INVALID: {told['context']['INVALID a']}", "ceiling": "no target is valid"}


@pytest.mark.parametrize("word", ["--version", "-h", "--help"])
def test_a_question_has_an_answer_on_standard_output(word: str) -> None:
    done = bench(word)
    first = "cgi-bench " if word == "--version" else "usage: cgi-bench NAME=URL"
    assert (done.returncode, done.stderr, done.stdout.startswith(first)) == (0, "", True)


def test_help_shows_the_options_of_cgi_bench_and_google_benchmark() -> None:
    done = bench("--help")
    assert done.returncode == 0
    assert "cgi-bench NAME=URL" in done.stdout and "--benchmark_filter" in done.stdout
