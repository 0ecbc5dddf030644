"""The connection to a client: a socket, what has been read ahead, and how it ends."""

from __future__ import annotations

import socket


class Gone(Exception):
    """The client has closed or reset the connection (or does not take what is sent)."""


class Late(Exception):
    """The deadline has passed before enough octets came."""


class Client:
    sock: socket.socket
    address: tuple[str, int]  # of the client
    local: tuple[str, int]  # of this server, as the client reached it
    ahead: bytes  # received, not yet consumed

    def __init__(self, sock: socket.socket, address: tuple[str, int]) -> None: ...

    def fileno(self) -> int:
        """For selectors: readable means octets or the end have come (see also `ahead`)."""
        raise NotImplementedError

    def read_line(self, limit: int) -> bytes:
        """Up to and with LF; at most `limit` octets (then without LF); what there is when the client half-closed."""
        raise NotImplementedError

    def read_some(self, size: int) -> bytes:
        """One receive (or what is ahead): at most `size` octets, b"" at the end of the client's side."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        """Sends everything; raises Gone."""
        raise NotImplementedError

    def gone(self) -> bool:
        """Without waiting: the connection is reset or closed from the other side (half-closed does not count)."""
        raise NotImplementedError
