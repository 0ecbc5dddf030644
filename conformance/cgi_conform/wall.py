"""Measures the wall time of a command, including the time that Python took to start."""

import os
import time
from pathlib import Path

_LOADED = time.monotonic()


def since_start() -> float:
    """Returns the seconds since the process started. Without /proc, counts from the import of this module."""
    try:
        words = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        started = int(words[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - _LOADED
