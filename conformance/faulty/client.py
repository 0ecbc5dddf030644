"""The connection to a client: a socket, what has been read ahead, and how it ends."""

from __future__ import annotations

import select
import socket
import time

_AT_ONCE = 65536
_SEND_WITHIN = 60.0
_LINGER = 2.0


class Gone(Exception):
    """The client has closed or reset the connection (or does not take what is sent)."""


class Late(Exception):
    """The deadline has passed before enough octets came."""


class Client:
    sock: socket.socket
    address: tuple[str, int]  # of the client
    local: tuple[str, int]  # of this server, as the client reached it
    ahead: bytes  # received, not yet consumed
    heard: bool  # whether anything has come since this was last cleared
    deadline: float | None  # on the monotonic clock, for everything that is read

    def __init__(self, sock: socket.socket, address: tuple[str, int]) -> None:
        self.sock = sock
        self.address = address
        self.local = sock.getsockname()[:2]
        self.ahead = b""
        self.heard = False
        self.deadline = None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        """For selectors: readable means octets or the end have come (see also `ahead`)."""
        return self.sock.fileno()

    def read_line(self, limit: int) -> bytes:
        """Up to and with LF; at most `limit` octets (then without LF); what there is when the client half-closed."""
        pieces = [self.ahead]
        length = len(self.ahead)
        while b"\n" not in pieces[-1] and length < limit:
            received = self._receive(_AT_ONCE)
            if not received:
                break
            pieces.append(received)
            length += len(received)
        everything = b"".join(pieces)
        end = everything.find(b"\n") + 1 or len(everything)
        end = min(end, limit)
        self.ahead = everything[end:]
        return everything[:end]

    def read_some(self, size: int) -> bytes:
        """One receive (or what is ahead): at most `size` octets, b"" at the end of the client's side."""
        if not self.ahead:
            return self._receive(size)
        found, self.ahead = self.ahead[:size], self.ahead[size:]
        return found

    def read_exactly(self, size: int) -> bytes:
        """`size` octets, fewer at the end of the client's side."""
        pieces = []
        while size > 0 and (piece := self.read_some(min(size, _AT_ONCE))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def send(self, data: bytes) -> None:
        """Sends everything; raises Gone."""
        try:
            self.sock.settimeout(_SEND_WITHIN)
            self.sock.sendall(data)
        except OSError as error:
            raise Gone from error

    def gone(self) -> bool:
        """Without waiting: the connection is reset or closed from the other side (half-closed does not count)."""
        poll = select.poll()
        poll.register(self.sock, 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))

    def finish(self) -> None:
        """Ends the connection so that the last answer is read: what still comes in is waited for and discarded."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.ahead = b""
            self.deadline = time.monotonic() + _LINGER
            while self._receive(_AT_ONCE):
                pass
        except (OSError, Gone, Late):
            pass
        self.sock.close()

    def _receive(self, size: int) -> bytes:
        try:
            self.sock.settimeout(None if self.deadline is None else max(self.deadline - time.monotonic(), 0.001))
            received = self.sock.recv(size)
        except TimeoutError as error:
            raise Late from error
        except OSError as error:
            raise Gone from error
        self.heard = self.heard or bool(received)
        return received
