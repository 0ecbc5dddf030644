"""Ends the processes that a server leaves behind when it has left its process group, as a daemon does.

The command asks Linux to become the parent of its orphaned descendants. A daemon is then a child of the command, and
the command can find and end it. The command never ends a process that is not its child, a child that it had before
it began (a shell with `exec` leaves such children), or a member of its own process group. Where the system has no
such request, nothing is adopted and nothing is ended.
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

_before: set[int] = set()


def adopt() -> None:
    """Makes this process the parent of its orphaned descendants."""
    global _before
    try:
        prctl = ctypes.CDLL(None).prctl
    except (AttributeError, OSError):
        return
    if prctl(_PR_SET_CHILD_SUBREAPER, *map(ctypes.c_ulong, (1, 0, 0, 0))) == 0:
        processes.adopter, _before = os.getpid(), set(_children())


def end_all(patience: float = _WITHIN) -> None:
    """Ends every child that is left; with `patience` 0 at once. For the end of the command."""
    if _adopts():
        _end(_left, patience)


def reap() -> None:
    """Lets the ended children go. For a process that starts no server itself: their ends would be lost."""
    if _adopts():
        _reap({pid for pid in _left() if processes.stat(pid)[:1] == [b"Z"]})


def end_listener(port: int) -> None:
    """Ends each adopted process that listens on the port and has left the session of the command.

    A server that the command has started itself cannot be in another session: it leads a process group of this one.
    """
    if not _adopts():
        return
    session = os.getsid(0)

    def daemons() -> list[int]:
        sockets = set(listening(port))
        return [pid for pid in _left() if _session(pid) != session and _holds(pid, sockets)] if sockets else []

    _end(daemons, _WITHIN)


def _adopts() -> bool:
    """Returns whether this process adopts. A fork of it has the same variables and adopts nothing."""
    return processes.adopter == os.getpid()


def _end(left: Callable[[], list[int]], patience: float) -> None:
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
    """Returns the children that may be ended."""
    group = os.getpgrp()
    return [pid for pid, words in _children().items() if pid not in _before and int(words[2]) != group]


def _session(pid: int) -> int:
    words = processes.stat(pid)
    return int(words[3]) if words else os.getsid(0)


def _holds(pid: int, sockets: set[str]) -> bool:
    try:
        return bool(sockets & set(processes.open_files(pid)))
    except PermissionError:
        return False
