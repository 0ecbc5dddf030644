"""Connections to a server, and the loop that sends and reads on all of them at the same time.

The loop always sends and reads, so a server cannot block it by answering early or late. Every wait has a deadline. The
deadline may move as long as octets come or go. The client reads only so many octets of a connection.
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

MOST_OCTETS = 1 << 25  # received on a connection: twice as many as the longest answer that a case asks for
_BLOCK = 1 << 18


@dataclass(frozen=True)
class FailedStep:
    """A step that the client could not complete."""

    what: str
    expected: bytes
    got: bytes
    limit: str = ""  # the limit that was reached, in words


@dataclass
class Connection:
    """A connection: the octets sent and received, and its end: "closed", "reset" or still "open"."""

    name: str
    sent: bytearray = field(default_factory=bytearray)  # of a large repeated body, only the first block
    received: bytearray = field(default_factory=bytearray)
    end: str = "open"
    ended_by_us: bool = False
    reset: bool = False  # seen while reading or sending; `end` is about reading only
    sent_at: float = 0.0
    first_at: float | None = None
    last_at: float = 0.0
    moved_at: float = 0.0  # when the last octet was sent or received
    gave_up: str = ""  # the limit at which the client stopped reading an open connection, in words
    left_out: int = 0  # the number of octets sent that are not in `sent`
    awaited: int = 0  # the length of `received` up to the last text that a step waited for
    sock: socket.socket | None = None
    outbox: deque[memoryview] = field(default_factory=deque)
    gap: float = 0.0
    next_send: float = 0.0
    reads_late: bool = False  # the client leaves octets in the receive buffer for now

    @property
    def is_flooded(self) -> bool:
        """Returns whether the server has sent more octets than any case asks for. The client reads no more of them."""
        return len(self.received) > MOST_OCTETS

    @property
    def waited(self) -> float | None:
        """Returns the seconds from the end of sending to the first octet received; None if none came."""
        return None if self.first_at is None else max(0.0, self.first_at - self.sent_at)


def pump(
    connections: Collection[Connection], deadline: Callable[[], float], enough: Callable[[], bool], tick: float = 0.25
) -> None:
    """Sends and reads on all connections until `enough` returns True or the deadline is reached.

    Both are checked after each event, and every `tick` seconds.
    """
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
    """Returns the events to wait for, and the seconds until the next write may start."""
    reads = connection.end == "open" and not connection.reads_late and not connection.is_flooded
    events = selectors.EVENT_READ if reads else 0
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
    if connection.is_flooded:
        del connection.received[MOST_OCTETS + 1 :]  # the result must not depend on how many have come by now
        connection.gave_up = f"more than {MOST_OCTETS} octets"


def _write(connection: Connection) -> None:
    assert connection.sock is not None
    piece = connection.outbox[0]
    try:
        count = connection.sock.send(piece[:_BLOCK])
    except BlockingIOError:
        return
    except ConnectionError:
        connection.reset = True
        connection.outbox.clear()  # the server takes no more octets; what it sent before can still be read
        return
    connection.moved_at = time.monotonic()
    if count < len(piece):
        connection.outbox[0] = piece[count:]
    else:
        connection.outbox.popleft()
        connection.next_send = time.monotonic() + connection.gap
