"""The programs package: definitions, the document root, checks and their clients, results and the table."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from cgi_conform.cli import main
from cgi_conform.errors import UserError
from cgi_conform.judging.known_failures import load_known_failures, stale
from cgi_conform.paths import SERVERS
from cgi_conform.programs import definition, junit, site, table
from cgi_conform.programs.attempt import Found, attempt
from cgi_conform.programs.command import Command, run
from cgi_conform.programs.definition import PATH, load_programs
from cgi_conform.programs.findings import VERDICTS, CheckResult, Findings, assembled, exit_status, totals, write
from whole_run import has_ended

pytestmark = pytest.mark.skipif(shutil.which("curl", path=PATH) is None, reason="package curl is not installed")

# A server that runs cgi-bin/NAME for every request. It obeys the Status field, or ignores it if started with "blind".
SERVE = """
import http.server, os, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/cgi-bin/die":
            os._exit(3)
        path, _, query = self.path.partition("?")
        name, _, info = path.removeprefix("/cgi-bin/").partition("/")
        environment = {"REQUEST_METHOD": self.command, "QUERY_STRING": query, "SCRIPT_NAME": "/cgi-bin/" + name,
                       "CONTENT_LENGTH": self.headers["Content-Length"] or "", "PATH": os.environ["PATH"]}
        environment |= {"PATH_INFO": "/" + info} if info else {}
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        script = os.getcwd() + "/cgi-bin/" + name
        out = subprocess.run([script], input=body, env=environment, capture_output=True).stdout
        head, _, rest = out.replace(b"\\r\\n", b"\\n").partition(b"\\n\\n")
        fields = [line.partition(": ")[::2] for line in head.decode().splitlines()]
        status = [int(value.split()[0]) for field, value in fields if field == "Status" and sys.argv[2:] != ["blind"]]
        self.send_response(status[0] if status else 200)
        for field, value in fields:
            self.send_header(field, value)
        self.end_headers()
        self.wfile.write(rest)
    do_POST = do_GET
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
PROGRAM = """
title   = "x"
package = "x-package"
program = ["sh"]
files."cgi-bin/x" = "x.sh"
"""
GET = '[[check]]\nname = "get"\ntitle = "t"\nget = "/cgi-bin/x"\n'


@pytest.fixture
def server(tmp_path: Path) -> Path:
    here = tmp_path / "tiny"
    here.mkdir()
    (here / "serve.py").write_text(SERVE)
    (here / "server.toml").write_text(
        f'title = "Tiny"\nprogram = ["{sys.executable}"]\ncommand = ["{{program}}", "{{here}}/serve.py", "{{port}}"]\n'
        'profiles = ["cgihttpserver", "rfc3875"]\nprofile.cgihttpserver.arguments = ["blind"]\n'
    )
    return here


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns a folder for programs. The script of program x prints the file `answer` of its data."""
    folder = tmp_path / "programs"
    (folder / "x").mkdir(parents=True)
    (folder / "x" / "x.sh").write_text("#!/bin/sh\ncat '{data}/answer'\n")
    monkeypatch.setattr(load_programs, "__defaults__", ((), folder))
    return folder


def define(folder: Path, checks: str, more: str = "") -> None:
    (folder / "x" / "program.toml").write_text(f"{PROGRAM}{more}\n{checks}")


def failure(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_programs((), folder)
    assert caught.value.status == 2
    return caught.value.message


# --- definitions


def test_the_files_of_the_known_programs_are_valid_and_short() -> None:
    known = load_programs()
    assert [program.name for program in known] == sorted(program.name for program in known) and len(known) >= 9
    for path in definition.PROGRAMS.glob("*/*"):
        assert len(path.read_text().splitlines()) <= 90, path


def test_known_failures_of_the_known_servers_name_existing_checks() -> None:
    corpus = [check.id for program in load_programs() for check in program.checks]
    files = sorted(SERVERS.glob("*/programs*.toml"))
    assert files and [entry for path in files for entry in stale(load_known_failures(path), corpus)] == []


def test_a_missing_program_names_its_package(programs: Path) -> None:
    define(programs, GET, 'needs = { "/no/such/file" = "other-package" }\n')
    (found,) = load_programs((), programs)
    assert found.missing == "package other-package is not installed (no /no/such/file)"
    assert found.packages == ("other-package",)
    text = (programs / "x" / "program.toml").read_text().replace('["sh"]', '["no-such-program", "/no/such"]')
    (programs / "x" / "program.toml").write_text(text)
    (found,) = load_programs((), programs)
    assert found.missing.startswith("package x-package is not installed (no no-such-program or /no/such); package o")


def test_detect_decides_whether_a_program_is_installed(programs: Path) -> None:
    for command, missing in (("true", ""), ("false", "package x-package is not installed (no library or module that it needs)")):
        define(programs, GET, f'detect = ["{{program}}", "-c", "{command}"]\n')
        assert load_programs((), programs)[0].missing == missing


def test_globs_choose_programs_and_checks() -> None:
    assert [program.name for program in load_programs(["git", "php/status"])] == ["git", "php"]
    assert [check.id for check in load_programs(["*/clone*"])[0].checks] == ["fossil/clone"]
    with pytest.raises(UserError, match=r'no program or check matches "gti" \(did you mean "git"\?\)'):
        load_programs(["gti"])


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        (GET.replace("title", "titel"), 'x/program.toml: unknown key "titel" in "check[1]" (did you mean "title"?)'),
        (GET + GET, 'x/program.toml: there are two checks "x/get"'),
        (GET + r"body = '\q'", 'x/program.toml: check "get": "\\q" is not an escape'),
        (GET + 'run = "true"', 'x/program.toml: "check[1]" needs exactly one of run, get'),
    ],
)
def test_an_error_in_a_definition_is_reported_in_one_line(programs: Path, checks: str, said: str) -> None:
    define(programs, checks)
    assert failure(programs).splitlines()[0] == said


def test_a_missing_template_is_named_in_the_message(programs: Path) -> None:
    define(programs, GET)
    (programs / "x" / "x.sh").unlink()
    assert failure(programs) == 'x/program.toml: cannot read "x.sh", which [files] names: No such file or directory'


# --- clients


def test_a_command_that_exceeds_its_time_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, told = subprocess.Popen.wait, tmp_path / "told"
    os.mkfifo(told)

    def exceeded(process: "subprocess.Popen[bytes]", timeout: float | None = None) -> int:
        if timeout is None:
            return really(process)
        told.read_bytes()  # the time is over when the command has printed everything
        raise subprocess.TimeoutExpired(process.args, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", exceeded)
    script = "sleep 600 & echo $!; echo one; : >told; exec sleep 60"
    done = run(Command(("sh", "-c", script), {"PATH": PATH}, tmp_path), 0.5)
    assert done.status is None and done.ending() == "stopped after 0.5 s"
    child, said = done.output.split()
    assert said == b"one" and has_ended(int(child), 20)


def test_a_command_gets_neither_environment_nor_input_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    done = run(Command(("sh", "-c", "echo ${http_proxy-none}; pwd; cat; exit 3"), {"PATH": PATH}, tmp_path), 10)
    assert done.status == 3 and done.output.decode() == f"none\n{tmp_path}\n" and done.ending() == "exit status 3"


@pytest.fixture
def answering(programs: Path) -> Iterator[Any]:
    """Yields try_(check, octets), which returns the result of the check if a server answers with these octets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def try_(check: str, octets: bytes) -> Found:
            define(programs, check)
            (program,) = load_programs((), programs)
            with site.made([program], 10) as made:

                def answer() -> None:
                    client, _ = listener.accept()
                    with client:
                        client.recv(65536)
                        client.sendall(octets)

                thread = threading.Thread(target=answer)
                thread.start()
                found = attempt(program.checks[0], program, made, port, 10)
                thread.join()
                return found

        yield try_


OK = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nConnection: close\r\n\r\n<p>\xc3\xa9</p>"


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ("", ""),
        (r"body = '<p>\xc3\xa9</p>'", ""),
        ("header.SET-COOKIE = { count = 2, contains = ['a=1', 'b=2'] }", ""),
        ("header.Status.absent = true", ""),
        ("status = 404", "status: expected 404, got 200"),
        ("header.Set-Cookie.count = 1", "Set-Cookie: expected 1 lines, got 2"),
        ("header.Location = 'x'", 'Location: expected "x", got absent'),
        (r"body.contains = '<b>'", r'body: expected contains "<b>", got "<p>\xc3\xa9</p>"'),
    ],
)
def test_an_answer_is_compared_with_the_expectations_of_the_check(answering: Any, asked: str, wrong: str) -> None:
    found = answering(GET + asked, OK)
    assert (found.wrong, found.saw) == (wrong, 200)
    assert found.command == "curl -sS -i http://127.0.0.1:{port}/cgi-bin/x"


def test_an_interim_response_is_ignored(answering: Any) -> None:
    assert answering(GET, b"HTTP/1.1 100 Continue\r\n\r\n" + OK).saw == 200


def test_the_message_of_curl_is_shown_if_there_is_no_answer(answering: Any) -> None:
    found = answering(GET, b"")
    assert found.saw is None and found.wrong.startswith("curl: ") and "Empty reply" in found.wrong


def test_a_client_is_judged_by_its_exit_status(answering: Any) -> None:
    lines = 'curl -sS -o got "$URL/x"\ntest ! -s got || cat got >&2\nexit 5'
    check = f'[[check]]\nname = "run"\ntitle = "t"\nrun = """\n{lines}\n"""\n'
    assert answering(f"{check}exit = 5", OK) == Found("", 5, f"{lines}\n")
    wrong = answering(check, OK).wrong
    assert wrong == "expected exit status 0, got exit status 5\n<p>\\xc3\\xa9</p>"


# --- whole runs


def test_a_run_shows_passes_and_failures_and_writes_the_reports(
    server: Path, programs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = "setup = '''\nprintf 'Status: 404 Not here\\nX-Own: %s\\n\\nit is %s\\n' \"$USER\" x >answer\n'''\n"
    body = "status = 404\nbody = 'it is x\\n'\n"
    absent = GET.replace('"get"', '"absent"') + "status = 404\nheader.X-Own.absent = true\n"
    define(programs, GET + body + absent, setup)
    report = tmp_path / "report"
    words = ["programs", "--server", f"{server}/", "--report", str(report)]
    assert main(words) == 1
    said = capsys.readouterr().out
    assert "\nx/get     pass     t\n" in said and "\nx/absent  FAIL     t\n" in said
    assert 'FAIL  x/absent on tiny: t\n      X-Own: expected absent, got "cgi-conform"\n      $ curl -sS -i ' in said
    assert said.endswith("tiny, profile rfc3875: 1 pass, 1 fail\n")
    first = (report / "programs.json").read_bytes()
    assert main(words) == 1 and (report / "programs.json").read_bytes() == first
    assert sorted(os.listdir(report)) == ["programs.json", "programs.xml"]
    assert main([*words, "x/get"]) == 0
    assert main([*words, "--profile", "cgihttpserver", "x/get"]) == 1


def test_a_known_failure_that_passes_or_differs_turns_the_run_red(
    server: Path, programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    define(programs, GET + "status = 404\n", "setup = \"printf 'Status: 404 x\\\\n\\\\nx' >answer\"\n")
    words = ["programs", "--server", f"{server}/", "--profile", "cgihttpserver"]
    rule = '["x/get"]\noutcome = "fail"\nsaw = 200\nreason = "Status is not looked at"\n'
    (server / "programs.toml").write_text(rule)
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "x/get  fails" in said and "known failures of tiny: x/get\n      Status is not looked at\n" in said
    (server / "programs.rfc3875.toml").write_text(rule)
    assert main([*words[:3], "--profile", "rfc3875"]) == 1
    assert "x/get  PASSED" in capsys.readouterr().out
    (server / "programs.toml").write_text(rule.replace("200", "500"))
    assert main(words) == 1
    assert "expected to fail with 500 (Status is not looked at), but:" in capsys.readouterr().out
    (server / "programs.toml").write_text(rule.replace('"fail"\nsaw = 200', '"skip"') + rule.replace("x/get", "x/old"))
    assert main(words) == 1
    said = capsys.readouterr().out
    assert 'STALE tiny/programs.toml: "x/old" matches no check' in said and "skipped: x/get: Status is" in said


def test_a_run_without_an_installed_program_exits_with_5(
    server: Path, programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    define(programs, GET, 'needs = { "/no/such/file" = "other-package" }\n')
    assert main(["programs", "--server", f"{server}/"]) == 5
    said = capsys.readouterr().out
    assert "skipped: x/get: package other-package is not installed (no /no/such/file)\n" in said
    assert "to try them: apt-get install --no-install-recommends other-package\n" in said


def test_a_failing_setup_turns_the_checks_of_its_program_into_errors(
    server: Path, programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    define(programs, GET, 'setup = "echo no luck; exit 4"\n')
    assert main(["programs", "--server", f"{server}/"]) == 1
    assert "ERROR x/get on tiny: t\n      its setup failed: exit status 4\n      no luck\n" in capsys.readouterr().out


def test_a_server_that_dies_is_named_and_started_again(
    server: Path, programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    die = GET.replace('"get"', '"die"').replace("cgi-bin/x", "cgi-bin/die")
    define(programs, die + GET, "setup = \"printf 'A: b\\\\n\\\\nx' >answer\"\n")
    assert main(["programs", "--server", f"{server}/"]) == 3
    told = capsys.readouterr()
    assert "x/die  ERROR" in told.out and "x/get  pass" in told.out
    assert 'server "tiny" died during check "x/die": it exited with status 3' in told.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name a server: --server NAME or --command 'CMD {port} {root}'"),
        (["--server", "cgi-serve"], 'no server "cgi-serve" (did you mean "cgi-server"?)'),
        (["--command", "no-such-program {port}"], 'command "no-such-program {port}" names no program (looked for no-such-program on PATH)'),
        (["--command", "sh {port}", "fosil"], 'no program or check matches "fosil" (did you mean "fossil"?)'),
    ],
)
def test_a_wrong_option_is_reported_in_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["programs", *words]) in (2, 3)
    assert capsys.readouterr().err == f"cgi-conform: {said}\n"


def test_a_real_program_works_on_a_small_server(server: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = load_programs(["python-form"])[0]
    if form.missing:
        pytest.skip(form.missing)
    assert main(["programs", "--server", f"{server}/", "python-form"]) == 0, capsys.readouterr().out


def test_the_temporary_files_are_removed(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "reachable_tmp", lambda: tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    define(programs, GET, 'setup = "mkdir -p deep; chmod 000 deep"\n')
    with site.made(load_programs((), programs), 10) as made:
        script = made.docroot.root / "cgi-bin" / "x"
        assert script.stat().st_mode & 0o777 == 0o755
        assert f"cat '{made.docroot.base}/data/x/answer'" in script.read_text()
    assert os.listdir(tmp_path / "tmp") == []


# --- results


def result(name: str, verdict: str, **more: Any) -> CheckResult:
    found: CheckResult = {
        "id": f"p/{name}", "program": "p", "title": f"the rule of {name}", "packages": [], "verdict": verdict,
        "note": "" if verdict == "pass" else f"because of {verdict} <&>", "saw": 200, "command": "curl x",
    }  # fmt: skip
    return {**found, **more}  # type: ignore[typeddict-item]


def findings(*verdicts: str, stale: bool = False) -> Findings:
    checks = [result(f"c{number}", verdict) for number, verdict in enumerate(verdicts)]
    entries = [{"glob": "p/*", "reason": "r", "file": "x/programs.toml"}] if stale else []
    one: Any = {
        "server": {"name": "s", "title": "S", "version": "1"}, "profile": "rfc3875",
        "totals": totals(checks), "stale": entries, "checks": checks,
    }  # fmt: skip
    return assembled("user", 9, [one])


def test_the_exit_status_follows_from_the_verdicts() -> None:
    for verdict, status in zip(VERDICTS, (0, 1, 0, 1, 5, 1), strict=True):
        assert exit_status(findings(verdict)) == status, verdict
    assert exit_status(findings("pass", "skip")) == 0 and exit_status(findings("pass", stale=True)) == 1


def test_results_with_every_verdict_have_the_shape_of_the_schema(tmp_path: Path) -> None:
    write(findings(*VERDICTS, stale=True), tmp_path)
    assert os.listdir(tmp_path) == ["programs.json"]


def test_every_verdict_is_in_the_table_and_in_junit() -> None:
    whole = findings(*VERDICTS, stale=True)
    said = table.text(whole)
    for word in ("pass", "FAIL", "fails", "PASSED", "-", "ERROR"):
        assert f"  {word:<7}  the rule of" in said, word
    root = ElementTree.fromstring(junit.text(whole))
    tags = [[child.tag for child in case] for case in root.iter("testcase")]
    assert tags == [[], ["failure"], ["system-out"], ["failure"], ["skipped"], ["error"], ["failure"]]
