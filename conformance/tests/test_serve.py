"""cgi-conform serve: starts a server, prints its address, and ends it with a signal or with standard input."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgi_conform.cli import main
from cgi_conform.paths import REPO
from cgi_conform.servers.ports import accepts, free_port

SERVER = """
title   = "a server of files"
program = ["{python}"]
command = ["{{program}}", "-m", "http.server", "--bind", "127.0.0.1", "{{port}}"]
version = ["{{program}}", "-c", "print('files 1')"]
profiles = ["rfc3875"]
"""


@pytest.fixture
def definition(tmp_path: Path) -> str:
    folder = tmp_path / "servers" / "files"
    folder.mkdir(parents=True)
    (folder / "server.toml").write_text(SERVER.format(python=sys.executable))
    return str(folder)


@pytest.fixture
def served(definition: str, tmp_path: Path, hangup: None) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.txt").write_text("served")
    words = [sys.executable, "-m", "cgi_conform", "serve", definition, "--root", str(tmp_path / "site")]
    environment = {**os.environ, "PYTHONPATH": str(REPO / "conformance")}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        process.terminate()  # not kill(), which would leave the server running


def introduction(served: subprocess.Popen[str]) -> dict[str, str]:
    assert served.stdout is not None
    told: dict[str, str] = {}
    for line in served.stdout:
        if line == "ready\n":
            return told
        key, _, value = line.rstrip("\n").partition(" ")
        told[key] = value
    raise AssertionError(served.stderr and served.stderr.read())


def test_serve_prints_the_address_profile_and_version_of_the_server(
    served: subprocess.Popen[str], tmp_path: Path
) -> None:
    told = introduction(served)
    assert (told["profile"], told["title"], told["version"]) == ("rfc3875", "a server of files", "files 1")
    assert told["root"] == str(tmp_path / "site")
    with urllib.request.urlopen(f"{told['url']}/a.txt") as answer:
        assert answer.read() == b"served"
    os.kill(int(told["pid"]), 0)


def test_serve_and_the_server_end_when_standard_input_ends(served: subprocess.Popen[str]) -> None:
    port = int(introduction(served)["url"].rpartition(":")[2])
    assert served.stdin is not None
    served.stdin.close()
    assert served.wait(20) == 0
    assert not accepts(port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_serve_and_the_server_end_by_a_signal(served: subprocess.Popen[str], number: int) -> None:
    port = int(introduction(served)["url"].rpartition(":")[2])
    served.send_signal(number)
    assert served.wait(20) == 0
    assert not accepts(port)


def test_serve_exits_with_3_when_the_server_dies(served: subprocess.Popen[str]) -> None:
    os.kill(int(introduction(served)["pid"]), signal.SIGKILL)
    assert served.wait(20) == 3
    assert served.stderr is not None
    assert 'server "files" died' in served.stderr.read()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--profile", "cgihttpserver"], 'has no profile "cgihttpserver" (it has rfc3875)'),
        (["--variant", "http11"], 'has no variant "http11" (it has none)'),
        (["--root", "/no/such"], '"/no/such" is not a directory'),
        (["--command", "x {port}"], "name one server: NAME, --server NAME or --command 'CMD {port} {root}'"),
    ],
)
def test_a_wrong_option_is_named_in_the_message(
    definition: str, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", definition, *words]) == 2
    assert told in capsys.readouterr().err


def test_the_user_may_choose_the_port(definition: str, tmp_path: Path) -> None:
    port = free_port()
    words = [sys.executable, "-m", "cgi_conform", "serve", "--server", definition, "--port", str(port), "--root", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(REPO / "conformance")}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert introduction(process)["url"] == f"http://127.0.0.1:{port}"
        finally:
            process.terminate()  # ends the server, too


def test_a_port_in_use_is_named_in_the_message(definition: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", definition, "--port", str(port)]) == 2
    said = f"port {port} of 127.0.0.1 is in use (choose another --port; without --port it takes a free one)"
    assert capsys.readouterr().err == f"cgi-conform: {said}\n"


def test_serve_without_a_server_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve"]) == 2
    assert "name one server: NAME, --server NAME or --command" in capsys.readouterr().err


def test_port_is_refused_for_a_server_that_chooses_its_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "server.toml").write_text(SERVER.format(python=sys.executable).replace("{port}", "{port_file}"))
    assert main(["serve", str(tmp_path), "--port", "8000"]) == 2
    assert "chooses its port itself ({port_file}): --port cannot set it" in capsys.readouterr().err
