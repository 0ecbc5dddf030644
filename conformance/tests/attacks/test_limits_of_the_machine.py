"""A machine at its limits: each answer is the right one or a 503, and the server serves again once there is room.

A limit of the server stands for that of the machine. test_cgi_server_limits.py has one request at a time without
descriptors. Here a crowd meets each limit.
"""

import os
import resource
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

from scripted import read_until
from test_cgi_server import Started
from test_cgi_server_crowds import is_ended
from under_attack import COUNT, SOUND, Attack, await_line, connected, get, responses_to, upload, write_script
from vitals import MB, status_of

CLIENTS = 50
QUIET = 2000  # clients
LARGE = b"large\n" * 20_000
TARGETS = {**SOUND, "/large": (200, LARGE), "/cgi-bin/print": (200, LARGE)}


@contextmanager
def limited(server: Started, number: int, limit: int) -> Iterator[None]:
    before = resource.prlimit(server.process.pid, number)
    resource.prlimit(server.process.pid, number, (limit, before[1]))
    yield
    resource.prlimit(server.process.pid, number, before)


def prepare(attack: Attack) -> None:
    (attack.root / "large").write_bytes(LARGE)
    write_script(attack.root, "print", f"printf 'Content-Type: text/plain\\n\\n'; exec cat {attack.root}/large")
    write_script(attack.root, "count", COUNT)


def statuses_of_a_crowd(server: Started) -> Counter[int]:
    """Has clients send requests at once. Returns how many got each status; 0 is a closed connection.

    Fails if an answer 200 has another content than without a limit. A response may be cut: its client sees that.
    """

    def ask(number: int) -> int:
        target = [*TARGETS][number % len(TARGETS)]
        got = get(server, target)
        assert got[0] != 200 or got == TARGETS[target], f"{target} got another content: {got[1][:80]!r}"
        return got[0]

    with ThreadPoolExecutor(CLIENTS) as pool:
        return Counter(pool.map(ask, range(CLIENTS * 10)))


def note(attack: Attack, state: str, statuses: Counter[int], allowed: set[int]) -> None:
    total = sum(statuses.values())
    for status, count in sorted(statuses.items()):
        attack.figure(f"answers {status or 'cut or none'}, of {total} {state}".strip(), count, "")
    assert set(statuses) <= allowed


def test_no_descriptors(attack: Attack) -> None:
    prepare(attack)
    with attack.on("--profile", "rfc3875") as server:
        pid = server.process.pid
        for more in (2, 5, 20):
            highest = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
            with limited(server, resource.RLIMIT_NOFILE, highest + 1 + more):
                note(attack, f"with {more} descriptors", statuses_of_a_crowd(server), {0, 200, 503})


def test_no_processes(attack: Attack) -> None:
    """The limit binds root when a script becomes a user who has a process. It binds another user for threads, too."""
    prepare(attack)
    write_script(attack.root, "wait", "printf 'Content-Type: text/plain\\n\\nhere\\n'; exec sleep 600")
    with attack.on("--profile", "rfc3875") as server, connected(server) as client:
        client.sendall(b"GET /cgi-bin/wait HTTP/1.0\r\n\r\n")
        assert read_until(client, b"here\n").endswith(b"here\n")
        with limited(server, resource.RLIMIT_NPROC, 0):
            statuses = statuses_of_a_crowd(server)
            assert get(server, "/hello.txt") == SOUND["/hello.txt"]
            assert get(server, "/cgi-bin/sound?7")[0] == 503
        note(attack, "", statuses, {200, 503})


def test_no_memory(attack: Attack) -> None:
    prepare(attack)
    with attack.on("--profile", "rfc3875") as server:
        for more in (0, 1, 4, 16):
            with limited(server, resource.RLIMIT_AS, status_of(server.process.pid, "VmSize") + more * MB):
                note(attack, f"with {more} MB", statuses_of_a_crowd(server), {0, 200, 503})


def test_no_memory_for_quiet_clients(attack: Attack) -> None:
    with attack.on("--max-connections", QUIET, warm=closed_for_lack_of_memory) as server:
        closed = closed_for_lack_of_memory(server)
        attack.figure(f"clients closed, of {QUIET}", closed, "")
        assert closed


def closed_for_lack_of_memory(server: Started) -> int:
    """Has clients send a part of a head without memory for it. Returns how many of them the server closes."""
    with ExitStack() as held, limited(server, resource.RLIMIT_AS, status_of(server.process.pid, "VmSize")):
        clients = [held.enter_context(connected(server)) for _ in range(QUIET)]
        for client in clients:
            with suppress(ConnectionError):
                client.sendall(b"GET /hello.txt HTTP/1.0\r\nX: " + b"x" * 3000)
        for target, right in SOUND.items():
            assert get(server, target)[0] in (0, right[0], 503)
        return sum(map(is_ended, clients))


def test_no_larger_files(attack: Attack) -> None:
    """The limit is on stored bodies and on the log."""
    prepare(attack)
    with attack.on("--profile", "rfc3875") as server:
        with limited(server, resource.RLIMIT_FSIZE, 100_000):
            with attack.watched(server), ThreadPoolExecutor(CLIENTS) as pool:
                answers = list(pool.map(lambda _: responses_to(server, upload(200_000)), range(10 * CLIENTS)))
            assert {response.status for responses in answers for response in responses} == {503}
            attack.figure("answers 503 to large uploads", len(answers), "")
        [response] = responses_to(server, upload(200_000))
        assert (response.status, response.body.split()) == (200, [b"200000"])
        await_line(server, attack.log)
