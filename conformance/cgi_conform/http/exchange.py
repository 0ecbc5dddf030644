"""Plays the steps of a case over raw sockets and tells what came back on each connection, and how it ended.

Reading ends when the server ends the connection, when the caller finds the answer settled and nothing follows, or at
a limit. There are two: `timeout` is for silence, so that a slow server that keeps sending is not late; the cap is for
the whole case, so that a server that drips for ever ends, too. A connection that is given up names the limit.
"""

import math
import re
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cgi_conform import processes
from cgi_conform.cases.case import Step
from cgi_conform.http import late_reader as late
from cgi_conform.http.connection import Connection, pump
from cgi_conform.http.delivery import GAP, pieces
from cgi_conform.http.timeouts import CaseDeadline, Timeouts
from cgi_conform.octets import Tokens, fill

IDLE = 0.02  # a pause in what comes in: time to look whether it is all
GRACE = 0.1  # how long a settled connection is watched for octets or an end that must not come
EXPECTED = {
    "again": b"it ends by SIGTERM, and is started again on its port",
    "second": b"a second one on its port ends, with another status than 0",
}
BLOCKED = 0.2  # a script that has written nothing for so long is held back by the server

Settled = Callable[[str, bytearray, bytes], bool]  # connection, received, sent: is this the whole answer?


@dataclass(frozen=True)
class FailedStep:
    """A step that did not come about."""

    what: str
    expected: bytes
    got: bytes
    limit: str = ""  # the one that was reached, in words


@dataclass
class Exchange:
    """All connections of a case, in the order they were opened, and what did not come about."""

    connections: dict[str, Connection] = field(default_factory=dict)
    failed_steps: list[FailedStep] = field(default_factory=list)
    refused: bool = False

    @property
    def all(self) -> list[Connection]:
        return list(self.connections.values())


def play(
    steps: Sequence[Step],
    address: tuple[str, int],
    tokens: Tokens,
    *,
    timeout: float,
    limit: float | None = None,
    judged: Sequence[str] = ("main",),
    settled: Settled = lambda name, received, sent: False,
    delivery: str = "whole",
    grace: float = GRACE,
    signal: Callable[[str], None] = lambda name: None,
    start: Callable[[str], str] = lambda how: "",
    cap: CaseDeadline = CaseDeadline(),
) -> Exchange:
    """Play the steps in order; then read the `judged` connections to their end. `signal` sends one to the server;
    `start` starts it once more, and returns what went wrong.

    Without a single octet a connection is read for `limit` seconds, else for the greater of both after the last
    octet; one that is settled, for `grace` more.
    """
    exchange = Exchange()
    patience = Timeouts(timeout, limit, cap)
    try:
        for step in steps:
            if not _play_step(exchange, step, address, tokens, patience, delivery):
                break
            if not _follow_script(exchange, step, signal, cap):
                break
            if step.start and (got := start(step.start)):
                exchange.failed_steps.append(FailedStep("start", EXPECTED[step.start], got.encode()))
                break
        _read_on(exchange, judged, settled, patience, grace)
    finally:
        for connection in exchange.connections.values():
            if connection.sock is not None:
                connection.sock.close()
    return exchange


def _play_step(
    exchange: Exchange, step: Step, address: tuple[str, int], tokens: Tokens, patience: Timeouts, delivery: str
) -> bool:
    """Returns whether to go on with the next step."""
    known = step.connection in exchange.connections
    connection = exchange.connections.setdefault(
        step.connection, Connection(step.connection, gap=GAP[delivery], reads_late=step.read_late)
    )
    if not known and not _connect(exchange, connection, address, patience):
        return False
    if step.await_bytes is not None:
        text = fill(step.await_bytes, tokens)
        deadline = patience.cap.without_progress(patience.greater, connection)
        pump(exchange.all, deadline, lambda: _has(connection, text) or connection.end != "open")
        if not _take(connection, text):
            came = bytes(connection.received[connection.awaited :])
            limit = patience.told("no more" if came else "nothing") if connection.end == "open" else ""
            how = b"" if limit else b", then " + connection.end.encode()
            exchange.failed_steps.append(FailedStep("await", text, came if limit else (came or b"nothing") + how, limit))
            return False
    if step.pause:
        pump(exchange.all, patience.cap.after(step.pause), lambda: False)
    if step.send or step.body:
        send, blocks = fill(step.send, tokens), step.body.blocks() if step.body else []
        begin = send + b"".join(blocks[:1])
        connection.sent += begin
        connection.left_out += sum(map(len, blocks[1:]))
        writes = [begin, *blocks[1:]] if delivery == "whole" else [*pieces(send, delivery), *blocks]
        connection.outbox.extend(memoryview(each) for each in writes if each)
        _send_all(exchange, connection, patience)
    if step.half_close and connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has ended the connection already
    if step.read_late:
        others = [one for one in exchange.all if one is not connection]
        late.wait_until_full(connection, others, patience.cap.after(patience.greater))
    return True


def _follow_script(exchange: Exchange, step: Step, signal: Callable[[str], None], cap: CaseDeadline) -> bool:
    """Returns what becomes of the script on a connection, and of the server: whether to go on with the next step."""
    connection = exchange.connections[step.connection]
    if step.wait_blocked is not None and not _wait_blocked(exchange, connection, step.wait_blocked, cap):
        return False
    if step.close or step.reset:
        _end(connection, reset=step.reset)
    if step.signal:
        signal(step.signal)
    return step.wait_gone is None or _wait_gone(exchange, connection, step.wait_gone, cap)


def _connect(exchange: Exchange, connection: Connection, address: tuple[str, int], patience: Timeouts) -> bool:
    left = max(0.001, min(patience.greater, patience.cap.until - time.monotonic()))
    try:
        connection.sock = _connected(address, left, connection.reads_late)
    except OSError as error:
        connection.end = "closed"
        exchange.refused = True
        got = error.strerror or (patience.told("no connection") if isinstance(error, TimeoutError) else str(error))
        exchange.failed_steps.append(FailedStep("connect", b"a connection", got.encode()))
        return False
    connection.sock.setblocking(False)
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sent_at = connection.last_at = connection.moved_at = time.monotonic()
    return True


def _connected(address: tuple[str, int], patience: float, reads_late: bool) -> socket.socket:
    """Returns a socket that is connected; OSError says why there is none."""
    if not reads_late:
        return socket.create_connection(address, timeout=patience)
    family, kind, protocol, _, where = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, protocol)
    try:
        late.shrink(sock)
        sock.settimeout(patience)
        sock.connect(where)
    except OSError:
        sock.close()
        raise
    return sock


def _has(connection: Connection, text: bytes) -> bool:
    return connection.received.find(text, connection.awaited) >= 0


def _take(connection: Connection, text: bytes) -> bool:
    at = connection.received.find(text, connection.awaited)
    if at >= 0:
        connection.awaited = at + len(text)
    return at >= 0


def _send_all(exchange: Exchange, connection: Connection, patience: Timeouts) -> None:
    """Until all is out, or the server takes no more: it may well have answered and closed."""
    deadline = patience.cap.without_progress(patience.greater, connection)
    pump(exchange.all, deadline, lambda: not connection.outbox or connection.end != "open")
    if connection.outbox and connection.end == "closed":
        # The server has ended its side while we still send: what it does not read in a moment it never will.
        pump(exchange.all, patience.cap.after(2 * GRACE), lambda: not connection.outbox)
    connection.outbox.clear()
    if connection.first_at is None:
        connection.sent_at = time.monotonic()


def _end(connection: Connection, *, reset: bool) -> None:
    if connection.sock is None:
        return
    if reset:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.sock.close()
    connection.sock = None
    connection.ended_by_us = connection.end == "open"


def _wait_blocked(exchange: Exchange, connection: Connection, seconds: float, cap: CaseDeadline) -> bool:
    """Read nothing on the connection until its script cannot write on, or has ended."""
    pid = _named(exchange, connection, "wait-blocked")
    if not pid:
        return False
    wrote, since = processes.written(pid), time.monotonic()

    def blocked() -> bool:
        nonlocal wrote, since
        now = processes.written(pid)
        if now != wrote:
            wrote, since = now, time.monotonic()
        return not processes.activity(pid) or (now is not None and time.monotonic() >= since + BLOCKED)

    others = [one for one in exchange.all if one is not connection]
    pump(others, cap.after(seconds), blocked, IDLE)
    if not blocked():
        asked = f"the script is held back, or ends, within {seconds:g} s"
        exchange.failed_steps.append(FailedStep("wait-blocked", asked.encode(), b"it writes on"))
        return False
    return True


def _wait_gone(exchange: Exchange, connection: Connection, seconds: float, cap: CaseDeadline) -> bool:
    pid = _named(exchange, connection, "wait-gone")
    if not pid:
        return False
    pump(exchange.all, cap.after(seconds), lambda: not processes.activity(pid), 0.01)
    state = processes.activity(pid)
    if state:
        asked = f"the script's process ends within {seconds:g} s"
        exchange.failed_steps.append(FailedStep("wait-gone", asked.encode(), state.encode()))
    return not state


def _named(exchange: Exchange, connection: Connection, what: str) -> int:
    """Returns the process that the script has named, 0 if it has not."""
    found = re.search(rb"\bpid=(\d+)", connection.received)
    if found is None:
        exchange.failed_steps.append(FailedStep(what, b"pid=N in what came in", bytes(connection.received)))
        return 0
    return int(found[1])


def _read_on(exchange: Exchange, judged: Sequence[str], settled: Settled, patience: Timeouts, grace: float) -> None:
    start = time.monotonic()
    known: dict[str, tuple[int, bool]] = {}  # length looked at, and whether that was all
    stuck = bool(exchange.failed_steps)  # what is judged has been found already
    silent, last = (IDLE, IDLE) if stuck else (patience.silent, patience.greater)

    def done(connection: Connection) -> bool:
        if connection.sock is None or connection.end != "open" or connection.gave_up:
            return True
        now = time.monotonic()
        if connection.received and now - connection.last_at >= IDLE:
            length, whole = known.get(connection.name, (-1, False))
            if length != len(connection.received):
                whole = settled(connection.name, connection.received, bytes(connection.sent))
                known[connection.name] = (len(connection.received), whole)
            if whole and now - connection.last_at >= grace:
                return True
        late = now >= (max(start, connection.moved_at) + last if connection.received else start + silent)
        if now < patience.cap.until and not late:
            return False
        if not stuck:
            what, seconds = ("no more", last) if connection.received else ("nothing", silent)
            connection.gave_up = patience.told(what, seconds)
        return True

    wanted = [connection for name, connection in exchange.connections.items() if name in judged]
    pump(exchange.all, patience.cap.after(math.inf), lambda: all(done(connection) for connection in wanted), IDLE)
    for connection in wanted:  # at the cap none has been asked any more
        done(connection)
