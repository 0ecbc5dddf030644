"""Waits for the process of a script: until the server holds it back, or until it has ended.

The script must have printed its process id as `pid=N` on the connection.
"""

import re
import time
from collections.abc import Collection

from cgi_conform import processes
from cgi_conform.http.connection import Connection, FailedStep, pump
from cgi_conform.http.timeouts import CaseDeadline

_BLOCKED = 0.2  # seconds: a script that has written nothing for this time counts as blocked by the server
_TICKS = {"wait-blocked": 0.02, "wait-gone": 0.01}  # seconds between two looks at the process


def wait_blocked(
    connection: Connection, others: Collection[Connection], seconds: float, deadline: CaseDeadline
) -> FailedStep | None:
    """Waits until the script of the connection is blocked or has ended. Reads only the other connections.

    Returns the failed step if the script still writes after so many seconds.
    """
    pid = _process_id(connection)
    if not pid:
        return _no_process_id("wait-blocked", connection)
    wrote, since = processes.written(pid), time.monotonic()

    def blocked() -> bool:
        nonlocal wrote, since
        now = processes.written(pid)
        if now != wrote:
            wrote, since = now, time.monotonic()
        return not processes.activity(pid) or (now is not None and time.monotonic() >= since + _BLOCKED)

    pump(others, deadline.after(seconds), blocked, _TICKS["wait-blocked"])
    if blocked():
        return None
    expected = f"the script is held back, or ends, within {seconds:g} s"
    return FailedStep("wait-blocked", expected.encode(), b"it writes on")


def wait_gone(
    connection: Connection, connections: Collection[Connection], seconds: float, deadline: CaseDeadline
) -> FailedStep | None:
    """Waits until the script of the connection has ended; returns the failed step if it has not."""
    pid = _process_id(connection)
    if not pid:
        return _no_process_id("wait-gone", connection)
    pump(connections, deadline.after(seconds), lambda: not processes.activity(pid), _TICKS["wait-gone"])
    state = processes.activity(pid)
    if not state:
        return None
    return FailedStep("wait-gone", f"the script's process ends within {seconds:g} s".encode(), state.encode())


def _process_id(connection: Connection) -> int:
    """Returns the process id that the script has printed, or 0."""
    found = re.search(rb"\bpid=(\d{1,9})\b", connection.received)
    return int(found[1]) if found else 0


def _no_process_id(what: str, connection: Connection) -> FailedStep:
    return FailedStep(what, b"pid=N in what came in", bytes(connection.received))
