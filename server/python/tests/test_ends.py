"""The end of the process that started a server: the server and its scripts must end, too."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

import cgi_server
from cgi_server import server

HOLDER = """
import os, signal, sys, threading
import cgi_server
if "nohup" in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
started = []
thread = threading.Thread(target=lambda: started.append(cgi_server.serve(sys.argv[1], cgi_directories=["/scripts"])))
thread.start()
thread.join()
[server] = started
child = 0
if "fork" in sys.argv:
    closed, tell = os.pipe()
    child = os.fork()
    if child == 0:
        server.close()
        os.write(tell, b"!")
        signal.pause()
    os.read(closed, 1)
print(server.pid, server.url, child, flush=True)
sys.stdin.read()
"""
LASTING = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s\\n' $$\nexec sleep 1000\n"


class Holder:
    """A process of Python that has started a server."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stdout is not None
        pid, self.url, child = process.stdout.readline().split()
        self.server, self.child = int(pid), int(child)

    def script(self) -> int:
        """Starts a script that does not end. Returns its process."""
        with urlopen(f"{self.url}/scripts/lasting", timeout=20) as response:
            return int(response.readline())


@contextmanager
def holder(site: Path, *words: str) -> Iterator[Holder]:
    path = site / "scripts" / "lasting"
    path.write_text(LASTING)
    path.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(site), *words],
        env={**os.environ, "PYTHONPATH": str(Path(cgi_server.__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        held = Holder(process)
        try:
            yield held
        finally:
            process.kill()
            for pid in filter(None, (held.server, held.child)):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


@contextmanager
def watched(*pids: int) -> "Iterator[select.poll]":
    """Yields an object that is ready when one of the processes has ended. A number may not be used again meanwhile."""
    files = [os.pidfd_open(pid) for pid in pids]
    poll = select.poll()
    for file in files:
        poll.register(file, select.POLLIN)
    try:
        yield poll
    finally:
        for file in files:
            os.close(file)


def wait_for_end(poll: "select.poll", count: int) -> None:
    """Waits until `count` processes have ended."""
    for left in range(count, 0, -1):
        ended = poll.poll(20_000)
        assert ended, f"{left} processes live on"
        if len(ended) >= left:
            return
        for file, _ in ended:
            poll.unregister(file)
    raise AssertionError


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda each: each.name)
def test_the_server_and_its_script_end_with_the_process(site: Path, number: signal.Signals) -> None:
    with holder(site) as held, watched(held.server, held.script()) as poll:
        assert poll.poll(0) == []
        held.process.send_signal(number)
        wait_for_end(poll, 2)


@pytest.mark.parametrize("how", ["nohup", "fork"])
def test_neither_nohup_nor_a_child_keeps_the_server(site: Path, how: str) -> None:
    with holder(site, how) as held, watched(held.server) as poll:
        assert poll.poll(0) == []
        held.process.kill()
        wait_for_end(poll, 1)


def test_the_server_ends_if_the_process_forgets_it(site: Path) -> None:
    with holder(site) as held, watched(held.server) as poll:
        assert held.process.stdin is not None
        held.process.stdin.close()
        wait_for_end(poll, 1)
        assert held.process.wait() == 0


def test_ctrl_c_reaches_the_process_only(site: Path) -> None:
    """Ctrl-C sends SIGINT to a process group. The server must live until the process has ended it."""
    with holder(site) as held:
        assert os.getsid(held.server) == os.getpgid(held.server) == held.server


def test_the_shell_holds_its_terminal_from_the_start(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Otherwise the terminal of another server could get its name before the shell opens it.
    monkeypatch.setattr(server, "_IN_TERMINAL", "[ -t 0 ] || exit 7; " + server._IN_TERMINAL)
    with cgi_server.serve(site):
        pass


def test_the_log_may_be_read_while_another_thread_closes_the_server(site: Path) -> None:
    for _ in range(10):
        running = cgi_server.serve(site)
        closing = threading.Thread(target=running.close)
        closing.start()
        while closing.is_alive():
            assert isinstance(running.log, list)
        closing.join()
