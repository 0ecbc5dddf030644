"""servers/once_more.py: starting a server again on its port, or a second server on the same port."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cgi_conform import processes
from cgi_conform.cases.docroot import Docroot
from cgi_conform.servers import once_more
from cgi_conform.servers.definition import ServerDefinition
from cgi_conform.servers.instance import Instance
from cgi_conform.servers.launch import start
from cgi_conform.servers.once_more import start_once_more
from cgi_conform.servers.ports import accepts

SERVER = """
import os, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
listener = socket.socket()
{before}
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print("here", os.getpid(), flush=True)
while True:
    listener.accept()[0].close()
"""
REUSE = "listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)"
SHARE = f"{REUSE}; listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)"
ONCE = f"{REUSE}\nif os.path.exists('begun'): sys.exit('begun already')\nopen('begun', 'w').close()"
TWICE = f"{REUSE}\nif listener.connect_ex(('127.0.0.1', int(sys.argv[1]))) == 0: sys.exit(0)\nlistener = socket.socket(); {REUSE}"
DEAF = f"{REUSE}; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@contextmanager
def running(tmp_path: Path, before: str) -> Iterator[Instance]:
    script = tmp_path / "server.py"
    script.write_text(SERVER.format(before=before))
    (tmp_path / "base" / "root").mkdir(parents=True)
    command = ("{program}", str(script), "{port}")
    server = ServerDefinition(name="mine", title="x", program=Path(sys.executable), sought="python3", command=command)
    instance = start(server, Docroot(tmp_path / "base"))
    try:
        yield instance
    finally:
        instance.stop()


def test_start_again_uses_the_same_port(tmp_path: Path) -> None:
    with running(tmp_path, REUSE) as instance:
        port, pid = instance.port, instance.process.pid
        assert start_once_more(instance, "again") == ""
        assert accepts(port) and instance.process.pid != pid and instance.died() is None
        assert instance.log_since(0) == b"here %d\nhere %d\n" % (pid, instance.process.pid)


def test_a_server_that_does_not_start_again_is_reported_with_its_output(tmp_path: Path) -> None:
    with running(tmp_path, ONCE) as instance:
        assert start_once_more(instance, "again") == "it exited with status 1\n    begun already"


@pytest.mark.long
def test_a_server_that_does_not_end_is_not_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once_more, "ENDS_WITHIN", 0.05)
    with running(tmp_path, DEAF) as instance:
        assert start_once_more(instance, "again") == "it runs on"


def test_a_second_server_that_fails_on_the_port_is_as_expected(tmp_path: Path) -> None:
    with running(tmp_path, REUSE) as instance:
        process = instance.process
        assert start_once_more(instance, "second") == ""
        assert instance.process is process and accepts(instance.port)
        assert b"Address already in use" in instance.log_since(0)


def test_a_second_server_that_exits_with_0_is_reported(tmp_path: Path) -> None:
    with running(tmp_path, TWICE) as instance:
        assert start_once_more(instance, "second") == "it ended with status 0"


def test_a_second_server_that_shares_the_port_is_reported_and_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, SHARE) as instance:
        monkeypatch.setattr(once_more, "ENDS_WITHIN", 0.5)
        assert start_once_more(instance, "second") == "it runs on"
        second = int(instance.log_since(0).split()[-1])
    assert not processes.activity(second)


def test_a_server_that_the_suite_did_not_start_is_not_started_again() -> None:
    assert start_once_more(None, "again") == "cgi-conform has not started this server"
