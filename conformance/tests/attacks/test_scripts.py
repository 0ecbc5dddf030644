"""Scripts that do their worst: each is ended in time, costs no other request its answer, and leaves nothing behind."""

import pwd
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from scripted import read_until
from test_cgi_server import IS_ROOT, Started
from under_attack import Attack, connected, seconds_until, timed, will_reset, write_script
from vitals import MB

EACH = 20  # scripts of each kind at a time
LIMIT = 2  # seconds: --script-timeout
HEAD = r"printf 'Content-Type: text/plain\n\nhere\n'"
STAYS = {
    "ignores-signals": f"trap '' TERM HUP INT QUIT; {HEAD}; while :; do sleep 1; done",
    "stops-itself": f"{HEAD}; kill -STOP $$",
    "closes-its-pipes": f"{HEAD}; exec <&- >&- 2>&-; while :; do sleep 1; done",
    "floods-the-log": f"{HEAD}; exec yes >&2",
    "has-children": f"{HEAD}; sleep 600 & sleep 600 | sleep 600",
}
# Scripts that end and leave a process. The server ends the group of a script only if it ends the script.
LEAVES = {
    "holds-the-pipes": f"{HEAD}; sleep 600 &",
    "forks-twice": f"{HEAD}; (setsid sleep 600 &)",
    "prints-for-ever": f"{HEAD}; setsid yes &",
}


def ask(server: Started, name: str) -> tuple[bytes, float]:
    return timed(server, f"GET /cgi-bin/{name} HTTP/1.0\r\n\r\n".encode())


def asked_at_once(server: Started, names: Sequence[str]) -> list[tuple[str, bytes, float]]:
    """Has a client for each name ask for that script. Returns the name, the octets and the time of each."""
    with ThreadPoolExecutor(len(names)) as pool:
        return [(name, *got) for name, got in zip(names, pool.map(lambda name: ask(server, name), names), strict=True)]


def slowest(answers: Iterable[tuple[str, bytes, float]]) -> float:
    return max(seconds for _, _, seconds in answers)


def write_scripts(attack: Attack, scripts: Mapping[str, str]) -> None:
    for name, text in scripts.items():
        write_script(attack.root, name, text)


@contextmanager
def all_running(server: Started) -> Iterator[list[socket.socket]]:
    """Yields clients, each with a script that stays and that has printed its first line."""
    with ExitStack() as all_open:
        clients = []
        for name in [*STAYS] * EACH:
            client = all_open.enter_context(connected(server))
            client.sendall(f"GET /cgi-bin/{name} HTTP/1.0\r\n\r\n".encode())
            assert read_until(client, b"here\n").endswith(b"here\n"), name
            clients.append(client)
        yield clients


def seconds_until_none_runs(attack: Attack) -> float:
    return seconds_until(lambda: not attack.processes(), 10)


def test_the_time_limit_ends_scripts_that_stay(attack: Attack) -> None:
    write_scripts(attack, STAYS)
    with attack.on("--script-timeout", LIMIT) as server:
        with attack.watched(server):
            answers = asked_at_once(server, [*STAYS] * EACH)
        assert [name for name, received, _ in answers if not received.endswith(b"\n\nhere\n")] == []
        attack.figure(f"time of the longest of {len(answers)} at once", slowest(answers), "s", LIMIT + 8)
    attack.figure("log", attack.log.stat().st_size / MB, "MB", EACH * LIMIT * 100 * 4096 / MB)


def test_a_client_that_leaves_ends_scripts_that_stay(attack: Attack) -> None:
    write_scripts(attack, STAYS)
    with attack.on() as server, attack.watched(server):
        with all_running(server) as clients:
            attack.figure("processes of scripts", len(attack.processes()), "")
            for client in clients:
                will_reset(client)
        attack.figure("time until none is left", seconds_until_none_runs(attack), "s", 5)


def test_the_end_of_the_server_ends_scripts_that_stay(attack: Attack) -> None:
    write_scripts(attack, STAYS)
    with attack.running() as server, all_running(server):
        began = time.monotonic()
        assert server.end()[0] == 0
        attack.figure("time to the end of the server", time.monotonic() - began, "s", 10)
        attack.figure("time until no script is left, after that", seconds_until_none_runs(attack), "s", 5)


def test_a_process_that_a_script_leaves_holds_nothing(attack: Attack) -> None:
    """Each round takes all places of scripts. The other client may come when none is free."""
    write_scripts(attack, LEAVES)
    names = [*LEAVES] * EACH
    with attack.on("--max-scripts", len(names) + 2, leaves=True) as server:
        with attack.watched(server, also=[503]):
            rounds = [asked_at_once(server, names) for _ in range(3)]
        answers = [answer for each in rounds for answer in each]
        assert [name for name, received, _ in answers if b"\n\nhere\n" not in received] == []
        attack.figure(f"time of the longest of {len(names)} at once", slowest(answers), "s", 10)
        attack.figure("processes that live on", len(attack.processes()), "")


def quiet_user() -> str:
    """Returns a user who has no process, so that a script that runs as this user reaches no other process."""
    if not IS_ROOT:
        pytest.skip("needs root: the script would reach every process of the user who runs the tests")
    busy = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            busy.add(process.stat().st_uid)
    users = [user.pw_name for user in pwd.getpwall() if 0 < user.pw_uid < 1000 and user.pw_uid not in busy]
    if not users:
        pytest.skip("this machine has no system user without a process")
    return users[-1]


@pytest.mark.xdist_group("quiet user")
@pytest.mark.parametrize("number", ["STOP", "KILL"])
def test_a_script_signals_everything_it_can(attack: Attack, number: str) -> None:
    """It reaches the other scripts of its user, also between their start and their first instruction."""
    write_script(attack.root, "hostile", f"{HEAD}; while :; do kill -s {number} -- -1; done 2>/dev/null")
    write_script(attack.root, "victim", f"{HEAD}; sleep 0.1; echo end")
    with attack.on("--script-timeout", LIMIT, "--user", quiet_user()) as server:
        with attack.watched(server, targets=["/hello.txt"]):
            answers = asked_at_once(server, ["hostile", "victim", "victim", "victim"] * (EACH // 4))
        statuses = [received.split(b" ", 2)[1].decode() for _, received, _ in answers]
        assert set(statuses) <= {"200", "503", "504"}
        for status in sorted(set(statuses)):
            attack.figure(f"answers {status}, of {EACH}", statuses.count(status), "")
        attack.figure("time of the longest", slowest(answers), "s", LIMIT + 8)


@pytest.mark.xdist_group("quiet user")
def test_a_fork_bomb_under_a_limit(attack: Attack) -> None:
    """The limit counts all processes of a user, so the other scripts may lack one meanwhile."""
    write_script(attack.root, "bomb", f"{HEAD}; exec perl -e 'fork while 1'")
    most = 100
    limits = ("--script-timeout", LIMIT, "--script-limit", f"processes={most},cpu=5", "--user", quiet_user())
    with attack.on(*limits) as server:
        with attack.watched(server, also=[503]), ThreadPoolExecutor(1) as pool:
            answer = pool.submit(ask, server, "bomb")
            peak = 0
            while not answer.done():
                peak = max(peak, len(attack.processes()))
            attack.figure("processes at a time", peak, "", most + 1)
            received, seconds = answer.result()
            assert received.endswith(b"\n\nhere\n")
            attack.figure("time of the bomb", seconds, "s", LIMIT + 8)
            attack.figure("time until none is left", seconds_until_none_runs(attack), "s", 5)
