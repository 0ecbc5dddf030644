"""The program cgi-server: its command line, its messages, its log, and its end.

The cases of the suite judge the rules that hold for every server. These tests check what only cgi-server has.
"""

import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cgi_conform.cases.docroot import reachable_tmp
from cgi_conform.paths import build
from scripted import read_until

PROGRAM = build() / "server" / "cgi-server"
LONG = 20.0  # a limit in seconds; a test that passes never waits so long
IS_ROOT = os.geteuid() == 0
USER = "nobody" if IS_ROOT else "the user of the server"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="cgi-server is not built (ci/build)")


@pytest.fixture
def root() -> Iterator[Path]:
    """Yields a document root that every user can enter."""
    with tempfile.TemporaryDirectory(prefix="cgi-server-", dir=reachable_tmp()) as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "cgi-bin").mkdir()
        (Path(folder) / "hello.txt").write_text("hello static\n")
        yield Path(folder)


def refused(*words: object) -> tuple[int, str]:
    """Returns the exit status and the last line of a server that does not start."""
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=LONG, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()[-1]


@dataclass
class Started:
    process: subprocess.Popen[str]
    banner: str
    port: int

    def get(self, target: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), LONG) as client:
            client.sendall(f"GET {target} HTTP/1.0\r\n\r\n".encode("latin-1"))
            return read_until(client, b"never")

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Returns the exit status, and the output and the log after the listening line."""
        self.process.send_signal(number)
        printed, logged = self.process.communicate(timeout=LONG)
        return self.process.returncode, printed, logged


@contextmanager
def launched(*command: object, env: Mapping[str, str] | None = None) -> Iterator[Started]:
    """Starts a server that takes a free port."""
    words = [*map(str, command)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            banner = process.stdout.readline()
            found = re.search(r" port (\d+) ", banner)
            assert found is not None, banner
            yield Started(process, banner, int(found[1]))
        finally:
            process.kill()


def started(root: Path, *words: object, program: Sequence[object] = (PROGRAM,)) -> AbstractContextManager[Started]:
    return launched(*program, "0", "-d", root, *words)


def test_a_port_in_use_ends_the_server_with_a_message(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = f"cgi-server: port {port} on 127.0.0.1 is in use (another server? try: cgi-server 0)"
        assert refused(port, "-d", root) == (1, told)


def test_an_address_of_another_machine_ends_the_server_with_a_message(root: Path) -> None:
    told = "cgi-server: 192.0.2.1 is not an address of this machine (try: -b 127.0.0.1)"  # RFC 5737: no machine has it
    assert refused("0", "-d", root, "-b", "192.0.2.1") == (1, told)


def test_a_missing_directory_ends_the_server_with_a_message(root: Path) -> None:
    why = "No such file or directory (name another: --directory DIR)"
    assert refused("0", "-d", root / "none") == (1, f'cgi-server: cannot serve directory "{root}/none": {why}')


def test_a_port_file_that_cannot_be_written_ends_the_server_with_a_message(root: Path) -> None:
    told = f'cgi-server: cannot write port file "{root}/none/port": No such file or directory (name another)'
    assert refused("0", "-d", root, "--port-file", root / "none/port") == (1, told)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--frobnicate"], 'option "--frobnicate" is unknown (try: cgi-server --help)'),
        (["--directry", "x"], 'option "--directry" is unknown (did you mean --directory?)'),
        (["8123x"], 'port "8123x" is not between 0 and 65535 (try: cgi-server 8000)'),
        (["65536"], 'port "65536" is not between 0 and 65535 (try: cgi-server 8000)'),
        (["-1"], 'port "-1" is not between 0 and 65535 (try: cgi-server 8000)'),
        (["8000", "8001"], 'argument "8001" is one too many (one port is enough: cgi-server 8000)'),
    ],
)
def test_a_wrong_command_line_exits_with_2(words: list[str], told: str) -> None:
    assert refused(*words) == (2, f"cgi-server: {told}")


@pytest.mark.parametrize("option", ["--directory", "--bind", "--port-file", "--log-file"])
def test_a_message_is_one_line_whatever_the_value(root: Path, option: str) -> None:
    words = ["0", "-d", root, option, "/none/a\nb\x1b"]
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=LONG, check=False)
    messages = [line for line in done.stderr.splitlines() if "not started by root" not in line]
    assert len(messages) == 1
    assert messages[0].startswith("cgi-server: cannot ")
    assert "/none/a\\x0ab\\x1b" in messages[0]


@pytest.mark.parametrize("value", ["0", "-1", "x", "1x", "", "nan"])
def test_header_timeout_must_be_a_positive_number(value: str) -> None:
    status, told = refused("0", "--header-timeout", value)
    assert status == 2 and told.startswith(f'cgi-server: --header-timeout "{value}" ')


@pytest.mark.skipif(not IS_ROOT, reason="needs root: only then scripts run as another user")
@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("no-such-user", 'user "no-such-user" does not exist (name one that does: --user NAME)'),
        ("root", 'user "root" is root: scripts must not run as root (try: --user nobody)'),
    ],
)
def test_the_user_of_scripts_must_exist_and_must_not_be_root(root: Path, user: str, told: str) -> None:
    assert refused("0", "-d", root, "--user", user) == (2, f"cgi-server: {told}")


def test_the_listening_line_names_address_and_port(root: Path) -> None:
    with started(root, "--port-file", root / "port") as server:
        port = server.port
        assert server.banner == f"Serving HTTP on 127.0.0.1 port {port} (http://127.0.0.1:{port}/) ...\n"
        assert (root / "port").read_text() == f"{port}\n"
        assert [path.name for path in root.iterdir() if path.name.startswith("port")] == ["port"]
        assert server.get("/hello.txt").endswith(b"\r\n\r\nhello static\n")


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        (signal.SIGTERM, ""),
        (signal.SIGHUP, ""),
        (signal.SIGINT, "\nKeyboard interrupt received, exiting.\n"),
    ],
)
def test_a_signal_ends_the_server_with_status_0(root: Path, number: signal.Signals, printed: str) -> None:
    with started(root) as server:
        status, said, _ = server.end(number)
        assert (status, said) == (0, printed)


def test_a_server_of_an_ordinary_user_logs_which_user_runs_the_scripts(root: Path) -> None:
    with started(root) as server:
        _, _, logged = server.end()
        assert logged == ("" if IS_ROOT else (
            f"cgi-server: not started by root, so scripts run as the user who started it (uid {os.geteuid()})\n"
        ))  # fmt: skip


def test_the_server_works_without_standard_input_and_standard_error(root: Path) -> None:
    script = root / "cgi-bin/where"
    script.write_text("#!/bin/sh\nprintf '\\n'\nreadlink /proc/$$/fd/2\ncat\n")
    script.chmod(0o755)
    # A file that the server opens must not get the number of the script's standard input, output or error.
    shell = ["/bin/sh", "-c", 'exec "$0" "$@" <&- 2>&-', PROGRAM]
    with started(root, program=shell) as server, socket.create_connection(("127.0.0.1", server.port), LONG) as client:
        client.sendall(b"POST /cgi-bin/where HTTP/1.0\r\nContent-Length: 3\r\n\r\na=1")
        assert re.search(rb"\npipe:\[\d+\]\na=1\Z", read_until(client, b"never"))


def test_the_json_log_is_one_object_per_line(root: Path) -> None:
    with started(root, "--log-format", "json") as server:
        server.get("/hello.txt")
        server.get('/none"\x1b\xe9')
        _, _, logged = server.end()
    lines = [json.loads(line) for line in logged.splitlines() if line.startswith("{")]
    for line in lines:
        assert re.fullmatch(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\dZ", line.pop("time"))
        assert line.pop("client") == "127.0.0.1"
    assert lines == [
        {"request": "GET /hello.txt HTTP/1.0", "status": 200},
        {"refused": 404, "message": "File not found"},
        {"request": 'GET /none"\\x1b\\xe9 HTTP/1.0', "status": 404},
    ]


def test_log_format_none_logs_no_request(root: Path) -> None:
    with started(root, "--log-format", "none") as server:
        server.get("/hello.txt")
        server.get("/none")
        _, _, logged = server.end()
    assert "GET" not in logged and "404" not in logged


def test_the_log_says_why_a_script_cannot_be_run(root: Path) -> None:
    (root / "cgi-bin/nox").write_text("#!/bin/sh\n")
    (root / "cgi-bin/lost").write_text("#!/no/such/interpreter\n")
    (root / "cgi-bin/lost").chmod(0o755)
    with started(root) as server:
        assert server.get("/cgi-bin/nox").startswith(b"HTTP/1.0 403 ")
        assert server.get("/cgi-bin/lost").startswith(b"HTTP/1.0 403 ")
        _, _, logged = server.end()
    notes = [line.partition("] ")[2] for line in logged.splitlines() if 'script "' in line]
    assert notes == [
        f'script "/cgi-bin/nox" is not executable for {USER} (chmod +rx it; that user must reach its directory, too)',
        'script "/cgi-bin/lost" cannot be executed: No such file or directory'
        " (does its first line name an interpreter?)",
    ]


def script(root: Path, text: str) -> None:
    (root / "cgi-bin/script").write_text(f"#!/bin/sh\n{text}\n")
    (root / "cgi-bin/script").chmod(0o755)


def logged_until(server: Started, end: str) -> list[str]:
    """Reads the log until it ends with `end`, and returns its messages."""
    assert server.process.stderr is not None
    logged = ""
    while not logged.endswith(end + "\n"):
        assert select.select([server.process.stderr], [], [], LONG)[0], logged
        more = os.read(server.process.stderr.fileno(), 65536)
        assert more, logged
        logged += more.decode()
    return [line.rpartition("] ")[2] for line in logged.splitlines()]


@pytest.mark.parametrize(("profile", "status"), [("cgihttpserver", 200), ("rfc3875", 404)])
def test_a_request_is_logged_before_its_script_ends(root: Path, profile: str, status: int) -> None:
    script(root, "printf 'Status: 404\\nContent-Type: text/plain\\n\\nanswer'; exec sleep 30")
    with started(root, "--profile", profile) as server:
        with socket.create_connection(("127.0.0.1", server.port), LONG) as client:
            client.sendall(b"GET /cgi-bin/script HTTP/1.0\r\n\r\n")
            assert f" {status} ".encode() in read_until(client, b"answer").splitlines()[0]
            logged_until(server, f'"GET /cgi-bin/script HTTP/1.0" {status} -')
            _, _, logged = server.end()
        messages = [line.partition("] ")[2] for line in logged.splitlines()]
        assert messages == ["CGI script '/cgi-bin/script' was ended: the server stops"]


def test_a_client_that_leaves_without_an_answer_is_logged(root: Path) -> None:
    script(root, "echo started >&2; exec sleep 30")
    with started(root, "--profile", "rfc3875") as server:
        with socket.create_connection(("127.0.0.1", server.port), LONG) as client:
            client.sendall(b"GET /cgi-bin/script HTTP/1.0\r\n\r\n")
            logged_until(server, "started")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        assert logged_until(server, "the client is gone") == [
            '"GET /cgi-bin/script HTTP/1.0" - -',
            "CGI script '/cgi-bin/script' was ended: the client is gone",
        ]
        assert server.end()[2] == ""
