"""Starts a server once more on its port: "again" after it has ended, or a "second" one while the first one runs.

Another program may take the port between the end and the new start. So the suite checks that the port is free before
each start. After a failed start it checks again: if the port is still free, the failure is the server's own.
"""

import contextlib
import os
import signal
import subprocess
import time

from cgi_conform.servers.instance import Instance, last_lines
from cgi_conform.servers.definition import START_TIMEOUT
from cgi_conform.servers.launch import LATE, wait_until_ready
from cgi_conform.servers.ports import is_free

ENDS_WITHIN = 10.0  # seconds in which a server must end after SIGTERM, and a second server must end by itself
_ATTEMPTS = 3
_TICK = 0.01


def start_once_more(instance: Instance | None, how: str, patience: float = START_TIMEOUT) -> str:
    """Starts the server "again" or a "second" one. Returns what was not as a case expects, or "".

    A server must accept connections within `patience` seconds.
    """
    if instance is None:
        return "cgi-conform has not started this server"
    return _again(instance, patience) if how == "again" else _second(instance)


def _again(instance: Instance, patience: float) -> str:
    instance.signal("TERM")
    if not instance.ends(ENDS_WITHIN):
        return "it runs on"
    failure = ""
    for _ in range(_ATTEMPTS):
        if not _becomes_free(instance.port, ENDS_WITHIN):
            return "another process still listens on its port"
        said = instance.log_size()
        instance.process = instance.start_again(instance.log)
        failure = wait_until_ready(instance, patience) or ""
        if not failure:
            return ""
        if failure == LATE:
            failure = f"it accepts no connection within {patience:g} s (--start-timeout)"
        failure += last_lines(instance.log_since(said))
        if _becomes_free(instance.port, 0.0):
            break
    return failure


def _second(instance: Instance) -> str:
    second = instance.start_again(instance.log)
    try:
        status = second.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        return "it runs on"
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(second.pid, signal.SIGKILL)
        second.wait()
    return "" if status else "it ended with status 0"


def _becomes_free(port: int, patience: float) -> bool:
    """Waits up to `patience` seconds until a server can listen on the port, and returns whether it can."""
    deadline = time.monotonic() + patience
    while not is_free(port):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_TICK)
    return True
