"""A started server: its log, whether it has died, and how the suite ends it with all its processes."""

import contextlib
import os
import signal
import socket
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
_MOST_OF_LOG = 1 << 24  # octets: a server may print for ever
_FOREGROUND = "it must stay in the foreground (for example nginx -g 'daemon off;')"


class Process(Protocol):
    """A started process: the members of subprocess.Popen that the suite uses."""

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
    start_again: Callable[[Path], Process] = field(repr=False)  # starts the same command, with its output appended to a log
    reservation: socket.socket | None = field(repr=False)  # of its port, if the suite chose it
    last_case: str = ""
    death_told: bool = False  # a message has reported its death

    def log_size(self) -> int:
        """Returns the size of the log in octets."""
        return self.log.stat().st_size

    def log_since(self, size: int) -> bytes:
        """Returns the first 16 MiB of what the server has printed since its log had that size."""
        with self.log.open("rb") as file:
            file.seek(size)
            return file.read(_MOST_OF_LOG)

    def log_end(self) -> bytes:
        """Returns the last 16 KiB of what the server has printed."""
        return self.log_since(max(0, self.log_size() - (1 << 14)))

    def died(self, *, within: float = 0.0) -> str | None:
        """Returns how the server ended and the last lines of its log; None if it still runs.

        A dying process closes its sockets before its exit status is known. If the server accepts no connections, this
        function waits up to `within` seconds for the exit status.
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
        return f"{ending(status, background=self.is_in_background())}{last_lines(self.log_end())}"

    def is_in_background(self) -> bool:
        """Returns whether the server has daemonised: its process exited with 0, and another listens on its port."""
        return self.process.poll() == 0 and accepts(self.port)

    def ends(self, within: float) -> bool:
        """Waits up to `within` seconds, and returns whether the server has ended."""
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def signal(self, name: str) -> None:
        """Sends a signal to the server, but not to the processes that it started."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.Signals[f"SIG{name}"])

    def stop(self) -> None:
        """Ends the process group by SIGTERM and SIGKILL, and a daemon that has left the group."""
        _end_group(self.process)
        orphans.end_listener(self.port)
        self.scratch.cleanup()
        if self.reservation:
            self.reservation.close()
        running.pop(id(self), None)


# Every server that this process has started and not stopped. A module variable, because a signal handler ends the
# servers (end_at_once): it has no other way to find them.
running: dict[int, Instance] = {}


def end_at_once() -> None:
    """Ends this process, its workers and all its servers at once, and removes its files."""
    try:
        _kill_all()
        remove_all()
    finally:
        os._exit(INTERRUPTED)


def _kill_all() -> None:
    for instance in list(running.values()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(instance.process.pid, signal.SIGKILL)
        instance.scratch.cleanup()
    orphans.end_all(0.0)


def _end_group(process: Process) -> None:
    for sign, patience in ((signal.SIGTERM, _STOP_WITHIN), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, sign)
        except (ProcessLookupError, PermissionError):
            pass  # the group has ended, or only processes of another user are left
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    # The group gets SIGKILL even if the server has ended on SIGTERM, because its scripts may still run.


def ending(status: int, *, background: bool) -> str:
    """Returns in words how a process ended. `background` says that it may have left a daemon."""
    if status >= 0:
        return f"it exited with status {status}{f': {_FOREGROUND}' if background and status == 0 else ''}"
    known = [number.name for number in signal.Signals if number == -status]
    return f"it was ended by {known[0] if known else f'signal {-status}'}"


def last_lines(log: bytes, count: int = 5) -> str:
    """Returns the last lines of a log, each indented on a new line, for a message."""
    lines = [line for line in log.splitlines() if line.strip()][-count:]
    return "".join(f"\n    {printable(line)}" for line in lines)
