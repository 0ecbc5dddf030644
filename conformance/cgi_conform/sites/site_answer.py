"""Asks a server one request, and returns the response with names for what differs from server to server."""

import socket
import time
from dataclasses import dataclass

from cgi_conform.http.response import Response, parse
from cgi_conform.judging.compare import with_names
from cgi_conform.judging.normalise import normalised
from cgi_conform.sites.site_requests import SiteRequest

_BLOCK = 1 << 16


@dataclass(frozen=True)
class SiteAnswer:
    """The response of a server, or None if none came, and how the answer ended."""

    response: Response | None
    end: str  # closed, reset without a response, or the limit that was reached

    @property
    def is_whole(self) -> bool:
        """Returns whether no limit cut the answer."""
        return self.end in ("closed", "reset")

    @property
    def body(self) -> bytes:
        return self.response.body if self.response is not None else b""

    @property
    def status(self) -> int | None:
        return self.response.status if self.response is not None else None


def ask(address: tuple[str, int], request: SiteRequest, root: str, seconds: float, largest: int) -> SiteAnswer:
    """Sends the request and reads the answer to its end, at most `largest` octets and `seconds` seconds."""
    received, end = _exchanged(address, request.octets, seconds, largest)
    parsed = parse(normalised(received, address[1], root, ""), [request.method.encode()], ended=True).responses
    return SiteAnswer(with_names(parsed[0]) if parsed else None, end)


def _exchanged(address: tuple[str, int], octets: bytes, seconds: float, largest: int) -> tuple[bytes, str]:
    deadline = time.monotonic() + seconds
    received = bytearray()
    try:
        with socket.create_connection(address, seconds) as connection:
            connection.sendall(octets)
            while len(received) < largest:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                more = connection.recv(min(_BLOCK, largest - len(received)))
                if not more:
                    return bytes(received), "closed"
                received += more
    except TimeoutError:
        return bytes(received), f"open after {seconds:g} s"
    except OSError:
        return bytes(received), "closed" if received else "reset"
    return bytes(received), f"cut after {largest} octets"
