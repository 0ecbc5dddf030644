"""The acts of the clients of the soak: each one sends requests, right or wrong ones, and checks every answer."""

import hashlib
import os
import random
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cgi_conform.http.response import Response, parse
from scripted import read_until
from test_cgi_server import Started
from under_attack import connected, will_reset, write_script

LIMIT = 2  # seconds: --script-timeout
LARGE = random.Random(1).randbytes(1_000_000)
SWAPPED = {b"first\n" * 1000, b"second\n" * 1000}
TYPE = r"printf 'Content-Type: text/plain\n\n'"
SCRIPTS = {
    "echo": f'{TYPE}; echo "$REQUEST_METHOD $QUERY_STRING"',
    "hash": f"sum=$(sha256sum); {TYPE}; echo $sum",
    "fails": "exit 3",
    "dies": f"{TYPE}; echo here; kill -SEGV $$",
    "hangs": "exec sleep 600",
    "waits": f"{TYPE}; echo here; exec sleep 600",
    "complains": f"{TYPE}; echo here; echo complaint >&2",
}
# Requests that the server refuses, and the status.
REFUSED = {
    b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n": 501,
    b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n": 404,
    b"GET / HTTP/9.9\r\nHost: x\r\n\r\n": 505,
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n": 400,
    b"POST /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx": 501,
    b"POST /cgi-bin/hash HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx": 400,
    b"POST /cgi-bin/hash HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n": 400,
    b"GET /hello.txt HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n": 431,
}


@dataclass
class Client:
    """A client of a server for `root`, with a random sequence of its own."""

    server: Started
    root: Path
    profile: str
    random: random.Random

    def ask(self, request: bytes) -> Response:
        """Sends a request that ends its connection, and returns the whole response."""
        with connected(self.server) as client:
            client.sendall(request)
            received = read_until(client, b"never")
        responses = parse(received, [request.split(b" ", 1)[0]], ended=True).responses
        assert len(responses) == 1 and responses[0].complete, received[:200]
        return responses[0]

    def get(self, target: str, *fields: str, method: str = "GET") -> Response:
        return self.ask(request(target, *fields, method=method))

    def reset(self, send: bytes, await_: bytes = b"") -> None:
        """Sends something, awaits something, and resets the connection."""
        with connected(self.server) as client:
            client.sendall(send)
            if await_:
                assert await_ in read_until(client, await_)
            will_reset(client)


def request(target: str, *fields: str, method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *fields, "", ""]
    return "\r\n".join(lines).encode()


def is_ok(response: Response, content: bytes) -> None:
    assert (response.status, response.body) == (200, content), (response.status, response.body[:80])


def prepare(root: Path) -> None:
    (root / "hello.txt").write_bytes(b"hello static\n")
    (root / "large").write_bytes(LARGE)
    (root / "folder").mkdir()
    (root / "folder" / "entry").touch()
    (root / "swapped").write_bytes(min(SWAPPED))
    for name, text in SCRIPTS.items():
        write_script(root, name, text)


def small_file(client: Client) -> None:
    response = client.get("/hello.txt")
    is_ok(response, b"hello static\n")
    changed = response.values("Last-Modified")[0].decode()
    assert client.get("/hello.txt", f"If-Modified-Since: {changed}").status == 304
    head = client.get("/hello.txt", method="HEAD")
    assert (head.status, head.body, head.values("Content-Length")) == (200, b"", [b"13"])


def large_file(client: Client) -> None:
    is_ok(client.get("/large"), LARGE)


def listing(client: Client) -> None:
    response = client.get("/folder/")
    assert response.status == 200 and b'<a href="entry">' in response.body
    redirect = client.get("/folder")
    assert redirect.status == 301 and redirect.values("Location")[0].endswith(b"/folder/")


def swapped_file(client: Client) -> None:
    """Replaces a file, as another client may do at the same moment. The answer is one of the two contents."""
    new = client.root / f"new-{client.random.random()}"
    new.write_bytes(client.random.choice(sorted(SWAPPED)))
    os.replace(new, client.root / "swapped")
    response = client.get("/swapped")
    assert response.status == 200 and response.body in SWAPPED, (response.status, response.body[:80])


def script(client: Client) -> None:
    token = str(client.random.random())
    is_ok(client.get(f"/cgi-bin/echo?{token}"), f"GET {token}\n".encode())


def upload(client: Client) -> None:
    body = client.random.randbytes(client.random.randrange(200_000))
    head = request("/cgi-bin/hash", f"Content-Length: {len(body)}", method="POST")
    is_ok(client.ask(head + body), digest(body))


def chunked_upload(client: Client) -> None:
    chunks = [client.random.randbytes(client.random.randrange(1, 40_000)) for _ in range(client.random.randrange(8))]
    head = request("/cgi-bin/hash", "Transfer-Encoding: chunked", method="POST")
    is_ok(client.ask(head + b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in chunks) + b"0\r\n\r\n"),
          digest(b"".join(chunks)))


def digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b" -\n"


def pipelined(client: Client) -> None:
    """Sends requests in a row on one connection, for files and for scripts. The answers come in order."""
    tokens = [client.random.choice(["", str(client.random.random())]) for _ in range(10)]
    targets = [f"/cgi-bin/echo?{token}" if token else "/hello.txt" for token in tokens]
    right = [f"GET {token}\n".encode() if token else b"hello static\n" for token in tokens]
    heads = [request(target).replace(b"Connection: close\r\n", b"") for target in targets]
    with connected(client.server) as opened:
        opened.sendall(b"".join(heads) + request("/hello.txt"))
        responses = parse(read_until(opened, b"never"), ended=True).responses
    assert [response.body for response in responses] == [*right, b"hello static\n"]


def slow_client(client: Client) -> None:
    token = str(client.random.random())
    with connected(client.server) as opened:
        sent = request(f"/cgi-bin/echo?{token}")
        for at in range(0, len(sent), 10):
            opened.sendall(sent[at : at + 10])
            threading.Event().wait(0.02)
        [response] = parse(read_until(opened, b"never"), ended=True).responses
    is_ok(response, f"GET {token}\n".encode())


def bad_request(client: Client) -> None:
    sent, status = client.random.choice(sorted(REFUSED.items()))
    with connected(client.server) as opened:
        opened.sendall(sent)
        opened.shutdown(socket.SHUT_WR)
        [response] = parse(read_until(opened, b"never"), ended=True).responses
    assert response.status == status, (sent[:80], response.status)


def failing_script(client: Client) -> None:
    response = client.get("/cgi-bin/fails")
    assert (response.status, response.complete) == (500 if client.profile == "rfc3875" else 200, True)
    is_ok(client.get("/cgi-bin/complains"), b"here\n")


def dying_script(client: Client) -> None:
    is_ok(client.get("/cgi-bin/dies"), b"here\n")


def hanging_script(client: Client) -> None:
    response = client.get("/cgi-bin/hangs")
    assert response.status == (504 if client.profile == "rfc3875" else 200)


def reset(client: Client) -> None:
    sent, awaited = client.random.choice(
        [
            (b"GET /hello.txt HT", b""),
            (request("/cgi-bin/waits"), b"here\n"),
            (request("/large"), b"\r\n\r\n"),
            (request("/cgi-bin/hash", "Content-Length: 100000", method="POST") + b"x" * 70_000, b""),
        ]
    )
    client.reset(sent, awaited)


def cut_upload(client: Client) -> None:
    """Ends its side within a body. The script gets a short body, or none."""
    framing = client.random.choice(["Content-Length: 100000", "Transfer-Encoding: chunked"])
    with connected(client.server) as opened, suppress(ConnectionError):
        opened.sendall(request("/cgi-bin/hash", framing, method="POST") + b"c350\r\n" + b"x" * 40_000)
        opened.shutdown(socket.SHUT_WR)
        responses = parse(read_until(opened, b"never"), ended=True).responses
        assert all(response.status in (200, 400) for response in responses), responses[0].status_line


@dataclass(frozen=True)
class Act:
    weight: int
    run: Callable[[Client], None]


ACTS = {
    act.__name__.replace("_", " "): Act(weight, act)
    for weight, acts in {
        20: (small_file, script, upload, chunked_upload, pipelined),
        10: (large_file, listing, swapped_file, bad_request, reset, cut_upload, failing_script, dying_script),
        2: (slow_client, hanging_script),
    }.items()
    for act in acts
}
