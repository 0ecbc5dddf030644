"""Errors of the user: each gives one line that names it, before a run and not after it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from case_files import case, corpus
from cgi_conform.cli import main
from cgi_conform.errors import UserError
from cgi_conform.judging.results import write
from cgi_conform.schema import read_toml
from cgi_conform.servers.definition import from_command
from cgi_conform.servers.ports import why_not_free
from sample_run import SERVER, passing
from whole_run import CONFORMANCE, cgi_conform, command_of, environment


def test_a_folder_in_place_of_a_toml_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_toml(tmp_path, "expect.toml")
    assert caught.value.message == "expect.toml: cannot be read: Is a directory (it must be a file that you may read)"


@pytest.mark.parametrize(
    "words",
    [
        "merge {}.json", "diff {}.json {}.json", "show post/plain-file --results {}.json", "matrix --from {}.json",
        "run --server faulty --expect {}.toml", "run --server {}", "list",
    ],
)  # fmt: skip
def test_a_file_that_is_nested_too_deeply_is_an_error(
    tmp_path: Path, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "deep"
    for folder in (deep, tmp_path / "cases"):
        folder.mkdir()
    for path in (deep / "server.toml", tmp_path / "deep.toml", tmp_path / "cases" / "post.toml"):
        path.write_text(f"a = {'[' * 100_000}")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    if words == "list":
        monkeypatch.setenv("CGI_CONFORM_FIXTURES", str(tmp_path))
    assert main(words.replace("{}", str(deep)).split()) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("cgi-conform: ")
    assert printed.err.endswith(": it is nested more than 100 levels deep\n") and printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "a\nb\x1b\x9b"], ': no case matches "a\\nb\\x1b\\x9b" ('),
        (["serve", "a\n    b/"], ': there is no folder "a\\n    b/" ('),
        (["run", "--a\nb"], ' run: unknown option "--a\\nb" ('),
        (["run", "-j", "x"], ' run: argument -j: "x" is not a whole number above 0 ('),
        (["run", "-j", "0"], ' run: argument -j: "0" is not a whole number above 0 ('),
        (["prove", "--sample=x"], ' prove: argument --sample: "x" is not a whole number above 0 ('),
        (["matrix", "--sample=0"], ' matrix: argument --sample: "0" is not a whole number above 0 ('),
        (["run", "--slowest", "-1"], ' run: argument --slowest: "-1" is not a whole number from 0 to 1000000 ('),
        (["run", "--shuffle=-2"], ' run: argument --shuffle: "-2" is not a whole number from 0 to 999999999999999999 ('),
        (["show", "x", "--port", "99999"], ' show: argument --port: "99999" is not a whole number from 1 to 65535 ('),
        (["serve", "x", "--port", "65536"], ' serve: argument --port: "65536" is not a whole number from 0 to 65535 ('),
        (["compare-site", ".", "--limit", "²"], ' compare-site: argument --limit: "²" is not a whole number above 0 ('),
        (["compare-site", ".", "--timeout", "0"], ' compare-site: argument --timeout: "0" is not a positive number of seconds ('),
        (["programs", "--timeout=x"], ' programs: argument --timeout: "x" is not a positive number of seconds ('),
        (["run", "--case-timeout=nan"], ' run: argument --case-timeout: "nan" is not a positive number of seconds ('),
        (["run", "--timeout=1e300"], ' run: argument --timeout: "1e300" is not a positive number of seconds ('),
        (["run", "--url", "http://[::1", "--root", "/"], ': --url "http://[::1" is not of the form http://HOST:PORT'),
        (["run", "--url", "http://..", "--root", "/"], ': --url "http://.." is not of the form http://HOST:PORT'),
        (["run", "--url", "http://a@b:1/", "--root", "/"], ': --url "http://a@b:1/" is not of the form http://HOST:PORT'),
        (["merge", "x" * 300], f': "{"x" * 300}": File name too long'),
        (["run", "--start-timeout=inf"], ' run: argument --start-timeout: "inf" is not a positive number of seconds ('),
        *(([*words, ""], f' {words[0]}: argument {words[-1]}: the value "" is empty (give a value, or leave it out)')
          for words in (["run", "--report"], ["run", "--expect"], ["run", "--script-suffix"], ["matrix", "--from"])),
        *(([name, ""], f' {name}: argument {what}: the value "" is empty (give a value, or leave it out)')
          for name, what in (("init-server", "DIR"), ("compare-site", "DIR"), ("merge", "RESULTS"), ("list", "CASE-GLOB"))),
        (["run", "a", "--strict", ""], ' run: argument CASE-GLOB: the value "" is empty ('),
        (["run", "--profile", "a\nb"], ' run: argument --profile: unknown value "a\\nb" ('),
    ],
)
def test_a_message_is_one_line_whatever_the_user_typed(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status: object = main(words)
    except SystemExit as ended:
        status = ended.code
    printed = capsys.readouterr().err
    assert status in (2, 5) and printed.startswith(f"cgi-conform{said}") and printed.count("\n") == 1


@pytest.mark.parametrize(
    ("corpus_name", "said"),
    [
        ("absent", 'CGI_CONFORM_FIXTURES: there is no folder "{}" (name one with cases/, docroot/ and clauses.toml)'),
        ("", 'the corpus "{}" has no folder docroot/ with the files to serve'),
    ],
)
def test_a_corpus_that_is_not_there_is_an_error(
    tmp_path: Path, corpus_name: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / corpus_name
    monkeypatch.setenv("CGI_CONFORM_FIXTURES", str(named))
    assert main(["fixtures", str(tmp_path / "new")]) == 2
    assert capsys.readouterr().err == f"cgi-conform: {said.format(named)}\n"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--report", "/proc/self/report"], 'cannot write into "/proc/self/report": '),
        (["--write-expect", "/proc/self/known.toml"], 'cannot write into "/proc/self": '),
        (["--write-expect", "/proc"], 'cannot write "/proc": it is a folder (name a file in it)'),
        (["--skip", "a/bb"], '--skip "a/bb" matches no case (did you mean "a/b"?)'),
    ],
)
def test_a_wrong_option_is_reported_before_the_first_case(tmp_path: Path, words: list[str], said: str) -> None:
    corpus(tmp_path, case("a/b", more="send = 'GET /die HTTP/1.0\\r\\n\\r\\n'"))
    done = cgi_conform(tmp_path, "run", command_of(tmp_path), *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"cgi-conform: {said}") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sh x {port} | cat", '--command: "|" needs a shell, but cgi-conform starts the command without one (try: sh -c \'…\')'),
        ("sh x {port} 2>&1", '--command: "2>&1" needs a shell, but cgi-conform starts the command without one (try: sh -c \'…\')'),
        ("A=1 sh {port}", '--command: "A=1" is not a program (to set a variable: env A=1 …)'),
    ],
)
def test_a_command_that_needs_a_shell_is_an_error(command: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        from_command(command)
    assert caught.value.message == said


def test_shell_operators_inside_quotes_are_allowed() -> None:
    assert from_command("sh -c 'x > y | z' {port}").command[1:] == ("-c", "x > y | z", "{port}")


def test_a_port_with_a_listener_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert why_not_free(taken.getsockname()[1]) == "is in use"


def test_record_refuses_the_results_of_an_unknown_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = passing(1)
    results["server"] = {**SERVER, "name": "../evil"}
    write(results, tmp_path / "results.json")
    assert main(["record", "--from", str(tmp_path / "results.json")]) == 2
    assert '"../evil" is no known server: only their answers are recorded' in capsys.readouterr().err


def test_write_expect_warns_if_runs_do_not_read_a_file_of_that_name(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b", "status = 404"))
    mine = tmp_path / "mine"
    mine.mkdir()
    command = command_of(tmp_path).removeprefix("--command=").split()
    text = ", ".join(f'"{word}"' for word in command)
    (mine / "server.toml").write_text(
        f'title = "mine"\nprogram = ["{command[0]}"]\ncommand = [{text}]\nprofiles = ["cgihttpserver"]\n'
    )
    for name, told in (("expect.toml", False), ("other.toml", True)):
        done = cgi_conform(tmp_path, "run", "--server", str(mine), "--write-expect", str(mine / name))
        assert f'1 expectation written to "{mine / name}"' in done.stdout, done.stderr
        assert ('runs read the file "expect.toml"' in done.stdout) == told


def test_a_removed_current_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m cgi_conform list post"
    done = subprocess.run(
        ["sh", "-c", command], env={**os.environ, "PYTHONPATH": str(CONFORMANCE)}, capture_output=True, text=True
    )
    said = "cgi-conform: the current folder does not exist any more (change to another one)\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_an_output_on_a_full_disk_is_reported_in_one_line() -> None:
    words = [sys.executable, "-m", "cgi_conform", "list", "post"]
    environment = {**os.environ, "PYTHONPATH": str(CONFORMANCE)}
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, env=environment, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "cgi-conform: cannot write the output: No space left on device\n")


def test_a_red_run_is_red_and_has_its_report_if_nobody_reads_the_output(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b", "status = 404"))
    unread, output = os.pipe()
    os.close(unread)
    words = [sys.executable, "-m", "cgi_conform", "run", command_of(tmp_path), "--report", str(tmp_path / "report")]
    done = subprocess.run(words, env=environment(tmp_path), cwd="/", stdout=output, stderr=subprocess.PIPE)
    os.close(output)
    assert (done.returncode, (tmp_path / "report" / "results.json").exists()) == (1, True), done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_run_needs_no_standard_file(tmp_path: Path, closed: str) -> None:
    corpus(tmp_path, case("a/b", "status = 200"))
    words = ["sh", "-c", f'exec "$@" {closed}', "-", sys.executable, "-m", "cgi_conform", "run", command_of(tmp_path)]
    assert subprocess.run(words, env=environment(tmp_path), cwd="/", capture_output=True).returncode == 0


def test_characters_that_the_encoding_of_the_output_lacks_are_escaped() -> None:
    words = [sys.executable, "-m", "cgi_conform", "show", "post/plain-file"]
    environment = {**os.environ, "PYTHONPATH": str(CONFORMANCE), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"") and b"\\u2013" in done.stdout


def test_init_server_escapes_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"a\xff")
    assert main(["init-server", str(folder)]) == 0
    assert "\\udcff" in (folder / "expect.toml").read_text()
