"""The body of a request: Content-Length or chunked, its limits, and what is done with the rest of it."""

from __future__ import annotations

from .client import Client


class Body:
    """The body octets, decoded.  A chunked body has been read whole before a script starts, so `length` is true."""

    length: int | None  # None: the request declares no body
    left: int  # octets not yet taken
    ready: bool  # take() would not wait
    cut: bool  # the client ended before the body did

    def __init__(self, client: Client, length: int | None, content: bytes | None = None) -> None: ...

    def take(self, size: int) -> bytes:
        """At most `size` octets: what is there, or one receive; b"" at the end (left == 0) or if cut."""
        raise NotImplementedError
