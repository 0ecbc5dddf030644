"""Starts a server once more on its port: again, after it was told to end, or a second one, while it runs.

Another program may take the port between the end and the new start. Whether the port is free is tried before each
start, and once more after a start that failed: then the failure is the server's own.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time

from cgi_conform.servers.launch import LATE, START_TIMEOUT, Instance, last_lines, wait_until_ready
from cgi_conform.servers.ports import ADDRESS

ENDS_WITHIN = 10.0  # seconds: for a server that is told to end, and for a second one that must not run
_ATTEMPTS = 3
_TICK = 0.01


def start_once_more(instance: Instance | None, how: str, patience: float = START_TIMEOUT) -> str:
    """Starts it "again" or as a "second" one; returns what went otherwise than a case expects, or nothing.

    `patience` is the number of seconds that a server has until it accepts connections.
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
        if not _is_free(instance.port, ENDS_WITHIN):
            return "somebody still listens on its port"
        said = instance.log_size()
        instance.process = instance.start_again(instance.log)
        failure = wait_until_ready(instance, patience) or ""
        if not failure:
            return ""
        if failure == LATE:
            failure = f"it accepts no connection within {patience:g} s (--start-timeout)"
        failure += last_lines(instance.log_since(said))
        if _is_free(instance.port, 0.0):
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


def _is_free(port: int, patience: float) -> bool:
    """Returns whether a server that asks for SO_REUSEADDR could listen there, at the latest after that time."""
    deadline = time.monotonic() + patience
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                if time.monotonic() >= deadline:
                    return False
            else:
                return True
        time.sleep(_TICK)
