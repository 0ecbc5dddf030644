"""judging/side_effects.py, processes.py: noticing what a server leaves on its machine, one kind at a time."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgi_conform.cases.answer import Host
from cgi_conform.cases.docroot import Docroot
from cgi_conform.judging.side_effects import Watch
from cgi_conform.servers.definition import ServerDefinition
from cgi_conform.servers.instance import Instance
from cgi_conform.servers.launch import start
from scripted import read_until

LONG = 20.0  # a limit in seconds; a test that passes never waits so long
SHORT = 0.05
SERVER = """
import os, signal, socket, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: os._exit(0) if "left" not in kept or os.fork() else signal.pause())
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(*filter(lambda name: int(name) > 2, os.listdir("/proc/self/fd")), flush=True)
kept = {}
while True:
    client = listener.accept()[0]
    with client:
        said = client.recv(100).decode()
        exec(said)
        client.sendall(b"done")
"""
ZOMBIE = "kept[0] = subprocess.Popen(['true']); os.waitid(os.P_PID, kept[0].pid, os.WEXITED | os.WNOWAIT)"
CASES = [
    ("zombies", Host(zombies=0), ZOMBIE),
    ("scripts", Host(scripts=0), "kept[0] = subprocess.Popen(['sleep', '60'])"),
    ("descriptors", Host(descriptors=1), "kept[0] = os.dup(0), os.dup(0)"),
    ("memory", Host(memory=8 << 20), "bytearray(b'x') * (24 << 20)"),
    ("written", Host(written=()), "open('new', 'w').close()"),
    ("written", Host(written=()), "os.utime('old')"),
    ("written", Host(written=("root/new",)), "os.remove('old')"),
]


@pytest.fixture
def docroot(tmp_path: Path) -> Docroot:
    (tmp_path / "base" / "root").mkdir(parents=True)
    (tmp_path / "base" / "root" / "old").touch()
    return Docroot(tmp_path / "base")


def server(tmp_path: Path) -> ServerDefinition:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    command = ("{program}", str(script), "{port}")
    return ServerDefinition(name="mine", title="x", program=Path(sys.executable), sought="python3", command=command)


@pytest.fixture
def instance(tmp_path: Path, docroot: Docroot) -> Iterator[Instance]:
    started = start(server(tmp_path), docroot)
    yield started
    started.stop()


def watching(asked: Host, instance: Instance, docroot: Docroot) -> Watch:
    watch = Watch(asked, instance, docroot.base)
    watch.begin()
    return watch


def tell(instance: Instance, what: str) -> None:
    with socket.create_connection(("127.0.0.1", instance.port)) as client:
        client.sendall(what.encode())
        assert read_until(client, b"done") == b"done"


@pytest.mark.parametrize(("what", "asked", "doing"), CASES)
def test_each_side_effect_is_reported(
    what: str, asked: Host, doing: str, instance: Instance, docroot: Docroot
) -> None:
    watch = watching(asked, instance, docroot)
    tell(instance, "pass")
    assert watch.mismatches(LONG) == []
    tell(instance, doing)
    assert [found.what for found in watch.mismatches(SHORT)] == [f"host.{what}"]


def test_side_effects_from_before_the_case_are_not_counted(instance: Instance, docroot: Docroot) -> None:
    for _, _, doing in CASES[2:6]:
        tell(instance, doing)
    watch = watching(Host(descriptors=0, memory=8 << 20, written=(), zombies=0, scripts=0), instance, docroot)
    tell(instance, "pass")
    assert watch.mismatches(LONG) == []


def test_files_that_the_case_allows_may_be_written(instance: Instance, docroot: Docroot) -> None:
    watch = watching(Host(written=("root", "root/new")), instance, docroot)
    tell(instance, "open('new', 'w').close()")
    assert watch.mismatches(LONG) == []


def test_written_files_are_listed_in_order(instance: Instance, docroot: Docroot) -> None:
    watch = watching(Host(written=()), instance, docroot)
    tell(instance, "open('b', 'w').close(); os.rename('old', 'a')")
    [found] = watch.mismatches(LONG)
    assert (found.expected, found.got) == ("nothing", "root, root/a, root/b, root/old")


def test_a_process_that_ends_in_time_is_not_reported(instance: Instance, docroot: Docroot) -> None:
    watch = watching(Host(scripts=0, zombies=0), instance, docroot)
    tell(instance, "subprocess.Popen(['sleep', '0.1']); signal.signal(signal.SIGCHLD, signal.SIG_IGN)")
    assert watch.mismatches(LONG) == []


def test_a_server_that_still_runs_or_listens_is_reported(instance: Instance, docroot: Docroot) -> None:
    watch = watching(Host(ended=True, listening=False), instance, docroot)
    assert [found.got for found in watch.mismatches(SHORT)] == [
        f"{what} after {SHORT:g} s (--timeout)" for what in ("it runs on", "somebody listens")
    ]
    instance.signal("TERM")
    assert watch.mismatches(LONG) == []
    instance.signal("TERM")  # has no effect: the server has ended, and another process may have its number


def test_a_listener_that_outlives_its_server_is_reported(instance: Instance, docroot: Docroot) -> None:
    watch = watching(Host(ended=True, listening=False), instance, docroot)
    tell(instance, "kept['left'] = 1")
    instance.signal("TERM")
    assert instance.ends(LONG)
    assert [found.what for found in watch.mismatches(SHORT)] == ["host.listening"]


def test_another_server_on_the_same_port_is_not_counted(instance: Instance, docroot: Docroot) -> None:
    watch = watching(Host(listening=False), instance, docroot)
    instance.signal("TERM")
    assert instance.ends(LONG)
    with socket.create_server(("127.0.0.1", instance.port)):
        assert watch.mismatches(LONG) == []


def test_with_patience_0_only_immediate_checks_are_made(instance: Instance, docroot: Docroot) -> None:
    watch = watching(Host(ended=True, zombies=0, written=()), instance, docroot)
    tell(instance, "open('new', 'w').close()")
    assert [found.what for found in watch.mismatches(0)] == ["host.written"]


def test_a_server_may_be_started_with_an_open_descriptor(tmp_path: Path, docroot: Docroot) -> None:
    started = start(server(tmp_path), docroot, descriptor=77)
    try:
        assert b"77" in started.log_since(0).split()
        with pytest.raises(OSError):
            os.fstat(77)
    finally:
        started.stop()
