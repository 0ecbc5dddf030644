"""Lets a client read late: its receive buffer is small, and the client reads only after the buffer is full.

Then the buffer of the server fills up too, and the server's writes are blocked. The client knows that its buffer is
full when the number of octets in it no longer grows. This works with any server, also on another machine.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Collection

from cgi_conform.http.connection import Connection, pump

_BUFFER = 1 << 14  # octets
_SEGMENT = 1460  # octets: Linux chooses the send buffer of the server by the segment size of the client
_QUIET = 0.2  # seconds without new octets after which the buffer counts as full
_TICK = 0.01
_USUAL = 1 << 20  # octets: the receive buffer after the wait


def shrink(sock: socket.socket) -> None:
    """Makes the receive buffer of a socket small, before it connects."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)


def wait_until_full(connection: Connection, others: Collection[Connection], deadline: Callable[[], float]) -> None:
    """Waits until the receive buffer no longer grows, or until the deadline. After that, the client reads."""
    length, since = 0, time.monotonic()

    def full() -> bool:
        nonlocal length, since
        now, ended = _waiting(connection)
        if now != length:
            length, since = now, time.monotonic()
        return ended or (length > 0 and time.monotonic() >= since + _QUIET)

    pump(others, deadline, full, _TICK)
    connection.reads_late = False
    if connection.sock is not None:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _USUAL)


def _waiting(connection: Connection) -> tuple[int, bool]:
    """Returns the number of octets in the receive buffer, and whether the connection has ended with none left."""
    if connection.sock is None:
        return 0, True
    try:
        length = len(connection.sock.recv(_USUAL, socket.MSG_PEEK))
    except BlockingIOError:
        return 0, False
    except ConnectionError:
        return 0, True
    return length, length == 0
