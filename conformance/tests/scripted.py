"""A server for tests. For each connection, the test gives a function that reads and writes the octets."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Talk = Callable[[socket.socket], None]


def read_until(client: socket.socket, end: bytes) -> bytes:
    """Returns the octets up to and including `end`, or up to the end of the connection."""
    got = b""
    while end not in got and (more := client.recv(65536)):
        got += more
    return got


@contextmanager
def scripted(*talks: Talk) -> Iterator[tuple[str, int]]:
    """Accepts one connection per function, each in its own thread. Yields the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        threads: list[threading.Thread] = []

        def serve() -> None:
            for talk in talks:
                try:
                    client = listener.accept()[0]
                except OSError:
                    return
                client.settimeout(20)
                thread = threading.Thread(target=_talk, args=(talk, client), daemon=True)
                threads.append(thread)
                thread.start()

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        host, port = listener.getsockname()
        yield host, port
        accepting.join(20)
        for thread in threads:
            thread.join(20)


def _talk(talk: Talk, client: socket.socket) -> None:
    with client:
        try:
            talk(client)
        except ConnectionError:
            pass
