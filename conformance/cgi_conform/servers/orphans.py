"""Ends orphans: processes that a server leaves behind outside its process group, as a daemon does.

The command asks Linux to become the parent of its orphaned descendants (a child subreaper). A daemon is then a child
of the command, and the command can find and end it. The command never ends three kinds of processes: those that are
not its children, children that it had at its start (a shell with `exec` leaves such children), and members of its own
process group. On a system without child subreapers, this module does nothing.
"""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable

from cgi_conform import processes
from cgi_conform.servers.ports import listening

_PR_SET_CHILD_SUBREAPER = 36
_WITHIN = 3.0  # seconds for each of SIGTERM and SIGKILL
_TICK = 0.01

# The children that the command had at its start. A module variable like processes.adopter: the request to Linux holds
# for the whole process.
_children_before: set[int] = set()


def adopt() -> None:
    """Makes this process the parent of its orphaned descendants."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (AttributeError, OSError):
        return
    if prctl(_PR_SET_CHILD_SUBREAPER, *map(ctypes.c_ulong, (1, 0, 0, 0))) == 0:
        processes.adopter = os.getpid()
        _children_before.update(_children())


def end_all(patience: float = _WITHIN) -> None:
    """Ends every child that is left, at the end of the command: by SIGTERM, and by SIGKILL after `patience` seconds."""
    if _adopts():
        _end(_left, patience)


def reap() -> None:
    """Reaps the children that have ended.

    Only for a process that starts no servers itself: it would lose their exit statuses.
    """
    if _adopts():
        _reap({pid for pid in _left() if processes.stat(pid)[:1] == [b"Z"]})


def end_listener(port: int) -> None:
    """Ends each orphan that listens on the port and has left the session of the command.

    A server that the command started leads a process group of the same session, so this does not end such a server.
    """
    if not _adopts():
        return
    session = os.getsid(0)

    def daemons() -> list[int]:
        sockets = set(listening(port))
        return [pid for pid in _left() if _session(pid) != session and _holds(pid, sockets)] if sockets else []

    _end(daemons, _WITHIN)


def _adopts() -> bool:
    """Returns whether this process adopts orphans. A fork of it has the same variables, but adopts none."""
    return processes.adopter == os.getpid()


def _end(left: Callable[[], list[int]], patience: float) -> None:
    """Ends the processes that `left` returns, until it returns none."""
    for sign, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, _WITHIN)):
        deadline = time.monotonic() + seconds
        told: set[int] = set()
        while pids := left():
            for pid in pids:
                if pid not in told:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, sign)
                told.add(pid)
            if time.monotonic() >= deadline:
                break
            time.sleep(_TICK)
            _reap(told)


def _reap(pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _children() -> dict[int, list[bytes]]:
    own = os.getpid()
    return {pid: words for pid, words in processes.everything() if int(words[1]) == own}


def _left() -> list[int]:
    """Returns the children that the command may end."""
    group = os.getpgrp()
    return [pid for pid, words in _children().items() if pid not in _children_before and int(words[2]) != group]


def _session(pid: int) -> int:
    words = processes.stat(pid)
    return int(words[3]) if words else os.getsid(0)


def _holds(pid: int, sockets: set[str]) -> bool:
    try:
        return bool(sockets & set(processes.open_files(pid)))
    except PermissionError:
        return False
