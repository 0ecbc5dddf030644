"""Runs a command with a time limit and without the caller's environment, and ends all processes that it started."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cgi_conform.octets import printable

_LINES = 8


@dataclass(frozen=True)
class Command:
    words: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path


@dataclass(frozen=True)
class Done:
    """The exit status of a command (None: it exceeded its time) and its output."""

    status: int | None
    output: bytes
    seconds: float

    def ending(self) -> str:
        """Returns how the command ended, in words."""
        if self.status is None:
            return f"stopped after {self.seconds:g} s"
        if self.status < 0:
            return f"ended by {signal.Signals(-self.status).name}"
        return f"exit status {self.status}"

    def said(self, lines: int = _LINES) -> str:
        """Returns the last lines of the output."""
        kept = [printable(line) for line in self.output.splitlines() if line.strip()]
        return "\n".join(kept[-lines:])


def run(command: Command, seconds: float) -> Done:
    """Runs the command until it ends, or until the time is over."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command.words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=command.environment,
            cwd=command.directory,
            process_group=0,
        )
        status: int | None = None
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return Done(status, output.read(), seconds)
