"""A server that has been started: its log, its death, and its end with all that it started."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cgi_conform.cases.docroot import remove_all
from cgi_conform.errors import INTERRUPTED
from cgi_conform.octets import printable
from cgi_conform.servers import orphans
from cgi_conform.servers.ports import accepts

_STOP_WITHIN = 3.0
_DYING = 0.05
_FOREGROUND = "it must stay in the foreground (for example nginx -g 'daemon off;')"


class Process(Protocol):
    """A started process: the part of subprocess.Popen that the suite uses."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


@dataclass
class Instance:
    """A running server."""

    name: str
    port: int
    process: Process
    log: Path
    scratch: tempfile.TemporaryDirectory[str] = field(repr=False)
    start_again: Callable[[Path], Process] = field(repr=False)  # the same command, with its output to that log
    last_case: str = ""
    death_told: bool = False  # its death has been told

    def log_size(self) -> int:
        return self.log.stat().st_size

    def log_since(self, size: int) -> bytes:
        """Returns what it has printed since its log had that size."""
        with self.log.open("rb") as file:
            file.seek(size)
            return file.read()

    def died(self, *, within: float = 0.0) -> str | None:
        """None while it runs, else how it ended and what it said last.

        A dying process closes its sockets before it can be waited for: `within` is how long to wait for that,
        if it does not accept connections any more.
        """
        status = self.process.poll()
        if within:
            try:
                status = self.process.wait(_DYING)
            except subprocess.TimeoutExpired:
                if not accepts(self.port):
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        status = self.process.wait(within)
        if status is None:
            return None
        return f"{ending(status, background=self.is_in_background())}{last_lines(self.log_since(0))}"

    def is_in_background(self) -> bool:
        """Returns whether it has daemonised: its process exited with status 0, and something listens on its port."""
        return self.process.poll() == 0 and accepts(self.port)

    def ends(self, within: float) -> bool:
        """Returns whether it ends, or has ended, in that time."""
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def signal(self, name: str) -> None:
        """Send the server, and nobody it started, a signal."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.Signals[f"SIG{name}"])

    def stop(self) -> None:
        """End the whole process group, gently first, and a daemon that has left it."""
        _end_group(self.process)
        orphans.end_listener(self.port)
        self.scratch.cleanup()
        alive.pop(id(self), None)


alive: dict[int, Instance] = {}  # every server that has been started and not been stopped


def end_at_once() -> None:
    """Ends this process, its workers and every server at once, also one that is being started, and removes its files."""
    try:
        _kill_all()
        remove_all()
    finally:
        os._exit(INTERRUPTED)


def _kill_all() -> None:
    for instance in list(alive.values()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(instance.process.pid, signal.SIGKILL)
        instance.scratch.cleanup()
    orphans.end_all(0.0)


def _end_group(process: Process) -> None:
    for sign, patience in ((signal.SIGTERM, _STOP_WITHIN), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, sign)
        except (ProcessLookupError, PermissionError):
            pass  # all gone, or only processes of another user are left
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    # SIGKILL has gone out in any case: scripts may outlive the server that started them


def ending(status: int, *, background: bool) -> str:
    """Returns how a process ended, in words; `background`: whether it may have left another one there."""
    if status >= 0:
        return f"it exited with status {status}{f': {_FOREGROUND}' if background and status == 0 else ''}"
    return f"it was ended by {signal.Signals(-status).name}"


def last_lines(log: bytes, count: int = 5) -> str:
    """Returns the end of what a server printed, for a message."""
    lines = [line for line in log.splitlines() if line.strip()][-count:]
    return "".join(f"\n    {printable(line)}" for line in lines)
