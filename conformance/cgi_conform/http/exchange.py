"""Plays the steps of a case over sockets, and returns what came back on each connection and how it ended.

The client reads until the server ends the connection, until the answer is complete and nothing follows, or until a
limit (timeouts.py). A connection that the client gives up names the limit.
"""

import math
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cgi_conform.cases.case import Step
from cgi_conform.http import late_reader as late
from cgi_conform.http.connection import Connection, FailedStep, pump
from cgi_conform.http.delivery import GAP, pieces
from cgi_conform.http.script_process import wait_blocked, wait_gone
from cgi_conform.http.timeouts import CaseDeadline, Timeouts
from cgi_conform.octets import Tokens, fill

IDLE = 0.02  # seconds without an octet after which the client checks whether the answer is complete
GRACE = 0.1  # seconds that the client goes on reading after a complete answer, for octets or an end that must not come
EXPECTED = {
    "again": b"it ends by SIGTERM, and is started again on its port",
    "second": b"a second one on its port ends, with another status than 0",
}
# Takes the name of a connection, the octets received and those sent; tells whether the answer is complete.
Settled = Callable[[str, bytearray, bytes], bool]


@dataclass
class Exchange:
    """The connections of a case, in the order in which they were opened, and the steps that failed."""

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
    deadline: CaseDeadline = CaseDeadline(),
) -> Exchange:
    """Plays the steps in order, then reads the `judged` connections to their end.

    The client waits `limit` seconds (default: `timeout`) for the first octet, and the greater of `limit` and `timeout`
    after each octet. After a complete answer it reads for `grace` seconds. `signal` sends a signal to the server.
    `start` starts the server once more, and returns an error or "".
    """
    exchange = Exchange()
    timeouts = Timeouts(timeout, limit, deadline)
    try:
        for step in steps:
            if not _play_step(exchange, step, address, tokens, timeouts, delivery):
                break
            if not _end_step(exchange, step, signal, deadline):
                break
            if step.start and (got := start(step.start)):
                exchange.failed_steps.append(FailedStep("start", EXPECTED[step.start], got.encode()))
                break
        _read_on(exchange, judged, settled, timeouts, grace)
    finally:
        for connection in exchange.connections.values():
            if connection.sock is not None:
                connection.sock.close()
    return exchange


def _play_step(
    exchange: Exchange, step: Step, address: tuple[str, int], tokens: Tokens, timeouts: Timeouts, delivery: str
) -> bool:
    """Plays the part of a step on its connection; returns whether the next step can be played."""
    known = step.connection in exchange.connections
    connection = exchange.connections.setdefault(
        step.connection, Connection(step.connection, gap=GAP[delivery], reads_late=step.read_late)
    )
    if not known and not _connect(exchange, connection, address, timeouts):
        return False
    if step.await_bytes is not None:
        text = fill(step.await_bytes, tokens)
        deadline = timeouts.deadline.without_progress(timeouts.longer, connection)
        pump(exchange.all, deadline, lambda: _has(connection, text) or _is_over(connection))
        if not _take(connection, text):
            came = bytes(connection.received[connection.awaited :])
            limit = connection.gave_up or timeouts.told("no more" if came else "nothing") if connection.end == "open" else ""
            how = b"" if limit else b", then " + connection.end.encode()
            exchange.failed_steps.append(FailedStep("await", text, came if limit else (came or b"nothing") + how, limit))
            return False
    if step.pause:
        pump(exchange.all, timeouts.deadline.after(step.pause), lambda: False)
    if step.send or step.body:
        send, blocks = fill(step.send, tokens), step.body.blocks() if step.body else []
        begin = send + b"".join(blocks[:1])
        connection.sent += begin
        connection.left_out += sum(map(len, blocks[1:]))
        writes = [begin, *blocks[1:]] if delivery == "whole" else [*pieces(send, delivery), *blocks]
        connection.outbox.extend(memoryview(each) for each in writes if each)
        _send_all(exchange, connection, timeouts)
    if step.half_close and connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has already ended the connection
    if step.read_late:
        others = [one for one in exchange.all if one is not connection]
        late.wait_until_full(connection, others, timeouts.deadline.after(timeouts.longer))
    return True


def _end_step(exchange: Exchange, step: Step, signal: Callable[[str], None], deadline: CaseDeadline) -> bool:
    """Plays the end of a step: waits for the script, ends the connection, sends a signal to the server.

    Returns whether the next step can be played.
    """
    connection = exchange.connections[step.connection]
    failed: FailedStep | None = None
    if step.wait_blocked is not None:
        others = [one for one in exchange.all if one is not connection]
        failed = wait_blocked(connection, others, step.wait_blocked, deadline)
    if failed is None:
        if step.close or step.reset:
            _end(connection, reset=step.reset)
        if step.signal:
            signal(step.signal)
        if step.wait_gone is not None:
            failed = wait_gone(connection, exchange.all, step.wait_gone, deadline)
    exchange.failed_steps += [failed] if failed else []
    return failed is None


def _connect(exchange: Exchange, connection: Connection, address: tuple[str, int], timeouts: Timeouts) -> bool:
    left = max(0.001, min(timeouts.longer, timeouts.deadline.until - time.monotonic()))
    try:
        connection.sock = _connected(address, left, connection.reads_late)
    except OSError as error:
        connection.end = "closed"
        exchange.refused = True
        got = error.strerror or (timeouts.told("no connection") if isinstance(error, TimeoutError) else str(error))
        exchange.failed_steps.append(FailedStep("connect", b"a connection", got.encode()))
        return False
    connection.sock.setblocking(False)
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sent_at = connection.last_at = connection.moved_at = time.monotonic()
    return True


def _connected(address: tuple[str, int], seconds: float, reads_late: bool) -> socket.socket:
    """Returns a connected socket. OSError says why the connection failed."""
    if not reads_late:
        return socket.create_connection(address, timeout=seconds)
    family, kind, protocol, _, where = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, protocol)
    try:
        late.shrink(sock)
        sock.settimeout(seconds)
        sock.connect(where)
    except OSError:
        sock.close()
        raise
    return sock


def _is_over(connection: Connection) -> bool:
    """Returns whether the client reads no more of the connection."""
    return connection.end != "open" or connection.is_flooded


def _has(connection: Connection, text: bytes) -> bool:
    return connection.received.find(text, connection.awaited) >= 0


def _take(connection: Connection, text: bytes) -> bool:
    at = connection.received.find(text, connection.awaited)
    if at >= 0:
        connection.awaited = at + len(text)
    return at >= 0


def _send_all(exchange: Exchange, connection: Connection, timeouts: Timeouts) -> None:
    """Sends the outbox until it is empty or the server ends the connection, which it may do after an early answer."""
    deadline = timeouts.deadline.without_progress(timeouts.longer, connection)
    pump(exchange.all, deadline, lambda: not connection.outbox or _is_over(connection))
    if connection.outbox and connection.end == "closed":
        # The server has ended its side. It gets a moment to read the rest.
        pump(exchange.all, timeouts.deadline.after(2 * GRACE), lambda: not connection.outbox)
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


def _read_on(exchange: Exchange, judged: Sequence[str], settled: Settled, timeouts: Timeouts, grace: float) -> None:
    """Reads the judged connections until each has ended, has a complete answer, or has reached a limit."""
    start = time.monotonic()
    known: dict[str, tuple[int, bool]] = {}  # by connection: the length that was checked, and whether the answer was complete
    failed = bool(exchange.failed_steps)  # the case fails anyway, so no need to wait
    silent, last = (IDLE, IDLE) if failed else (timeouts.silent, timeouts.longer)

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
        if now < timeouts.deadline.until and not late:
            return False
        if not failed:
            what, seconds = ("no more", last) if connection.received else ("nothing", silent)
            connection.gave_up = timeouts.told(what, seconds)
        return True

    wanted = [connection for name, connection in exchange.connections.items() if name in judged]
    pump(exchange.all, timeouts.deadline.after(math.inf), lambda: all(done(connection) for connection in wanted), IDLE)
    for connection in wanted:  # at the deadline of the case, pump() returns without a last check
        done(connection)
