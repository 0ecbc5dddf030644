"""Clients that send very much: the server must take no more memory than its limits say, and lose nothing it accepts."""

import re
import socket
import threading
import time
from contextlib import suppress

import pytest

from under_attack import Attack, connected, responses_to, write_script
from vitals import MB


def test_pipelined_requests(attack: Attack) -> None:
    """The answers must come in order, and the server must not hold them all."""
    count = 10_000
    for name in "ab":
        (attack.root / name).write_text(f"file {name}\n")
    requests = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n" * (count // 2)
    last = b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with attack.on("-p", "HTTP/1.1") as server, attack.watched(server), connected(server) as client:
        began = time.monotonic()
        sender = threading.Thread(target=client.sendall, args=(requests + last,))
        sender.start()
        received = bytearray()
        while more := client.recv(65536):
            received += more
        sender.join()
        assert received.count(b"HTTP/1.1 200 OK\r\n") == count + 1
        assert re.findall(rb"\r\n\r\nfile (.)\n", received) == [b"a", b"b"] * (count // 2) + [b"a"]
        attack.figure(f"time of {count:,} pipelined requests", time.monotonic() - began, "s", 60)


def test_one_octet_chunks(attack: Attack) -> None:
    count = 100_000
    write_script(attack.root, "count", "echo; exec wc -c")
    head = b"POST /cgi-bin/count HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with attack.on("-p", "HTTP/1.1") as server, attack.watched(server):
        began = time.monotonic()
        [response] = responses_to(server, head + b"1\r\nx\r\n" * count + b"0\r\n\r\n")
        assert (response.status, response.body.split()) == (200, [b"%d" % count])
        attack.figure(f"time of {count:,} chunks of an octet", time.monotonic() - began, "s", 60)


@pytest.mark.parametrize("field", [b"X: " + b"x" * 4090 + b"\r\n", b"x"], ids=["many lines", "one line"])
def test_a_head_of_one_gigabyte(attack: Attack, field: bytes) -> None:
    block = field * (1_048_576 // len(field))
    received = bytearray()

    def receive(client: socket.socket) -> None:
        with suppress(ConnectionError):
            while more := client.recv(65536):
                received.extend(more)

    with attack.on(peak=16) as server, attack.watched(server), connected(server) as client:
        began, sent = time.monotonic(), 0
        client.sendall(b"GET /hello.txt HTTP/1.0\r\n")
        receiver = threading.Thread(target=receive, args=(client,))
        receiver.start()
        with suppress(ConnectionError):
            while sent < 1 << 30:
                sent += client.send(block)
        receiver.join()
        attack.figure("sent before the server closed", sent / MB, "MB", 100)
        attack.figure("time until then", time.monotonic() - began, "s", 60)
    assert received.startswith(b"HTTP/1.0 431 ")
