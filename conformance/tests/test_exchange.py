"""http/exchange.py, http/connection.py: playing the steps of a case over real sockets."""

import os
import select
import socket
import struct
import subprocess
import threading

import pytest

from cgi_conform.cases.case import Step
from cgi_conform.cases.matcher import Repeat
from cgi_conform.http import connection as connection_module
from cgi_conform.http import exchange as exchange_module
from cgi_conform.http.exchange import Exchange, FailedStep, play
from cgi_conform.octets import Tokens
from scripted import read_until, scripted

TOKENS = Tokens(1, "/r", "/b")
LONG = 20.0  # a limit in seconds; a test that passes never waits so long
ANSWER = b"HTTP/1.0 200 OK\r\n\r\nbody"


def played(address: tuple[str, int], *steps: Step, limit: float | None = None, **more: object) -> Exchange:
    return play(steps, address, TOKENS, timeout=LONG, limit=limit, **more)  # type: ignore[arg-type]


def test_the_client_reads_the_answer_to_the_end_of_the_connection() -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(ANSWER if read_until(client, b"\r\n\r\n") == b"GET /r\r\n\r\n" else b"wrong")

    with scripted(talk) as address:
        connection = played(address, Step(send=b"GET {root}\r\n\r\n")).connections["main"]
    assert (connection.received, connection.end, connection.sent) == (ANSWER, "closed", b"GET /r\r\n\r\n")
    assert connection.waited is not None and not connection.ended_by_us


@pytest.mark.parametrize("steps", [[Step(send=b"x")], [Step(send=b"x"), Step(await_bytes=b"never")]])
def test_the_client_stops_reading_a_server_that_sends_for_ever(steps: list[Step], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "MOST_OCTETS", 1000)

    def talk(client: socket.socket) -> None:
        while True:
            client.sendall(b"y" * 4096)

    with scripted(talk) as address:
        connection = played(address, *steps).connections["main"]
    assert (connection.received, connection.end) == (b"y" * 1001, "open")
    assert connection.gave_up == "more than 1000 octets"


def test_a_connection_closed_without_an_octet_has_no_answer() -> None:
    with scripted(lambda client: None) as address:
        connection = played(address, Step(half_close=True)).connections["main"]
    assert (connection.received, connection.end, connection.waited) == (b"", "closed", None)


def test_a_reset_ends_the_connection_as_reset() -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.0")
        read_until(client, b"!")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with scripted(talk) as address:
        connection = played(address, Step(await_bytes=b"HTTP/1.0", send=b"!")).connections["main"]
    assert (connection.received, connection.end) == (b"HTTP/1.0", "reset")


def test_the_client_waits_for_an_answer_until_the_limit() -> None:
    def talk(client: socket.socket) -> None:
        read_until(client, b"never")

    with scripted(talk) as address:
        connection = played(address, Step(send=b"x"), limit=0.05).connections["main"]
    assert (connection.received, connection.end) == (b"", "open")
    assert connection.gave_up == "nothing within 0.05 s (the limit of the case)"


def test_the_client_waits_the_grace_time_for_octets_after_a_complete_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "GRACE", 0.0)  # the client must wait the time that it is given
    asked = threading.Event()

    def talk(client: socket.socket) -> None:
        client.sendall(b"whole" if client.recv(1) else b"nothing was sent")
        asked.wait(LONG)
        client.sendall(b" and more")

    def whole(name: str, got: bytes, sent: bytes) -> bool:
        asked.set()
        return got == b"whole"

    with scripted(talk) as address:
        connection = played(address, Step(send=b"x"), settled=whole, grace=LONG).connections["main"]
    assert (connection.received, connection.end) == (b"whole and more", "closed")


def test_a_complete_answer_on_an_open_connection_ends_the_exchange() -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(b"whole")
        read_until(client, b"never")

    with scripted(talk) as address:
        exchange = played(address, Step(send=b"x"), settled=lambda name, got, sent: got == b"whole" and sent == b"x")
    assert (exchange.connections["main"].received, exchange.connections["main"].end) == (b"whole", "open")


def test_the_client_reads_the_answer_while_it_sends_a_large_body() -> None:
    size = 30_000_000

    def talk(client: socket.socket) -> None:
        left = size - len(read_until(client, b"\r\n\r\n")) + 4
        client.sendall(b"y" * size)  # blocks if the client only writes and does not read
        while left and (got := client.recv(1 << 20)):
            left -= len(got)
        client.sendall(b"left %d" % left)

    with scripted(talk) as address:
        connection = played(address, Step(send=b"\r\n\r\n", body=Repeat(b"x", size))).connections["main"]
    assert len(connection.received) == size + len(b"left 0") and connection.received.endswith(b"left 0")


def test_the_client_stops_sending_if_the_server_answers_and_closes() -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(ANSWER)
        client.shutdown(socket.SHUT_WR)
        threading.Event().wait(0.01)

    with scripted(talk) as address:
        connection = played(address, Step(send=b"x", body=Repeat(b"x", 50_000_000))).connections["main"]
    assert connection.received == ANSWER and connection.end in ("closed", "reset")


@pytest.mark.parametrize("size", [0, 50_000_000])  # the whole body is sent, or most of it is not
def test_a_reset_is_noticed_during_and_after_sending(size: int) -> None:
    def talk(client: socket.socket) -> None:
        client.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with scripted(talk) as address:
        connection = played(address, Step(send=b"xx", body=Repeat(b"x", size))).connections["main"]
    assert connection.reset


def test_each_await_needs_octets_of_its_own() -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(b"one one")
        read_until(client, b"2")
        client.sendall(b"one")
        read_until(client, b"3")

    with scripted(talk) as address:
        exchange = played(
            address, Step(await_bytes=b"one"), Step(await_bytes=b"one", send=b"2"), Step(await_bytes=b"one", send=b"3")
        )
    assert exchange.failed_steps == [] and exchange.connections["main"].sent == b"23"


def test_awaited_octets_that_never_come_end_the_exchange_with_trouble() -> None:
    with scripted(lambda client: client.sendall(b"other")) as address:
        exchange = played(address, Step(await_bytes=b"ready"), Step(send=b"x"))
    assert exchange.failed_steps == [FailedStep("await", b"ready", b"other, then closed")]
    assert exchange.connections["main"].sent == b""


def test_each_connection_has_its_own_octets() -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(read_until(client, b"\n").upper())

    with scripted(talk, talk) as address:
        exchange = played(
            address,
            Step("a", send=b"one"),
            Step("b", send=b"two\n"),
            Step("b", await_bytes=b"TWO\n"),
            Step("a", send=b"\n"),
            judged=("a", "b"),
        )
    assert {name: bytes(one.received) for name, one in exchange.connections.items()} == {"a": b"ONE\n", "b": b"TWO\n"}


@pytest.mark.parametrize(("reset", "ending"), [(False, b""), (True, b"reset")])
def test_the_client_ends_a_connection(reset: bool, ending: bytes) -> None:
    seen: list[bytes] = []

    def talk(client: socket.socket) -> None:
        client.sendall(b"x")
        try:
            seen.append(client.recv(100))
        except ConnectionResetError:
            seen.append(b"reset")

    with scripted(talk) as address:
        exchange = played(address, Step(await_bytes=b"x", close=not reset, reset=reset))
    assert seen == [ending] and exchange.connections["main"].ended_by_us


def test_a_refused_connection_is_trouble() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        exchange = played(taken.getsockname(), Step(send=b"x"))
    assert exchange.refused and exchange.failed_steps == [FailedStep("connect", b"a connection", b"Connection refused")]


def test_wait_gone_waits_until_the_process_has_ended() -> None:
    process = subprocess.Popen(["sleep", "60"])

    def talk(client: socket.socket) -> None:
        client.sendall(b"pid=%d\n" % process.pid)
        read_until(client, b"!")
        process.kill()
        process.wait()

    with scripted(talk) as address:
        exchange = played(address, Step(await_bytes=b"\n", send=b"!"), Step(wait_gone=LONG))
    assert exchange.failed_steps == []


def test_a_process_that_does_not_end_in_time_is_trouble() -> None:
    with scripted(lambda client: client.sendall(b"pid=%d\n" % os.getpid())) as address:
        exchange = played(address, Step(await_bytes=b"\n", wait_gone=0.02))
    asked = b"the script's process ends within 0.02 s"
    assert exchange.failed_steps == [FailedStep("wait-gone", asked, b"it runs on")]


def test_wait_gone_without_a_process_id_is_trouble() -> None:
    with scripted(lambda client: client.sendall(b"x")) as address:
        exchange = played(address, Step(await_bytes=b"x", wait_gone=LONG))
    assert [trouble.what for trouble in exchange.failed_steps] == ["wait-gone"]


def test_wait_blocked_waits_until_the_script_is_blocked() -> None:
    process = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        with scripted(lambda client: client.sendall(b"pid=%d\n" % process.pid)) as address:
            exchange = played(address, Step(await_bytes=b"\n", wait_blocked=LONG))
    finally:
        process.stdout.close()
        process.kill()
        process.wait()
    assert exchange.failed_steps == []


def test_wait_blocked_ends_if_the_script_has_ended() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    with scripted(lambda client: client.sendall(b"pid=%d\n" % process.pid)) as address:
        assert played(address, Step(await_bytes=b"\n", wait_blocked=LONG)).failed_steps == []


def test_a_script_that_is_not_blocked_in_time_is_trouble() -> None:
    process = subprocess.Popen(["yes"], stdout=subprocess.DEVNULL)
    try:
        with scripted(lambda client: client.sendall(b"pid=%d\n" % process.pid)) as address:
            exchange = played(address, Step(await_bytes=b"\n", wait_blocked=0.02))
    finally:
        process.kill()
        process.wait()
    asked = b"the script is held back, or ends, within 0.02 s"
    assert exchange.failed_steps == [FailedStep("wait-blocked", asked, b"it writes on")]


def test_the_signal_is_sent_in_the_order_of_the_steps() -> None:
    sent: list[str] = []
    with scripted(lambda client: client.sendall(b"x")) as address:
        steps = Step(await_bytes=b"x"), Step(signal="TERM"), Step(send=b"y")
        exchange = played(address, *steps, signal=sent.append)
    assert sent == ["TERM"] and exchange.failed_steps == []


@pytest.mark.parametrize("delivery", ["whole", "bytes", "lines", "split"])
def test_every_delivery_sends_the_same_octets(delivery: str) -> None:
    request = b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n"

    def talk(client: socket.socket) -> None:
        client.sendall(read_until(client, b"abcabc"))

    with scripted(talk) as address:
        exchange = played(address, Step(send=request, body=Repeat(b"abc", 2)), delivery=delivery)
    assert exchange.connections["main"].received == request + b"abcabc"


def test_read_late_blocks_the_server_and_then_reads_everything() -> None:
    size, held_back = 4_000_000, threading.Event()

    def talk(client: socket.socket) -> None:
        read_until(client, b"!")
        client.setblocking(False)
        left = size
        while left:
            try:
                left -= client.send(b"y" * left)
            except BlockingIOError:
                held_back.set()
                select.select([], [client], [], LONG)

    with scripted(talk) as address:
        connection = played(address, Step(send=b"!", read_late=True)).connections["main"]
    assert held_back.is_set() and connection.received == b"y" * size and connection.end == "closed"


def test_read_late_reads_a_small_answer_after_the_server_stops_sending() -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(ANSWER if client.recv(1) else b"nothing was sent")

    with scripted(talk) as address:
        connection = played(address, Step(send=b"x", read_late=True)).connections["main"]
    assert (connection.received, connection.end) == (ANSWER, "closed")


def test_read_late_ends_at_once_if_the_server_has_closed() -> None:
    with scripted(lambda client: None) as address:
        connection = played(address, Step(read_late=True)).connections["main"]
    assert (connection.received, connection.end) == (b"", "closed")


def test_the_server_is_started_again_in_the_order_of_the_steps() -> None:
    asked: list[str] = []

    def start(how: str) -> str:
        asked.append(how)
        return "" if how == "again" else "it runs on"

    with scripted(lambda client: client.sendall(b"x"), lambda client: None) as address:
        steps = Step(await_bytes=b"x", start="again"), Step("next", start="second"), Step("next", send=b"y")
        exchange = played(address, *steps, start=start)
    assert asked == ["again", "second"] and exchange.connections["next"].sent == b""
    asked_for = b"a second one on its port ends, with another status than 0"
    assert exchange.failed_steps == [FailedStep("start", asked_for, b"it runs on")]
