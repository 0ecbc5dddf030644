"""http/timeouts.py, http/exchange.py: the limits after which a server counts as late. The tests move the clock."""

import itertools
import socket
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from case_files import case, corpus
from cgi_conform.cases.answer import read_expectation
from cgi_conform.cases.case import Step
from cgi_conform.cases.load import load_cases
from cgi_conform.cases.matcher import Repeat
from cgi_conform.http import connection, timeouts
from cgi_conform.http import exchange as wire
from cgi_conform.http.connection import Connection
from cgi_conform.http.exchange import play
from cgi_conform.http.timeouts import CaseDeadline, Timeouts
from cgi_conform.judging.judge import CaseContext, judge
from cgi_conform.octets import Tokens
from cgi_conform.running.trial import waits
from scripted import read_until, scripted

TIMEOUT, CAP = 5.0, 60.0
TOKENS = Tokens(1, "/r", "/b")


class Clock:
    """Replaces the module `time`. Each call of monotonic() moves the clock by 10 ms."""

    def __init__(self) -> None:
        self.now, self.step = 1000.0, 0.01
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.forward(self.step)

    def forward(self, seconds: float) -> float:
        with self._lock:
            self.now += seconds
            return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in (wire, connection, timeouts):
        monkeypatch.setattr(module, "time", found)
    return found


class Dripping:
    """A server that sends single octets. The clock moves by `seconds` after the client has read each one."""

    def __init__(self, clock: Clock, octets: Iterable[bytes], seconds: float) -> None:
        self._clock, self._octets, self._seconds = clock, octets, seconds
        self._read = threading.Semaphore(0)
        self.sent = 0

    def talk(self, client: socket.socket) -> None:
        read_until(client, b"\n")
        for octet in self._octets:
            client.sendall(octet)
            self.sent += 1
            self._read.acquire(timeout=20)
            self._clock.forward(self._seconds)

    def looked(self, name: str, received: bytearray, sent: bytes) -> bool:
        """The client calls this after each octet that it has read, to know if the answer is complete."""
        self._read.release()
        return False

    def play(self) -> Connection:
        """Returns the connection of a client that reads from this server."""
        with scripted(self.talk) as address:
            cap = CaseDeadline(CAP, self._clock.now + CAP)
            exchange = play([Step(send=b"\n")], address, TOKENS, timeout=TIMEOUT, settled=self.looked, deadline=cap)
            self._read.release()
        return exchange.connections["main"]


def test_a_slow_server_that_keeps_sending_is_not_late(clock: Clock) -> None:
    begun = clock.now
    found = Dripping(clock, [b"%d" % number for number in range(10)], 3.0).play()
    assert (found.received, found.end, found.gave_up) == (b"0123456789", "closed", "")
    assert clock.now - begun > 4 * TIMEOUT


def test_a_server_that_pauses_too_long_is_late(clock: Clock) -> None:
    def pauses(client: socket.socket) -> None:
        client.sendall(b"0")
        read_until(client, b"never")

    def looked(name: str, received: bytearray, sent: bytes) -> bool:
        clock.forward(TIMEOUT)
        return False

    with scripted(pauses) as address:
        found = play([Step(send=b"x")], address, TOKENS, timeout=TIMEOUT, settled=looked).connections["main"]
    assert (found.received, found.end, found.gave_up) == (b"0", "open", "no more within 5 s (--timeout)")


def test_a_server_that_sends_without_end_is_stopped_by_case_timeout(clock: Clock) -> None:
    server = Dripping(clock, itertools.repeat(b"x"), 1.0)
    found = server.play()
    assert (found.end, found.gave_up) == ("open", "no end within 60 s (--case-timeout)")
    assert 20 < server.sent < 70


def test_awaited_octets_may_come_slowly(clock: Clock) -> None:
    octets = [b"%d" % number for number in range(10)]

    def talk(client: socket.socket) -> None:
        for octet in octets:
            read_until(client, b"\n")
            clock.forward(3.0)
            client.sendall(octet)

    steps = [step for octet in octets for step in (Step(send=b"\n"), Step(await_bytes=octet))]
    with scripted(talk) as address:
        assert play(steps, address, TOKENS, timeout=TIMEOUT).failed_steps == []


@pytest.mark.parametrize(("came", "told"), [(b"x", "nothing"), (b"xother", "other: no more")])
def test_awaited_octets_that_never_come_name_the_limit(clock: Clock, came: bytes, told: str) -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(came)
        read_until(client, b"!")
        clock.step = 1.0
        read_until(client, b"never")

    expectation = read_expectation({"level": "required"}, ("main",))
    with scripted(talk) as address:
        steps = [Step(await_bytes=b"x"), Step(send=b"!"), Step(await_bytes=b"more")]
        exchange = play(steps, address, TOKENS, timeout=TIMEOUT)
    [found] = judge(expectation, exchange, CaseContext(TOKENS, lambda name: b"")).mismatches
    assert (found.what, found.got) == ("await", f"{told} within 5 s (--timeout)")


@pytest.mark.parametrize(
    ("limit", "what", "told"),
    [
        (None, "nothing", "nothing within 5 s (--timeout)"),
        (2.0, "no more", "no more within 5 s (--timeout)"),
        (12.0, "no more", "no more within 12 s (the limit of the case)"),
    ],
)
def test_a_limit_is_told_by_its_name(limit: float | None, what: str, told: str) -> None:
    assert Timeouts(TIMEOUT, limit, CaseDeadline()).told(what) == told


def test_a_mismatch_names_the_limit_that_ended_the_wait(clock: Clock) -> None:
    expectation = read_expectation({"level": "required", "status": 200, "closes": True}, ("main",))
    around = CaseContext(TOKENS, lambda name: b"")

    def talk(client: socket.socket) -> None:
        client.sendall(octets)
        clock.step = 0.01 if octets else 1.0
        read_until(client, b"never")

    def looked(name: str, received: bytearray, sent: bytes) -> bool:
        clock.forward(TIMEOUT)
        return False

    def got() -> dict[str, str]:
        with scripted(talk) as address:
            exchange = play([Step(send=b"x")], address, TOKENS, timeout=TIMEOUT, settled=looked)
        return {one.what: one.got for one in judge(expectation, exchange, around).mismatches}

    octets, limit = b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n", "no more within 5 s (--timeout)"
    assert got() == {"end": f"{limit}, lacking 9 of the 9 octets that Content-Length promises", "closes": f"open: {limit}"}
    octets = b""
    assert got() == {"status": "silent: nothing within 5 s (--timeout)", "closes": "open: nothing within 5 s (--timeout)"}


def test_a_case_gets_more_time_for_what_takes_time_with_any_server(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"))
    [plain] = load_cases(tmp_path / "cases")
    slow = replace(plain, steps=[Step(pause=2.0, body=Repeat(b"ab", 500_000))], limit=3.0, times=2)
    assert (waits(plain), waits(slow)) == (0.0, 2 * (2.0 + 5.0 + 3.0))
