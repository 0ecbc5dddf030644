"""A server that has the right answer to simple requests, and one illness on its way to the client.

    python3 sick_server.py ILLNESS PORT ROOT

An illness gets the right answer and the number of the request, and yields octets to send. The connection closes
after the last octet. Nothing here depends on time or chance: each run of an illness sends the same.
"""

import itertools
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

BLOCK = b"x" * 65536
PACE = 0.05  # seconds between two octets of a server that trickles
OK = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
RESET = b""  # yielded at the end: the connection is reset, not closed


def answer(request: bytes, root: Path) -> bytes:
    """Returns the right answer to a GET of a file or a script, and 404 to anything else."""
    method, target, *_ = [*request.split(b" "), b"", b""]
    path, _, query = target.split(b"\r")[0].partition(b"?")
    file = root / os.fsdecode(path.lstrip(b"/"))
    if method != b"GET" or b".." in path or not file.is_file():
        return b"HTTP/1.0 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nno\n"
    if path.startswith(b"/cgi-bin/"):
        variables = {"REQUEST_METHOD": "GET", "QUERY_STRING": os.fsdecode(query), "PATH": os.environ["PATH"]}
        printed = subprocess.run([file], env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
        head, _, body = printed.replace(b"\r\n", b"\n").partition(b"\n\n")
        return b"HTTP/1.0 200 OK\r\n" + head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    body = file.read_bytes()
    return OK + b"Content-Length: %d\r\n\r\n" % len(body) + body


def with_length(right: bytes, length: bytes) -> bytes:
    """Returns the right answer with another Content-Length."""
    head, _, body = right.partition(b"\r\n\r\n")
    own = b"Content-Length: %d" % len(body)
    assert own in head
    return head.replace(own, b"Content-Length: " + length) + b"\r\n\r\n" + body


def in_chunks(right: bytes, size: bytes) -> bytes:
    """Returns the right answer with its content in one chunk, whose size is written so."""
    head, _, body = right.partition(b"\r\n\r\n")
    head = head.replace(b"HTTP/1.0", b"HTTP/1.1").replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
    return head + b"\r\n\r\n" + size + b"\r\n" + body + b"\r\n0\r\n\r\n"


def for_ever(octets: bytes, begin: bytes = b"", pace: float = 0.0) -> Iterator[bytes]:
    yield begin
    while True:
        yield octets
        time.sleep(pace)


def never_answers(right: bytes, number: int) -> Iterator[bytes]:
    threading.Event().wait()
    yield right


def trickles(right: bytes, number: int) -> Iterator[bytes]:
    for octet in with_length(right, b"1000000"):
        yield bytes([octet])
        time.sleep(PACE)
    yield from for_ever(b"x", pace=PACE)


def closes_at_random(right: bytes, number: int) -> Iterator[bytes]:
    yield right[: random.Random(number).randrange(len(right))]


def resets_at_random(right: bytes, number: int) -> Iterator[bytes]:
    yield from closes_at_random(right, number)
    yield RESET


def dies(right: bytes, number: int) -> Iterator[bytes]:
    yield right[:20]
    os._exit(3)


def dies_after_its_answer(right: bytes, number: int) -> Iterator[bytes]:
    yield right
    os._exit(3)


Illness = Callable[[bytes, int], Iterator[bytes]]
ILLNESSES: dict[str, Illness] = {
    "healthy": lambda right, number: iter([right]),
    "never-answers": never_answers,
    "trickles": trickles,
    "trickles-fields": lambda right, number: for_ever(b"X-Field: y\r\n", OK, PACE),
    "10-gigabytes": lambda right, number: for_ever(BLOCK, OK + b"Content-Length: 10737418240\r\n\r\n"),
    "endless-content": lambda right, number: for_ever(BLOCK, OK + b"\r\n"),
    "endless-head": lambda right, number: for_ever(b"X-Field: y\r\n" * 4096, OK),
    "endless-line": lambda right, number: for_ever(BLOCK, b"HTTP/1.0 200 "),
    "endless-chunks": lambda right, number: for_ever(b"1\r\nx\r\n" * 9000, CHUNKED),
    "endless-answers": lambda right, number: for_ever(right * 100),
    "endless-1xx": lambda right, number: for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "slow-endless-1xx": lambda right, number: for_ever(b"HTTP/1.1 103 Early Hints\r\n\r\n", pace=PACE),
    "closes-at-random": closes_at_random,
    "resets-at-random": resets_at_random,
    "tls": lambda right, number: iter([b"\x15\x03\x01\x00\x02\x02\x0a"]),  # an alert: unexpected message
    "garbage": lambda right, number: iter([random.Random(number).randbytes(5000)]),
    "negative-length": lambda right, number: iter([with_length(right, b"-5")]),
    "huge-length": lambda right, number: iter([with_length(right, b"9" * 5000)]),
    "two-lengths": lambda right, number: iter([with_length(right, b"3\r\nContent-Length: 99")]),
    "negative-chunk": lambda right, number: iter([in_chunks(right, b"-5")]),
    "huge-chunk": lambda right, number: iter([in_chunks(right, b"F" * 5000)]),
    "deep-json": lambda right, number: iter([OK + b"\r\n" + b"[" * 100000]),
    "dies": dies,
    "dies-after-its-answer": dies_after_its_answer,
}


def serve(client: socket.socket, root: Path, illness: Illness, numbers: Iterator[int]) -> None:
    with client, suppress(OSError):
        request = b""
        while b"\r\n\r\n" not in request and (more := client.recv(65536)):
            request += more
        if not request:
            return  # the suite only looked if somebody listens
        for octets in illness(answer(request, root), next(numbers)):
            if octets == RESET:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(octets)


def listen(port: int, root: Path, illness: Illness) -> None:
    numbers = itertools.count()
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client, root, illness, numbers), daemon=True).start()


def comes_back(port: int, root: Path) -> None:
    """Serves one connection after another, each in a process that dies without an answer."""
    while True:
        if not os.fork():
            with socket.create_server(("127.0.0.1", port)) as listener:
                while not listener.accept()[0].recv(1):
                    pass
                os._exit(3)
        os.wait()


if __name__ == "__main__":
    name, port, root = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if name == "dies-and-comes-back":
        comes_back(port, root)
    listen(port, root, ILLNESSES[name])
