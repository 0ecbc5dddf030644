"""serve() and the server that it returns."""

import doctest
import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

import cgi_server
from cgi_server import CgiServerError, serve


def got(url: str) -> str:
    with urlopen(url, timeout=20) as response:
        text: str = response.read().decode()
    return text


def script(site: Path, text: str) -> None:
    path = site / "cgi-bin" / "hello"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n{text}\n")
    path.chmod(0o755)


def test_the_example_of_the_docstring_works(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(site, "echo hello")
    (site / "site").symlink_to(".")
    monkeypatch.chdir(site)
    assert doctest.testmod(cgi_server) == doctest.TestResults(failed=0, attempted=2)


def test_the_address_is_that_of_the_server(site: Path) -> None:
    with serve(site) as server:
        assert server.url == f"http://127.0.0.1:{server.port}" and server.port > 0
        assert "test_form.py" in got(server.url)


@pytest.mark.parametrize("bind", ["", "0.0.0.0", "127.0.0.1", "localhost"])
def test_the_url_leads_to_the_server_on_any_address(site: Path, bind: str) -> None:
    with serve(site, bind=bind) as server:
        assert "test_form.py" in got(server.url)


def test_the_options_reach_the_program(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(site, 'echo "$SERVER_PROTOCOL $ONE-$TWO"')
    monkeypatch.setenv("ONE", "1")
    monkeypatch.setenv("TWO", "2")
    hello = "/cgi-bin/hello"
    with serve(site, pass_env=["ONE"], protocol="HTTP/1.1") as server:
        assert got(server.url + hello) == "HTTP/1.1 1-\n"
    with serve(site, inherit_env=True) as server:
        assert got(server.url + hello) == "HTTP/1.0 1-2\n"
    with serve(site, profile="rfc3875", cgi_directories=["/scripts"]) as server:
        assert got(server.url + hello).startswith("#!/bin/sh\n")
        assert got(f"{server.url}/scripts/query?x") == "x\n"
    with serve(site, options=["--allowed-host", "example.org"]) as server:
        with pytest.raises(HTTPError, match="421"):
            got(server.url)


def test_the_log_tells_of_requests_and_scripts(site: Path) -> None:
    with serve(site, cgi_directories=["/scripts"]) as server:
        got(f"{server.url}/scripts/query")
        assert server.wait_for_log("query is empty").endswith("'/scripts/query' says: the query is empty")
        got(f"{server.url}/test_form.py")
    assert '"GET /test_form.py HTTP/1.1" 200 -' in server.log[-1]  # the log stays after the end, and is complete
    assert server.wait_for_log("GET /scripts/query") in server.log
    with pytest.raises(TimeoutError, match='no line of the log has "GET /other":\n(.*\n)*.*GET /test_form.py'):
        server.wait_for_log("GET /other")


def test_wait_for_log_gives_up(site: Path) -> None:
    with serve(site) as server, pytest.raises(TimeoutError, match='no line of the log has "GET"'):
        server.wait_for_log("GET", timeout=0)


def test_the_log_goes_to_a_file(site: Path) -> None:
    with (site / "log").open("w") as file, serve(site, log=file) as server:
        got(f"{server.url}/test_form.py")
    assert "GET /test_form.py" in (site / "log").read_text() and server.log == []


def test_a_server_that_does_not_start_tells_why(site: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CgiServerError, match=f"^cgi-server: port {port} on 127.0.0.1 is in use .*$"):
            serve(site, port=port)
    with pytest.raises(CgiServerError, match='^cgi-server: --profile "rfc" is not cgihttpserver or rfc3875 .*$'):
        serve(site, profile="rfc")
    with pytest.raises(CgiServerError, match="^the server ended with status 2$"), (site / "log").open("w") as log:
        serve(site, profile="rfc", log=log)


def test_a_server_that_prints_nothing_is_given_up(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "silent").write_text("#!/bin/sh\nexec sleep 100\n")
    (site / "silent").chmod(0o755)
    monkeypatch.setenv("CGI_SERVER_PROGRAM", str(site / "silent"))
    monkeypatch.setattr("cgi_server.server.START_TIMEOUT", 0.01)
    with pytest.raises(CgiServerError, match="^the server does not listen after 0.01 seconds$"):
        serve(site)


def test_a_missing_program_is_reported(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGI_SERVER_PROGRAM", str(site))
    with pytest.raises(CgiServerError, match=f'^"{site}" is no program '):
        serve(site)


def test_a_machine_without_terminals_is_reported(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def openpty() -> "tuple[int, int]":
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(os, "openpty", openpty)
    with pytest.raises(CgiServerError, match="^cannot make a terminal for the server: No such file or directory "):
        serve(site)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"cgi_directories": []}, r"^cgi_directories \[\] is no list with a directory"),
        ({"cgi_directories": "/cgi-bin"}, "^cgi_directories '/cgi-bin' is no list with a directory"),
        ({"options": ["--log-file", "x"]}, "^option '--log-file' does not go with serve"),
        ({"options": ["--log-file=x"]}, "^option '--log-file' does not go with serve"),
        ({"options": ["--demo"]}, "^option '--demo' does not go with serve.. .try: python3 -m cgi_server --demo"),
        ({"options": "--cgi"}, "^options '--cgi' is no list .try: .'--cgi'.."),
        ({"pass_env": "LANG"}, "^pass_env 'LANG' is no list"),
    ],
)
def test_arguments_that_cannot_work_are_refused(keywords: "dict[str, list[str]]", message: str) -> None:
    with pytest.raises(ValueError, match=message):
        serve(**keywords)  # type: ignore[arg-type]


def test_close_can_be_called_twice(site: Path) -> None:
    server = serve(site)
    server.close()
    server.close()
    with pytest.raises(OSError):
        os.kill(server.pid, 0)


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    folder = str(Path(cgi_server.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-m", "cgi_server", *words], env={**os.environ, "PYTHONPATH": folder}, capture_output=True, text=True
    )


def test_the_module_is_the_program() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"cgi-server {cgi_server.__version__}\n")
    done = run("--profil", "rfc3875")
    assert (done.returncode, done.stderr) == (2, 'cgi-server: option "--profil" is unknown (did you mean --profile?)\n')


def test_the_module_without_its_program_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGI_SERVER_PROGRAM", "/nowhere")
    done = run("--version")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith('cgi-server: "/nowhere" is no program (') and done.stderr.count("\n") == 1


def test_the_module_with_a_program_for_another_machine_says_so(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "other").write_bytes(b"\x7fELF of another machine")
    (site / "other").chmod(0o755)
    monkeypatch.setenv("CGI_SERVER_PROGRAM", str(site / "other"))
    done = run("--version")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f'cgi-server: "{site}/other" cannot run here: Exec format error (set CGI_SERVER_PROGRAM to another)\n'
