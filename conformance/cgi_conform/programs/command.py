"""Runs a command with nothing of the caller's, bounded in time, and ends all that it started."""

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
    """How it ended (status None: not in time), and all that it printed."""

    status: int | None
    output: bytes
    seconds: float

    def ending(self) -> str:
        """Its end in words."""
        if self.status is None:
            return f"not done after {self.seconds:g} s"
        if self.status < 0:
            return f"ended by {signal.Signals(-self.status).name}"
        return f"exit status {self.status}"

    def said(self, lines: int = _LINES) -> str:
        """The end of what it printed."""
        kept = [printable(line) for line in self.output.splitlines() if line.strip()]
        return "\n".join(kept[-lines:])


def run(command: Command, seconds: float) -> Done:
    """Run to the end, or to the end of the time."""
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
