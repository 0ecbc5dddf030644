"""The wall time since this command was started, which is before its first line of Python ran."""

import os
import time
from pathlib import Path

_LOADED = time.monotonic()


def since_start() -> float:
    """Returns the seconds since the process was started; where /proc does not tell, since this module was loaded."""
    try:
        words = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        started = int(words[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - _LOADED
