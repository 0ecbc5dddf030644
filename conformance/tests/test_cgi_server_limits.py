"""The program cgi-server under attack: a machine at its limits, replaced files, and the options that limit a script.

No request of a case brings these about, or each server has another option for them.
"""

import errno
import fcntl
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

import pytest

from scripted import read_until
from test_cgi_server import LONG, PROGRAM, Started, logged_until, refused, root, script, started

__all__ = ["root"]  # a fixture
KEPT = b"GET /hello.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
OF_EVIL = b"GET /hello.txt HTTP/1.0\r\nHost: evil.example\r\n\r\n"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="cgi-server is not built (ci/build)")


def answer(server: Started, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), LONG) as client:
        client.sendall(request)
        return read_until(client, b"never")


def status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


# --- the machine


@pytest.mark.parametrize(
    ("target", "healthy"),
    [("/file.txt", 200), ("/folder/", 200), ("/folder", 301), ("/cgi-bin/script", 200), ("/cgi-bin/sub/script", 200)],
)
def test_a_server_without_descriptors_says_503(root: Path, target: str, healthy: int) -> None:
    (root / "file.txt").write_text("file\n")
    (root / "folder").mkdir()
    (root / "folder/index.html").write_text("index\n")
    (root / "cgi-bin/sub").mkdir()
    script(root, "echo; echo script")
    shutil.copy(root / "cgi-bin/script", root / "cgi-bin/sub/script")
    request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    with started(root, "-p", "HTTP/1.1") as server:
        limit = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        with socket.create_connection(("127.0.0.1", server.port), LONG) as client:
            client.sendall(KEPT)
            assert status(read_until(client, b"hello static\n")) == 200  # the server holds this connection
            taken = {int(name) for name in os.listdir(f"/proc/{server.process.pid}/fd")}
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (min(set(range(1024)) - taken), limit[1]))
            client.sendall(request)
            assert status(read_until(client, b"never")) == 503
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limit)
        assert status(answer(server, request)) == healthy


def test_a_server_without_threads_for_its_loops_ends_with_a_message(root: Path) -> None:
    limited = ("sh", "-c", 'ulimit -v 120000; exec "$@"', "-", PROGRAM)  # kB: room for a few stacks
    with started(root, "--loops", 1024, "--port-file", root / "port", program=limited) as server:
        _, logged = server.process.communicate(timeout=LONG)
    why = os.strerror(errno.EAGAIN)
    assert logged.splitlines()[-1] == f"cgi-server: no threads for 1024 loops: {why} (try: --loops 1)"
    assert server.process.returncode == 1 and not (root / "port").exists()


@contextmanager
def leased(file: Path) -> Iterator[None]:
    """Holds a lease on the file: another process that opens it waits, for 45 seconds by default. Blocks SIGURG."""
    fd = os.open(file, os.O_RDONLY)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])
    try:
        try:
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)  # the signal that another process waits
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            pytest.skip("the file system has no leases")
        yield
    finally:
        os.close(fd)
        signal.sigtimedwait([signal.SIGURG], 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@pytest.fixture
def interpreter(root: Path) -> Path:
    """Returns the interpreter of /cgi-bin/script, a file that no server opens."""
    copied = root / "interpreter"
    shutil.copy("/bin/sh", copied)
    (root / "cgi-bin/script").write_text(f"#!{copied}\necho; echo ran\n")
    (root / "cgi-bin/script").chmod(0o755)
    return copied


def test_the_time_limit_of_a_script_covers_its_start(root: Path, interpreter: Path) -> None:
    with started(root, "--script-timeout", 1) as server, leased(interpreter):
        assert status(server.get("/cgi-bin/script")) == 504
        logged = "\n".join(logged_until(server, '"GET /cgi-bin/script HTTP/1.0" 504 -'))
        assert 'script "/cgi-bin/script" was ended before it ran' in logged
    with started(root) as server:
        assert server.get("/cgi-bin/script").endswith(b"\nran\n")


def test_the_server_ends_while_a_script_cannot_start(root: Path, interpreter: Path) -> None:
    with started(root, "--script-timeout", 0) as server, leased(interpreter):
        with socket.create_connection(("127.0.0.1", server.port), LONG) as client:
            client.sendall(b"GET /cgi-bin/script HTTP/1.0\r\n\r\n")
            assert signal.sigtimedwait([signal.SIGURG], LONG)
            assert server.end()[0] == 0


def chunk(length: int) -> bytes:
    return b"%x\r\n%s\r\n" % (length, b"x" * length)


def test_bodies_in_files_share_one_limit(root: Path) -> None:
    script(root, "echo; wc -c")
    head = b"POST /cgi-bin/script HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    end = b"0\r\n\r\n"
    with started(root, "-p", "HTTP/1.1", "--max-spool", 1_000_000) as server:
        with (
            socket.create_connection(("127.0.0.1", server.port), LONG) as one,
            socket.create_connection(("127.0.0.1", server.port), LONG) as other,
        ):
            for client in (one, other):
                client.sendall(head + chunk(700_000))
            refused_first = select.select([one, other], [], [], LONG)[0][0]
            assert status(read_until(refused_first, b"\r\n")) == 503
        # Each gives its room back, a moment after its response.
        answers = (answer(server, head + chunk(700_000) + end) for _ in range(10_000))
        given_back = list(islice((got for got in answers if status(got) != 503), 3))
        assert [b"\n700000\n" in got for got in given_back] == [True] * 3


# --- who is executed, and what it can reach


def test_a_script_of_a_replaced_root_is_not_executed(root: Path) -> None:
    script(root, "echo; echo old")
    replaced = root.with_name(root.name + "-old")
    with started(root) as server:
        assert server.get("/cgi-bin/script").endswith(b"\nold\n")
        root.rename(replaced)
        try:
            (root / "cgi-bin").mkdir(parents=True)
            root.chmod(0o755)
            (root / "hello.txt").write_text("another\n")
            script(root, "echo; echo new")
            got = server.get("/cgi-bin/script")
            assert status(got) == 404 and not got.endswith(b"new\n")
            assert b"another" not in server.get("/hello.txt")
        finally:
            shutil.rmtree(root)
            replaced.rename(root)


@pytest.mark.parametrize("profile", ["cgihttpserver", "rfc3875"])
def test_a_script_of_a_root_that_is_gone_is_not_found(root: Path, profile: str) -> None:
    script(root, "echo; echo old")
    renamed = root.with_name(root.name + "-renamed")
    with started(root, "--profile", profile) as server:
        root.rename(renamed)
        try:
            assert status(server.get("/cgi-bin/script")) == 404
        finally:
            renamed.rename(root)


def test_a_script_that_is_replaced_during_its_request_runs_anew(root: Path) -> None:
    script(root, "echo; echo old")
    head = b"POST /cgi-bin/script HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    with (
        started(root, "-p", "HTTP/1.1") as server,
        socket.create_connection(("127.0.0.1", server.port), LONG) as client,
    ):
        client.sendall(head + b"Expect: 100-continue\r\n\r\n")
        assert read_until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"  # it has found the script
        (root / "cgi-bin/script").rename(root / "old")
        script(root, "echo; echo new")
        client.sendall(b"0\r\n\r\n")
        assert b"new\n" in read_until(client, b"never")


def test_a_script_cannot_open_the_terminal_of_the_server(root: Path) -> None:
    script(root, "echo; (: </dev/tty) 2>/dev/null && echo opened; [ -t 2 ] && echo error; echo end")
    master, slave = pty.openpty()
    try:
        name = os.ttyname(slave)
        on_terminal = ["/bin/sh", "-c", f'exec setsid --ctty "$0" "$@" <{name} 2>{name}', PROGRAM]
        with started(root, program=on_terminal) as server:
            stat = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(") ")[2].split()
            assert int(stat[4]) == os.stat(name).st_rdev  # the server has it
            assert server.get("/cgi-bin/script").endswith(b"\r\n\nend\n")
    finally:
        os.close(slave)
        os.close(master)


# --- options


def test_a_script_gets_the_limits_of_the_operator(root: Path) -> None:
    script(root, "echo; cat /proc/self/limits; grep NoNewPrivs /proc/self/status")
    limits = "cpu=7,memory=900000000,files=77,processes=7777"
    with started(root, "--no-new-privileges", "--script-limit", limits) as server:
        told = [line.split() for line in server.get("/cgi-bin/script").decode().splitlines()]
    assert ["NoNewPrivs:", "1"] in told
    assert {
        ("Max", "cpu", "time", "7", "7"),
        ("Max", "address", "space", "900000000", "900000000"),
        ("Max", "open", "files", "77", "77"),
        ("Max", "processes", "7777", "7777"),
    } <= {tuple(line[: 4 if line[:2] == ["Max", "processes"] else 5]) for line in told}


def test_a_script_runs_with_the_limit_of_the_system_if_that_is_lower(root: Path) -> None:
    script(root, "echo; ulimit -Hn")
    with started(root, "--script-limit", "files=1000000000000") as server:
        highest = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[1]
        assert server.get("/cgi-bin/script").splitlines()[-1] == str(highest).encode()


def test_a_script_that_prints_more_than_its_limit_is_ended(root: Path) -> None:
    script(root, "echo; exec yes")
    with started(root, "--script-limit", "output=100000") as server:
        assert len(server.get("/cgi-bin/script")) < 200_000
        *_, last = logged_until(server, "(--script-limit output)")
        assert last == "CGI script '/cgi-bin/script' was ended: it printed too much (--script-limit output)"


@pytest.mark.parametrize("profile", ["cgihttpserver", "rfc3875"])
def test_a_request_for_a_host_that_is_not_allowed_gets_421(root: Path, profile: str) -> None:
    words = ("--profile", profile, "--allowed-host", "localhost", "--allowed-host", "127.0.0.1")
    with started(root, *words) as server:
        assert status(answer(server, OF_EVIL)) == 421
        for host in (b"127.0.0.1", b"LocalHost:%d" % server.port):
            assert status(answer(server, OF_EVIL.replace(b"evil.example", host))) == 200
        assert status(server.get("/hello.txt")) == 200  # names no host
    with started(root, "--profile", profile) as server:
        assert status(answer(server, OF_EVIL)) == 200


def requested_until(server: Started, target: str, file: Path) -> str:
    """Sends requests until `file` has a line of one of them, and returns the content."""
    for _ in range(10_000):
        assert status(server.get(target)) == 200
        with suppress(FileNotFoundError):
            if target in (logged := file.read_text()):
                return logged
    raise AssertionError(f"{file} gets no line")


def test_sighup_opens_the_log_file_again(root: Path) -> None:
    log, kept = root / "log", root / "log.1"
    with started(root, "--log-file", log) as server:
        requested_until(server, "/hello.txt?first", log)
        log.rename(kept)
        server.process.send_signal(signal.SIGHUP)
        assert "first" not in requested_until(server, "/hello.txt?second", log).partition("second")[2]
        assert "first" in kept.read_text()
        assert server.end()[0] == 0


def test_a_log_file_that_is_a_link_ends_the_server_with_a_message(root: Path) -> None:
    (root / "log").symlink_to("hello.txt")
    told = f'cgi-server: cannot write log file "{root}/log": it is a link, which the server does not follow (name another)'
    assert refused("0", "-d", root, "--log-file", root / "log") == (1, told)
    assert (root / "hello.txt").read_text() == "hello static\n"


def test_a_log_file_that_is_a_pipe_without_a_reader_ends_the_server_with_a_message(root: Path) -> None:
    os.mkfifo(root / "log")
    told = f'cgi-server: cannot write log file "{root}/log": it is a pipe that nobody reads (name another)'
    assert refused("0", "-d", root, "--log-file", root / "log") == (1, told)


def test_sigterm_ends_a_server_whose_log_file_is_a_pipe_that_nobody_reads_any_more(root: Path) -> None:
    os.mkfifo(root / "log")
    reader = os.open(root / "log", os.O_RDONLY | os.O_NONBLOCK)
    with started(root, "--log-file", root / "log") as server:
        assert status(server.get("/hello.txt")) == 200
        assert select.select([reader], [], [], LONG)[0]
        assert b"/hello.txt" in os.read(reader, 65536)
        os.close(reader)
        server.process.send_signal(signal.SIGHUP)
        logged_until(server, "it is a pipe that nobody reads (name another)")
        assert server.end()[0] == 0


def test_the_port_file_replaces_a_link_and_goes_with_the_server(root: Path) -> None:
    (root / "port").symlink_to("hello.txt")
    with started(root, "--port-file", root / "port") as server:
        assert not (root / "port").is_symlink()
        assert (root / "port").read_text() == f"{server.port}\n"
        assert server.end()[0] == 0
    assert (root / "hello.txt").read_text() == "hello static\n"
    assert sorted(path.name for path in root.iterdir()) == ["cgi-bin", "hello.txt"]


def test_the_port_file_of_another_server_stays(root: Path) -> None:
    with started(root, "--port-file", root / "port") as first, started(root, "--port-file", root / "port") as second:
        assert first.end()[0] == 0
        assert (root / "port").read_text() == f"{second.port}\n"
        assert second.end()[0] == 0
        assert not (root / "port").exists()


@pytest.mark.parametrize(
    ("files", "spool", "folder", "status"),
    [
        (1500, 100_000, "", b"200 OK"),
        (1500, 0, "", b"503 No room for the listing"),
        (1500, 0, "/nonexistent", b"200 OK"),
        (10, 0, "", b"200 OK"),
    ],
)
def test_a_long_listing_takes_room_for_temporary_files(
    root: Path, files: int, spool: int, folder: str, status: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{number:04}" for number in range(files)]
    (root / "many").mkdir()
    for name in names:
        (root / "many" / name).touch()
    if folder:
        monkeypatch.setenv("TMPDIR", folder)
    with started(root, "--max-spool", spool) as server:
        for _ in range(2):  # the first listing gives its room back
            got = server.get("/many/")
            head, _, page = got.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.0 " + status)
            if status == b"200 OK":
                assert f"Content-Length: {len(page)}\r\n".encode() in head + b"\r\n"
                assert re.findall(rb">(\d{4})</a>", page) == [name.encode() for name in names]
                assert page.endswith(b"</html>\n")


def fill_up(pipe: int) -> None:
    """Writes to a pipe that nobody reads until it is full. `pipe` must not block."""
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x")


def test_a_server_starts_and_ends_though_nobody_reads_its_messages(root: Path) -> None:
    reader, unread = os.pipe()
    os.set_blocking(unread, False)
    fill_up(unread)
    os.set_blocking(unread, True)
    words = [PROGRAM, "0", "-d", root, "--port-file", root / "port", "--pass-env", "CGI_CONFORM_NOT_SET"]
    with subprocess.Popen(words, stdout=unread, stderr=unread) as process:
        try:
            until = time.monotonic() + LONG
            while not (root / "port").exists():
                assert process.poll() is None and time.monotonic() < until
            process.send_signal(signal.SIGTERM)
            assert process.wait(LONG) == 0
        finally:
            process.kill()
            os.close(reader)
            os.close(unread)


@pytest.mark.parametrize("numbers", [(signal.SIGINT,), (signal.SIGHUP, signal.SIGTERM)])
def test_a_server_whose_messages_nobody_reads_ends(root: Path, numbers: tuple[signal.Signals, ...]) -> None:
    log = root / "log"
    with started(root, "--log-file", log) as server:
        log.unlink()
        log.mkdir()  # SIGHUP cannot open it
        for stream in (1, 2):
            unread = os.open(f"/proc/{server.process.pid}/fd/{stream}", os.O_WRONLY | os.O_NONBLOCK)
            fill_up(unread)
            os.close(unread)
        for number in numbers:
            server.process.send_signal(number)
        assert server.process.wait(LONG) == 0
