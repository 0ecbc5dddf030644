"""The connection to a client: its socket, the bytes that were read ahead, and its end."""

from __future__ import annotations

import select
import socket
import time

_AT_ONCE = 65536
_SEND_WITHIN = 60.0
_LINGER = 2.0
_LEAST_PACE = 1024  # bytes of a body for each second


class Gone(Exception):
    """The client has closed or reset the connection, or does not take the bytes that the server sends."""


class Late(Exception):
    """The deadline has passed before enough bytes arrived."""


class Client:
    sock: socket.socket
    address: tuple[str, int]  # of the client
    local: tuple[str, int]  # of this server, as the client reached it
    ahead: bytes  # received, but not consumed yet
    heard: bool  # whether bytes have arrived since this was last cleared
    deadline: float | None  # on the monotonic clock, for every read
    stall: float  # seconds that the client may be silent within a body
    paced: bool  # whether each byte that arrives moves the deadline, as in a body

    def __init__(self, sock: socket.socket, address: tuple[str, int], stall: float) -> None:
        self.sock = sock
        self.address = address
        self.local = sock.getsockname()[:2]
        self.ahead = b""
        self.heard = False
        self.deadline = None
        self.stall = stall
        self.paced = False
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        """Returns the socket for selectors: it is readable if bytes or the end have arrived (see also `ahead`)."""
        return self.sock.fileno()

    # rule: resource/slow-body-is-limited
    def expect_body(self) -> None:
        """Limits the time of a body. Each KiB that arrives gives the client one second more."""
        self.deadline = time.monotonic() + self.stall
        self.paced = True

    # rule: http/bare-lf-may-end-line, http/packet-boundaries-mean-nothing
    def read_line(self, limit: int) -> bytes:
        """Reads a line with its LF. Stops without LF after `limit` bytes, and at the end of the client's side."""
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
        """Returns at most `size` bytes: those ahead, or one receive. Returns b"" at the end of the client's side."""
        if not self.ahead:
            return self._receive(size)
        found, self.ahead = self.ahead[:size], self.ahead[size:]
        return found

    def read_exactly(self, size: int) -> bytes:
        """Returns `size` bytes, or fewer at the end of the client's side."""
        pieces = []
        while size > 0 and (piece := self.read_some(min(size, _AT_ONCE))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def read_ahead(self, size: int, patience: float | None) -> bool:
        """Receives until `size` bytes are ahead, or to the end. Returns False after `patience` seconds of silence."""
        while len(self.ahead) < size:
            if not select.select([self.sock], [], [], patience)[0]:
                return False
            more = self._receive(_AT_ONCE)
            if not more:
                return True
            self.ahead += more
        return True

    # rule: http/late-reader-gets-all, process/client-reset-does-no-harm
    def send(self, data: bytes) -> None:
        """Sends all of the data. Raises Gone if the client does not take it."""
        try:
            self.sock.settimeout(_SEND_WITHIN)
            self.sock.sendall(data)
        except OSError as error:
            raise Gone from error

    def gone(self) -> bool:
        """Returns whether the client has reset or closed the connection. Does not wait. Ignores a half-close."""
        poll = select.poll()
        poll.register(self.sock, 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))

    # rule: http/early-error-is-not-lost, http/close-cuts-nothing-off
    def finish(self) -> None:
        """Ends the connection. First discards what still arrives, so that no reset loses the last response."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.ahead = b""
            self.deadline = time.monotonic() + _LINGER
            self.paced = False
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
        if self.paced and self.deadline is not None:
            self.deadline = min(self.deadline + len(received) / _LEAST_PACE, time.monotonic() + self.stall)
        return received
