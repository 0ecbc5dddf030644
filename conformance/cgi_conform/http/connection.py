"""Connections to a server, and the one loop that sends and reads on all of them at once.

Because nothing is ever only sent or only read, no server can block the loop by answering early or late; every
wait has a deadline, which may move while octets do.
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

_BLOCK = 1 << 18


@dataclass
class Connection:
    """One connection: what went out, what came in, and how it ended: closed, reset or (still) open."""

    name: str
    sent: bytearray = field(default_factory=bytearray)  # of a large body made by rule only the first block
    received: bytearray = field(default_factory=bytearray)
    end: str = "open"
    ended_by_us: bool = False
    reset: bool = False  # seen while reading or sending; `end` tells of reading only
    sent_at: float = 0.0
    first_at: float | None = None
    last_at: float = 0.0
    moved_at: float = 0.0  # when the last octet went either way
    gave_up: str = ""  # why we stopped reading before the server ended the connection: the limit, in words
    left_out: int = 0  # octets that went out and are not in `sent`
    awaited: int = 0  # how much of `received` has been waited for already
    sock: socket.socket | None = None
    outbox: deque[memoryview] = field(default_factory=deque)
    gap: float = 0.0
    next_send: float = 0.0
    reads_late: bool = False  # what comes in stays in the receive buffer for now

    @property
    def waited(self) -> float | None:
        """Seconds from the end of sending to the first octet."""
        return None if self.first_at is None else max(0.0, self.first_at - self.sent_at)


def pump(
    connections: Collection[Connection], deadline: Callable[[], float], enough: Callable[[], bool], tick: float = 0.25
) -> None:
    """Send and read on all connections until `enough` or the deadline; both are asked after each event and tick."""
    with selectors.DefaultSelector() as selector:
        while not enough():
            now, end = time.monotonic(), deadline()
            if now >= end:
                return
            pause = min(tick, end - now)
            for connection in connections:
                events, wait = _wishes(connection, now)
                pause = min(pause, wait)
                _register(selector, connection, events)
            for key, events in selector.select(pause):
                if events & selectors.EVENT_WRITE:
                    _write(key.data)
                if events & selectors.EVENT_READ and key.data.end == "open":
                    _read(key.data)
                if key.data.sock is None or (key.data.end != "open" and not key.data.outbox):
                    selector.unregister(key.fileobj)


def _register(selector: selectors.BaseSelector, connection: Connection, events: int) -> None:
    if connection.sock is None or connection.sock.fileno() < 0:
        return
    registered = selector.get_map().get(connection.sock)
    if registered is None:
        if events:
            selector.register(connection.sock, events, connection)
    elif not events:
        selector.unregister(connection.sock)
    elif registered.events != events:
        selector.modify(connection.sock, events, connection)


def _wishes(connection: Connection, now: float) -> tuple[int, float]:
    """Returns the events to wait for, and the seconds until there is something to do without one."""
    events = selectors.EVENT_READ if connection.end == "open" and not connection.reads_late else 0
    if connection.outbox:
        if now < connection.next_send:
            return events, connection.next_send - now
        events |= selectors.EVENT_WRITE
    return events, float("inf")


def _read(connection: Connection) -> None:
    assert connection.sock is not None
    try:
        data = connection.sock.recv(_BLOCK)
    except BlockingIOError:
        return
    except ConnectionError:
        connection.end = "reset"
        connection.reset = True
        connection.outbox.clear()
        return
    connection.last_at = time.monotonic()
    if not data:
        connection.end = "closed"
        return
    if connection.first_at is None:
        connection.first_at = connection.last_at
    connection.moved_at = connection.last_at
    connection.received += data


def _write(connection: Connection) -> None:
    assert connection.sock is not None
    piece = connection.outbox[0]
    try:
        count = connection.sock.send(piece[:_BLOCK])
    except BlockingIOError:
        return
    except ConnectionError:
        connection.reset = True
        connection.outbox.clear()  # it takes no more; what it said before can still be read
        return
    connection.moved_at = time.monotonic()
    if count < len(piece):
        connection.outbox[0] = piece[count:]
    else:
        connection.outbox.popleft()
        connection.next_send = time.monotonic() + connection.gap
