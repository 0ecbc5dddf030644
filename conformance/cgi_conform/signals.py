"""Handles the signals that end a command: Ctrl-C, SIGTERM, and SIGHUP when the terminal or the connection is lost.

The first signal raises KeyboardInterrupt: the command ends its servers and removes its files. A second SIGINT or
SIGTERM ends everything at once. A second SIGHUP does nothing, because a lost terminal often sends two. If SIGHUP is
ignored at the start, for instance by `nohup`, it stays ignored.
"""

import ctypes
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], object]

_PR_SET_PDEATHSIG = 1
_PRCTL: Callable[..., int] | None = None
with suppress(AttributeError, OSError):
    _PRCTL = ctypes.CDLL(None).prctl


@contextmanager
def handled(handler: Handler) -> Iterator[None]:
    """Installs the handler for the signals, except for a SIGHUP that is ignored; restores the old handlers at the end.
    """
    numbers = [number for number in ENDING if number != signal.SIGHUP or not _ignored(number)]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)


class Interruption:
    """A signal handler: the first signal raises KeyboardInterrupt, a second one calls `at_once` to end the process."""

    def __init__(self, at_once: Callable[[], object]) -> None:
        self._at_once = at_once
        self._told = False
        self.may_interrupt = True

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            let_go_of_terminal()
        if not self._told:
            self._told = True
            if self.may_interrupt:
                raise KeyboardInterrupt
        elif number != signal.SIGHUP:
            self._at_once()


@contextmanager
def held_back() -> Iterator[None]:
    """Blocks the signals, for instance around a fork: a KeyboardInterrupt raised there would be lost."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with(parent: int, number: int) -> None:
    """Asks Linux to send signal `number` to this process when its parent ends, also if SIGKILL ends it.

    `parent` is the parent's process id. Other systems have no such request: the function does nothing there.
    """
    if _PRCTL is None:
        return
    _PRCTL(_PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def let_go_of_terminal() -> None:
    """Sends the output to /dev/null if its terminal is lost: an error in print() would stop the clean-up."""
    for descriptor in (1, 2):
        try:
            gone = stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor)
        except OSError:
            continue
        if gone:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


def _ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN
