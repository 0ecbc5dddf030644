"""Chooses a port for a server, and checks that this server listens on it.

Runs of the suite reserve their ports, so that no two get the same one. Another program may still take the port before
the server does. So a successful connection does not prove that the server listens. Linux tells in /proc which process
holds the listening socket.
"""

import errno
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cgi_conform.processes import everything, open_files

ADDRESS = "127.0.0.1"
_LISTENING = "0A"
_PORTS = range(20_000, 32_000)


def reserve() -> socket.socket:
    """Returns a UDP socket of 127.0.0.1. At the moment, the TCP port of the same number is free.

    No other caller, in any process, gets this number while the socket is open. By default, Linux and macOS give other
    ports to clients, so no client takes this one before the server does.
    """
    for port in [*random.sample(_PORTS, 100), 0]:
        reservation = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((ADDRESS, port))
            reservation.bind(probe.getsockname())
            return reservation
        reservation.close()
    raise OSError(errno.EADDRINUSE, "no port is free")


def free_port() -> int:
    """Returns a port of 127.0.0.1 that is free at the moment."""
    with reserve() as reservation:
        return port_of(reservation)


def port_of(reservation: socket.socket) -> int:
    """Returns the port that reserve() has chosen."""
    return int(reservation.getsockname()[1])


def is_free(port: int) -> bool:
    """Returns whether a server with SO_REUSEADDR can listen on the port of 127.0.0.1 at the moment."""
    return not why_not_free(port)


def why_not_free(port: int) -> str:
    """Returns the reason why a server cannot listen on the port of 127.0.0.1 at the moment, or ""."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            return "is in use" if in_use else f"cannot be taken: {(error.strerror or str(error)).lower()}"
        return ""


def accepts(port: int) -> bool:
    """Returns whether a process accepts connections on the port of 127.0.0.1."""
    try:
        with socket.create_connection((ADDRESS, port), timeout=1.0):
            return True
    except OSError:
        return False


def held_by(port: int, group: int) -> bool:
    """Returns whether a process of the process group listens on the port; True if /proc does not tell."""
    sockets = set(listening(port))
    if not sockets:
        return True
    try:
        return any(sockets & set(open_files(process)) for process in _members(group))
    except PermissionError:
        return True


def listening(port: int) -> Iterator[str]:
    """Yields the sockets that listen on a port, as open_files() names them."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[3] == _LISTENING and int(words[1].rpartition(":")[2], 16) == port:
                yield f"socket:[{words[9]}]"


def _members(group: int) -> Iterator[int]:
    yield group
    for process, words in everything():
        if process != group and int(words[2]) == group:
            yield process
