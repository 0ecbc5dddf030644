"""A server under attack: warm before it, watched by another client meanwhile, and as healthy afterwards."""

import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from cgi_conform.http.response import Response, parse
from figures import Figure
from meanwhile import meanwhile
from scripted import read_until
from test_cgi_server import LONG, PROGRAM, Started, started
from vitals import MB, PATIENCE, Vitals, forget_peak, most_memory, peak_of, recovered, rested, vitals_of

COUNT = "printf 'Content-Type: text/plain\\n\\n'; exec wc -c"  # a script that counts the octets of its body
SOUND = {"/hello.txt": (200, b"hello static\n"), "/cgi-bin/sound?7": (200, b"sound 7\n")}
MOST_WAIT = 10.0  # seconds that another client may wait during an attack, also on a loaded machine
MOST_PEAK = 64.0  # MB of memory during an attack, more than before
_LOOPS = 2
_THREADS = 3 + _LOOPS  # at rest: for the start, signals, the log, and the loops
_WARM_CLIENTS, _WARM_REQUESTS, _WARM_QUIET = 64, 200, 500
_MARK = "CGI_ATTACK"
_PAUSE = 0.02  # seconds between two requests of the other client, and between two looks: they must not be a load


def write_script(root: Path, name: str, text: str, interpreter: str = "/bin/sh") -> Path:
    """Writes a script, and returns its path."""
    path = root / "cgi-bin" / name
    path.write_text(f"#!{interpreter}\n{text}\n")
    path.chmod(0o755)
    return path


def connected(server: Started) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), LONG)


def will_reset(client: socket.socket) -> None:
    """Has close() reset the connection."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def timed(server: Started, request: bytes) -> tuple[bytes, float]:
    """Returns what a client receives up to the end of the connection, and how many seconds that takes."""
    began, received = time.monotonic(), b""
    with connected(server) as client, suppress(ConnectionError):
        client.sendall(request)
        received = read_until(client, b"never")
    return received, time.monotonic() - began


def seconds_until(is_so: Callable[[], bool], limit: float) -> float:
    """Waits for a state that no event reports. Returns how long that took; at least the limit if it does not come."""
    began = time.monotonic()
    while not is_so() and time.monotonic() < began + limit:
        time.sleep(_PAUSE)
    return time.monotonic() - began


def responses_to(server: Started, request: bytes) -> tuple[Response, ...]:
    """Sends a request after which the server closes the connection. Returns the responses; none if the server fails."""
    return parse(timed(server, request)[0], ended=True).responses


def get(server: Started, target: str) -> tuple[int, bytes]:
    """Returns the status and the content; 0 if there is no whole response."""
    responses = responses_to(server, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    if len(responses) != 1 or not responses[0].complete:
        return 0, b""
    return responses[0].status, responses[0].body


def upload(octets: int) -> bytes:
    """Returns a request with a body of this size for the script "count". A chunked body must be stored."""
    head = b"POST /cgi-bin/count HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n" % octets + b"x" * octets + b"\r\n0\r\n\r\n"


def await_line(server: Started, log: Path) -> None:
    """Sends requests until the log has the line of one. The log is late by milliseconds."""
    until = time.monotonic() + LONG
    while "/again" not in log.read_text():
        assert time.monotonic() < until, f"{log} has no line of a request for /again"
        get(server, "/again")


def at_rest(pid: int) -> Vitals:
    """Returns the state of a new server, with the threads that it has once it is ready."""
    return replace(vitals_of(pid), threads=_THREADS)


@dataclass
class Attack:
    """An attack on a server for `root`, and its figures so far. The server logs to the file `log`."""

    name: str
    root: Path
    log: Path
    figures: list[Figure] = field(default_factory=list)
    server: int = 0  # the process

    def figure(self, name: str, value: float, unit: str, bound: float | None = None) -> None:
        """Notes a figure. Fails if it is above its bound."""
        self.figures.append(Figure(self.name, name, value, unit, bound))
        assert bound is None or value <= bound, f"{name}: {value} {unit}, and may be {bound}"

    def processes(self) -> list[int]:
        """Returns the scripts that run, and what they have left: a variable of their environment names the root."""
        found = []
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            with suppress(OSError):  # it has ended
                variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                if f"{_MARK}={self.root}".encode() in variables and pid != self.server:
                    found.append(pid)
        return found

    @contextmanager
    def on(
        self,
        *words: object,
        program: Sequence[object] = (PROGRAM,),
        sound: Mapping[str, tuple[int, bytes]] = SOUND,
        peak: float = MOST_PEAK,
        crowd: int = _WARM_CLIENTS,
        warm: Callable[[Started], object] = lambda _: None,
        leaves: bool = False,
    ) -> Iterator[Started]:
        """Runs a server, warms it up, yields it to the attack, and checks its health afterwards.

        `sound` has the answers that the server must give after the attack. During the attack its memory must not
        grow by more than `peak` MB. A crowd of `crowd` clients and `warm` warm it up. With `leaves`, processes that a
        script leaves may live longer than the server.
        """
        write_script(self.root, "sound", 'printf "Content-Type: text/plain\\n\\nsound $QUERY_STRING\\n"')
        with self.running(*words, program=program, leaves=leaves) as server:
            yield from self._healthy_afterwards(server, sound, peak, crowd, warm)

    @contextmanager
    def running(
        self, *words: object, program: Sequence[object] = (PROGRAM,), leaves: bool = False
    ) -> Iterator[Started]:
        """Runs a server that logs to `log`. The test fails if a process of a script is left after its end."""
        # With an arena for each thread, malloc would keep up to 128 KiB of freed memory in each.
        marked = ["env", f"{_MARK}={self.root}", "MALLOC_ARENA_MAX=1", *program]
        try:
            fixed = ("--loops", _LOOPS, "--log-file", self.log, "--pass-env", _MARK)
            with started(self.root, *fixed, *words, program=marked) as server:
                self.server = server.process.pid
                yield server
            assert leaves or self.processes() == []
        finally:
            kill_all(self.processes())

    def _healthy_afterwards(
        self,
        server: Started,
        sound: Mapping[str, tuple[int, bytes]],
        peak: float,
        crowd: int,
        warm: Callable[[Started], object],
    ) -> Iterator[Started]:
        pid = server.process.pid
        fresh = at_rest(pid)
        _warm_up(server, crowd)
        warm(server)
        before = rested(pid, fresh)
        forget_peak(pid)
        resident = peak_of(pid)
        yield server
        self.figure("peak of memory above the start", (peak_of(pid) - resident) / MB, "MB", peak)
        for target, right in sound.items():
            assert get(server, target) == right, f"{target} after the attack"
        after, seconds = recovered(pid, before)
        most = most_memory(before.memory)
        faults = after.faults_after(before, most)
        assert faults == []
        self.figure("memory afterwards", after.memory / MB, "MB", most / MB)
        self.figure("time until descriptors, threads and memory are as before, without a child", seconds, "s", PATIENCE)
        assert server.end()[0] == 0

    @contextmanager
    def watched(
        self, server: Started, targets: Collection[str] = tuple(SOUND), also: Collection[int] = ()
    ) -> Iterator[None]:
        """Has another client send requests meanwhile. Each gets its right answer, or a status of `also`, in time."""
        with meanwhile(lambda over: _watch(server, over, targets, also)) as watching:
            yield
        count, slowest = watching.result()
        self.figure("requests of another client meanwhile", count, "")
        self.figure("longest wait of the other client", slowest, "s", MOST_WAIT)


def _watch(
    server: Started, over: threading.Event, targets: Collection[str], also: Collection[int]
) -> tuple[int, float]:
    count, slowest = 0, 0.0
    while not over.is_set():
        for target in targets:
            began = time.monotonic()
            got = get(server, target)
            slowest = max(slowest, time.monotonic() - began)
            assert got == SOUND[target] or got[0] in also, f"{target} got {got} during the attack"
            count += 1
        over.wait(_PAUSE)
    return count, slowest


def _warm_up(server: Started, crowd: int) -> None:
    """Sends requests and holds connections, until malloc has the memory that it keeps for a crowd."""

    def send(_: int) -> None:
        posted = b"POST /cgi-bin/sound?7 HTTP/1.0\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000
        for request in (posted, b"GET /hello.txt HTTP/1.0\r\n\r\n"):
            responses_to(server, request)

    with ThreadPoolExecutor(crowd) as pool:
        list(pool.map(send, range(crowd + _WARM_REQUESTS)))
    with ExitStack() as held:
        for _ in range(_WARM_QUIET):
            held.enter_context(connected(server)).sendall(b"GET /hello.txt HTTP/1.0\r\n")


def kill_all(processes: Collection[int]) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
