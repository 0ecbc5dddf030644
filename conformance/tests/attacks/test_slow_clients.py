"""Clients that are slow, quiet or gone: a crowd of them must not hold the server, nor another client."""

import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from meanwhile import meanwhile
from scripted import read_until
from test_cgi_server import Started
from under_attack import COUNT, Attack, connected, seconds_until, will_reset, write_script
from vitals import MB, descriptors_of, status_of

EACH = 200  # clients of each kind
TICK = 0.2  # seconds between two octets of a slow client
HEAD = b"GET /hello.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "
BODY = b"POST /cgi-bin/count HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n"
READER = b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass
class Slow:
    """A client that sends `first` at once. Then it sends or reads an octet at each tick."""

    client: socket.socket
    reads: bool = False
    got: bytes = b""
    ended: bool = False

    def tick(self) -> None:
        try:
            if not self.reads:
                self.client.send(b"x")
            more = self.client.recv(1 if self.reads else 65536)
            self.got += more
            self.ended = not more
        except BlockingIOError:
            pass
        except ConnectionError:
            self.ended = True


@contextmanager
def crowd(server: Started, count: int, first: bytes, reads: bool = False) -> Iterator[list[Slow]]:
    """Opens connections, and sends `first` on each. A reader has a small buffer, so the server must wait for it."""
    with ExitStack() as all_open:
        clients = []
        for _ in range(count):
            client = all_open.enter_context(socket.socket())
            if reads:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(first)
            client.setblocking(False)
            clients.append(Slow(client, reads))
        yield clients


def tick_all(clients: list[Slow], over: threading.Event) -> None:
    while not over.wait(TICK):
        for each in clients:
            if not each.ended:
                each.tick()


def test_slow_heads_bodies_and_readers_at_once(attack: Attack) -> None:
    write_script(attack.root, "count", 'count=$(wc -c); printf "Content-Type: text/plain\\n\\n$count\\n"')
    (attack.root / "large").write_bytes(b"x" * 16_000_000)
    words = ("--profile", "rfc3875", "--header-timeout", 3, "--max-connections", 1000)
    with attack.on(*words, peak=128, crowd=EACH) as server:  # a thread with its block for each reader
        quiet = len(descriptors_of(server.process.pid))
        with (
            crowd(server, EACH, READER, reads=True) as readers,
            crowd(server, EACH, HEAD) as heads,
            crowd(server, EACH, BODY) as bodies,
            attack.watched(server),
            meanwhile(partial(tick_all, readers + heads + bodies)),
        ):
            senders = heads + bodies
            held = seconds_until(lambda: all(each.ended for each in senders), 60)
            attack.figure(f"end of {2 * EACH} slow heads and bodies", held, "s", 30)
            # A reader does not see the end before it has read what is on its way. The server lets it go before.
            held += seconds_until(lambda: len(descriptors_of(server.process.pid)) < quiet + EACH / 10, 60)
            attack.figure(f"end of {EACH} slow readers", held, "s", 60)
        statuses = [each.got.split(b" ", 2)[1] for each in senders if each.got]
        attack.figure(f"answers 408 to {2 * EACH} slow heads and bodies", statuses.count(b"408"), "")
        assert set(statuses) == {b"408"} and all(each.got.startswith(b"HTTP/1.1 200 ") for each in readers)


def test_an_idle_crowd(attack: Attack) -> None:
    most = 512
    with attack.on("-p", "HTTP/1.1", "--max-connections", most, "--header-timeout", 3) as server:
        pid = server.process.pid
        before, quiet = status_of(pid, "RssAnon"), len(descriptors_of(pid))
        with crowd(server, 2 * most, b"GET /hello.txt HTTP/1.1\r\n") as clients, attack.watched(server):
            # One loop has another one close a connection, so a few more may be open for a moment.
            seconds_until(lambda: len(descriptors_of(pid)) - quiet <= most + 20, 10)
            held = len(descriptors_of(pid)) - quiet
            attack.figure("clients", len(clients), "")
            attack.figure("descriptors for them", held, "", most + 20)
            attack.figure("memory of a connection", (status_of(pid, "RssAnon") - before) / held / 1000, "kB", 16)
            left = seconds_until(lambda: len(descriptors_of(pid)) < quiet + 20, 60)
            attack.figure("end of the quiet connections", left, "s", 30)


def test_resets(attack: Attack) -> None:
    """A third of the clients resets within a head, a third while a script runs, and a third within a large file."""
    write_script(attack.root, "wait", 'printf "Content-Type: text/plain\\n\\nhere\\n"; exec sleep 600')
    (attack.root / "large").write_bytes(b"x" * 16_000_000)
    ways = [
        (b"GET /hello.txt HT", b""),
        (b"POST /cgi-bin/wait HTTP/1.0\r\nContent-Length: 9\r\n\r\nx", b"here\n"),
        (b"GET /large HTTP/1.0\r\n\r\n", b"xxx"),
    ]
    with attack.on() as server, attack.watched(server):
        began = time.monotonic()
        for number in range(300):
            send, await_ = ways[number % 3]
            with connected(server) as client:
                client.sendall(send)
                if await_:
                    assert await_ in read_until(client, await_)
                will_reset(client)
        attack.figure("time of 300 resets, one after the other", time.monotonic() - began, "s", 60)


def test_slow_readers_of_a_long_listing(attack: Attack) -> None:
    (attack.root / "many").mkdir()
    for number in range(8000):
        (attack.root / "many" / f"{number:04}-{'x' * 100}").touch()
    request = b"GET /many/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    def read_slowly(server: Started) -> tuple[float, int]:
        """Returns how long the first octets take for all, and the memory of the server then."""
        with crowd(server, EACH, request, reads=True) as readers, meanwhile(partial(tick_all, readers)):
            began = seconds_until(lambda: all(each.got for each in readers), 60)
            return began, status_of(server.process.pid, "RssAnon")

    # malloc keeps the memory of the first crowd, but not of every crowd.
    with attack.on("-p", "HTTP/1.1", warm=read_slowly) as server, attack.watched(server):
        attack.figure("length of the page", len(server.get("/many/")) / MB, "MB")
        began, held = read_slowly(server)
        attack.figure(f"first octets for {EACH} slow readers", began, "s", 60)
        attack.figure("memory of the server meanwhile", held / MB, "MB", 64)


def test_bodies_in_a_second_packet_among_new_connections(attack: Attack) -> None:
    """Idle connections fill the server, and new ones come all the time. They push out each other, and no request."""
    write_script(attack.root, "count", COUNT)
    most = 256
    head = b"POST /cgi-bin/count HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nExpect: 100-continue\r\n"
    with attack.on("-p", "HTTP/1.1", "--max-connections", most) as server, ExitStack() as all_open:
        idle = deque(all_open.enter_context(connected(server)) for _ in range(most))
        came = 0

        def go_on(over: threading.Event) -> None:
            nonlocal came
            while not over.wait(0.002):
                idle.append(all_open.enter_context(connected(server)))
                idle.popleft().close()
                came += 1

        with meanwhile(go_on):
            for _ in range(100):
                with connected(server) as client:
                    client.sendall(head + b"Content-Length: 4\r\n\r\n")
                    assert read_until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                    client.sendall(b"body")
                    assert read_until(client, b"never").endswith(b"\n\n4\n")
        attack.figure("connections that came meanwhile", came, "")
