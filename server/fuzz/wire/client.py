"""Sends the octets of one connection, and returns those that came back."""

import re
import socket
import struct

from cgi_conform.cases.reproduce import printf_format
from grammar import Talk

PATIENCE = 60.0  # seconds of silence; a server on a busy machine needs a few of them
_RESET = struct.pack("ii", 1, 0)


class Silent(Exception):
    """The server neither answered nor closed the connection."""


def exchange(talk: Talk, port: int) -> bytes:
    """Plays one connection. Raises Silent, and ConnectionError if the server does not accept it."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for octets in talk.writes:
                client.sendall(octets)
            if talk.end == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            if talk.end in ("leave", "reset"):
                return b""
            if talk.end == "half":
                client.shutdown(socket.SHUT_WR)
        except TimeoutError:
            raise Silent from None
        except OSError:
            pass  # the server has refused the request and reads no more; what it sent can still be read
        try:
            while octets := client.recv(1 << 16):
                received += octets
        except ConnectionError:
            pass
        except TimeoutError:
            raise Silent from None
    return bytes(received)


def shell_line(talk: Talk, port: int) -> str:
    """Returns a line that sends the same octets. A long run of one character becomes a command that prints it."""
    octets = re.sub(r"([a-z/])\1{999,}", _repeated, printf_format(talk.sent))
    option = {"half": " -N", "wait": ""}.get(talk.end, " -q 0")
    return f"printf '{octets}' | nc{option} 127.0.0.1 {port}"


def _repeated(run: re.Match[str]) -> str:
    return f"'$(head -c {len(run[0])} /dev/zero | tr '\\0' {run[1]})'"
