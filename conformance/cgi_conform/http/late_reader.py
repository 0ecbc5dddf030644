"""A client that reads late: its receive buffer is small, and it reads nothing until that is full.

The server's own buffer fills up next, so that its writes are held back. That the buffer is full is seen from the
client's side alone: what waits in it grows no more. This holds of any server, and of one on another machine.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Collection

from cgi_conform.http.connection import Connection, pump

_BUFFER = 1 << 14  # octets
_SEGMENT = 1460  # octets: Linux sizes the buffer of a sender by the segments that the receiver takes
_QUIET = 0.2  # seconds in which nothing more comes in
_TICK = 0.01
_USUAL = 1 << 20  # octets: the buffer of a client that reads what has waited


def shrink(sock: socket.socket) -> None:
    """Makes the receive buffer of a socket small, before it connects."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)


def wait_until_full(connection: Connection, others: Collection[Connection], deadline: Callable[[], float]) -> None:
    """Returns when the receive buffer grows no more, or at the deadline; then reads may begin."""
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
    """Returns the octets that wait to be read, and whether the connection has ended without any."""
    if connection.sock is None:
        return 0, True
    try:
        length = len(connection.sock.recv(_USUAL, socket.MSG_PEEK))
    except BlockingIOError:
        return 0, False
    except ConnectionError:
        return 0, True
    return length, length == 0
