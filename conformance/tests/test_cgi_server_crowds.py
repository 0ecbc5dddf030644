"""The program cgi-server in a crowd: quiet clients, an unread log, and too few descriptors.

No request of a case brings these about.
"""

import os
import re
import resource
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from scripted import read_until
from test_cgi_server import LONG, PROGRAM, Started, logged_until, started

KEPT = b"GET /hello.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LOST = "lines of the log are lost, because it was not read in time"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="cgi-server is not built (ci/build)")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "hello.txt").write_text("hello static\n")
    return tmp_path


@contextmanager
def clients(server: Started, count: int, send: bytes, await_: bytes = b"") -> Iterator[list[socket.socket]]:
    """Opens connections, one after another. Each sends `send` and receives up to `await_`."""
    with ExitStack() as all_open:
        opened = []
        for _ in range(count):
            client = all_open.enter_context(socket.create_connection(("127.0.0.1", server.port), LONG))
            client.sendall(send)
            if await_:
                assert read_until(client, await_).endswith(await_)
            opened.append(client)
        yield opened


def is_ended(client: socket.socket) -> bool:
    """Returns whether the server has ended the connection."""
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def threads_of(server: Started) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/task"))


def test_a_quiet_connection_has_no_thread(root: Path) -> None:
    # A second loop might begin after the first answer.
    one_loop = ("-p", "HTTP/1.1", "--loops", 1)
    with started(root, *one_loop) as server, clients(server, 1, KEPT, b"hello static\n"):
        alone = threads_of(server)
        with clients(server, 200, KEPT, b"hello static\n"):
            assert threads_of(server) == alone


def test_clients_beyond_the_limit_of_their_address_get_503(root: Path) -> None:
    with started(root, "-p", "HTTP/1.1", "--max-connections-per-address", 2) as server:
        with clients(server, 2, KEPT, b"hello static\n") as held:
            assert server.get("/hello.txt").startswith(b"HTTP/1.1 503 ")
            other = socket.create_connection(("127.0.0.1", server.port), LONG, source_address=("127.0.0.2", 0))
            with other:
                other.sendall(KEPT)
                assert read_until(other, b"\r\n").startswith(b"HTTP/1.1 200 ")
            for client in held:  # the limit closes no connection
                client.sendall(KEPT)
                assert read_until(client, b"hello static\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.long
def test_a_chunked_body_that_stops_gives_way(root: Path) -> None:
    (root / "cgi-bin").mkdir()
    (root / "cgi-bin/script").write_text("#!/bin/sh\necho; wc -c\n")
    (root / "cgi-bin/script").chmod(0o755)
    much = 200_000  # more than the server keeps in memory
    head = b"POST /cgi-bin/script HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
    begin = head + b"Expect: 100-continue\r\n\r\n" + b"%x\r\n%s\r\n" % (much, b"x" * much)
    with started(root, "-p", "HTTP/1.1", "--max-connections", 3) as server, clients(server, 3, begin, b"\r\n\r\n"):
        while b"hello static\n" not in (got := server.get("/hello.txt")):
            assert got.startswith(b"HTTP/1.1 503 ")  # the bodies count as busy for some seconds


def test_two_loops_keep_the_limit_together(root: Path) -> None:
    most = 128
    for _ in range(5):
        with started(root, "-p", "HTTP/1.1", "--loops", 2, "--max-connections", most) as server:
            before = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            with clients(server, 4 * most, b"G") as crowd:
                with clients(server, 1, KEPT, b"hello static\n") as answered:
                    left = crowd + answered
                    while len(left) > most:
                        assert select.select(left, [], [], LONG)[0]
                        left = [client for client in left if not is_ended(client)]
                    assert len(os.listdir(f"/proc/{server.process.pid}/fd")) <= before + most


def test_quiet_clients_give_way_if_descriptors_are_short(root: Path) -> None:
    with started(root) as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (40, 40))
        with clients(server, 60, b"G") as quiet:
            for _ in range(5):
                # An unknown method needs no file.
                with clients(server, 1, b"BREW / HTTP/1.0\r\n\r\n") as [client]:
                    assert read_until(client, b"never").startswith(b"HTTP/1.0 501 ")
            ended = sum(map(is_ended, quiet))
        assert 20 < ended < 60
        assert server.end()[0] == 0


def test_clients_for_whom_memory_is_short_are_closed_and_cost_no_place(root: Path) -> None:
    most = 200
    words = ("-p", "HTTP/1.1", "--loops", 1, "--max-connections", most)
    # By default malloc reserves address space for each thread, and the limit binds later.
    with started(root, *words, program=["env", "MALLOC_ARENA_MAX=1", PROGRAM]) as server:
        with clients(server, 1, KEPT, b"hello static\n"):  # so every thread has begun
            files, status = Path(f"/proc/{server.process.pid}/fd"), Path(f"/proc/{server.process.pid}/statm")
            quiet = len(list(files.iterdir()))
            limit = resource.prlimit(server.process.pid, resource.RLIMIT_AS)
            size = int(status.read_text().split()[0]) * resource.getpagesize()
            resource.prlimit(server.process.pid, resource.RLIMIT_AS, (size, limit[1]))
            with clients(server, most - 1, b"GET /hello.txt HTTP/1.1\r\nX: " + b"x" * 30_000) as crowd:
                assert select.select(crowd, [], [], LONG)[0]  # closed
            resource.prlimit(server.process.pid, resource.RLIMIT_AS, limit)
        while len(list(files.iterdir())) >= quiet:
            assert server.get("/hello.txt").endswith(b"hello static\n")
        with clients(server, most, KEPT, b"hello static\n") as crowd:
            assert not any(map(is_ended, crowd))


@contextmanager
def full_log(root: Path) -> Iterator[Started]:
    """Yields a server that has answered 3,000 requests. Each has a line of 1,000 octets, and the log is unread."""
    with started(root) as server:
        target = "/hello.txt?" + "x" * 1000
        for _ in range(3000):
            assert server.get(target).endswith(b"\r\n\r\nhello static\n")
        yield server


def test_a_log_that_nobody_reads_stops_no_request_and_not_the_end(root: Path) -> None:
    with full_log(root) as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(LONG) == 0


def test_lines_that_the_log_has_lost_are_counted_once_it_is_read(root: Path) -> None:
    with full_log(root) as server:
        *written, last = logged_until(server, LOST)
        lost = re.fullmatch(rf"(\d+) {LOST}", last)
        assert lost is not None and int(lost[1]) > 0
        assert len([line for line in written if line.startswith('"GET /hello.txt?xxx')]) + int(lost[1]) == 3000
        server.get("/hello.txt")
        assert logged_until(server, '"GET /hello.txt HTTP/1.0" 200 -') == ['"GET /hello.txt HTTP/1.0" 200 -']
        assert server.end()[0] == 0
