"""Answers on the wire: status line, Date and Server, fields, the framing of the body."""

from __future__ import annotations

from .client import Client
from .head import Request
from .settings import Site


class Answer:
    """One response.  Use: start(), write() any number of times, end()."""

    def __init__(self, client: Client, request: Request, site: Site) -> None: ...

    def start(
        self, status: int, reason: bytes, fields: list[tuple[bytes, bytes]], length: int | None = None, framed: bool = True
    ) -> None:
        """Sends status line, Server, Date, `fields` (in order) and the framing: Content-Length if `length` is known,
        else chunked where the client speaks HTTP/1.1 and the connection persists, else the body ends with the
        connection (request.persists becomes False).  Nothing for HTTP/0.9.  `framed` False: the fields go out as
        they are, no blank line is added and none of the rest happens (cgihttpserver's script output follows).
        The head is kept back until the first write() or end() or flush(), so that both leave in one send."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """Body octets: dropped for HEAD, cut at the announced length."""
        raise NotImplementedError

    def flush(self) -> None:
        """Sends what is kept back."""
        raise NotImplementedError

    def end(self) -> None:
        """The last chunk, or nothing; a body shorter than announced ends the connection (persists = False)."""
        raise NotImplementedError


def refuse(
    client: Client, request: Request, site: Site, status: int, message: str | None = None,
    fields: list[tuple[bytes, bytes]] | None = None,
) -> None:
    """Sends the error page for `status` (the reason phrase is `message` if given) and logs it."""
    raise NotImplementedError
