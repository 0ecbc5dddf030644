"""The process that `forked_server` forks servers from.

It imports the package of the server and little else, because a fork of a large process is slow. Then it reads requests
from a socket. It ends when the socket is closed, and the kernel kills its servers then.

A server gets the same surroundings as with `python3 -m PACKAGE`: process group, groups, directory, environment,
descriptors, signals. It imports the modules with other code again, and those that import them, from code that was
compiled before. It shares the other modules with the zygote, where no function of them has run.
"""

import gc
import importlib
import marshal
import os
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType
from typing import NoReturn

from cgi_conform.data.faulty import faults
from cgi_conform.signals import end_with


@dataclass(frozen=True)
class Start:
    """Asks for a server. The descriptors follow: its output, and the inherited one if there is one.

    The answer is the number of the process.
    """

    arguments: Sequence[str]
    environment: Mapping[bytes, bytes]
    directory: str
    groups: Sequence[int] | None  # supplementary groups; None: those of the zygote
    inherited: int | None  # the number that the second descriptor gets
    codes: Mapping[str, bytes]  # the modules to import again, marshalled, by name


@dataclass(frozen=True)
class Status:
    """Asks for the exit status of a server that has ended. A negative number is a signal, as in Popen.returncode."""

    pid: int


def main(folder: Path, descriptor: int) -> None:
    """Answers requests until the other end of the socket is closed."""
    sys.path.insert(0, str(folder.parent))
    importlib.import_module(f"{folder.name}.server")
    gc.collect()
    gc.disable()  # a collection would write to pages that the servers share
    gc.freeze()
    with Connection(descriptor) as requests:
        while True:
            try:
                request = requests.recv()
            except EOFError:
                return
            if isinstance(request, Status):
                requests.send(os.waitstatus_to_exitcode(os.waitpid(request.pid, 0)[1]))
            else:
                requests.send(_fork(folder, request, _received(descriptor, 1 if request.inherited is None else 2)))


def _received(descriptor: int, count: int) -> list[int]:
    """Receives descriptors that were sent behind a request."""
    with socket.socket(fileno=os.dup(descriptor)) as end:
        return socket.recv_fds(end, 1, count)[1]


def _fork(folder: Path, request: Start, descriptors: Sequence[int]) -> int:
    zygote = os.getpid()
    pid = os.fork()
    if not pid:
        end_with(zygote, signal.SIGKILL)
        _become(folder, request, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    try:
        os.setpgid(pid, pid)
    except OSError:
        pass  # the child has done it itself, and may have ended
    return pid


def _become(folder: Path, request: Start, descriptors: Sequence[int]) -> NoReturn:
    """Runs the server until it ends. Never returns to the code of the zygote."""
    status = 1
    try:
        gc.enable()
        os.setpgid(0, 0)
        _place(descriptors, request.inherited)
        _reset_signals()
        if request.groups is not None:
            os.setgroups(request.groups)
        os.chdir(request.directory)
        os.environb.clear()
        os.environb.update(request.environment)
        time.tzset()
        tempfile.tempdir = None
        codes = {name: marshal.loads(code) for name, code in request.codes.items()}
        status = _run(folder, codes, request.arguments)
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)


def _place(descriptors: Sequence[int], inherited: int | None) -> None:
    """Sets standard input, output and error, and closes all other descriptors except the inherited one."""
    output = descriptors[0]
    nothing = os.open(os.devnull, os.O_RDWR)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    if inherited is not None:
        os.dup2(descriptors[1], inherited)
        os.closerange(3, inherited)
    os.closerange(3 if inherited is None else inherited + 1, os.sysconf("SC_OPEN_MAX"))
    sys.stdin = open(0, closefd=False)
    sys.stdout = open(1, "w", closefd=False)
    sys.stderr = open(2, "w", closefd=False, buffering=1, errors="backslashreplace")


def _reset_signals() -> None:
    """Sets the signals as a new interpreter does."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_DFL)
        except OSError:
            continue  # the C library reserves some signals
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _run(folder: Path, codes: Mapping[str, CodeType], arguments: Sequence[str]) -> int:
    """Imports the modules of `codes` again, and runs the server."""
    sys.argv = [folder.name, *arguments]
    package = importlib.import_module(folder.name)
    for name in codes:
        if sys.modules.pop(f"{folder.name}.{name}", None):
            delattr(package, name)  # `from . import NAME` looks here first
    faults.insert(codes, folder)
    status: int = importlib.import_module(f"{folder.name}.server").main(list(arguments))
    return status

