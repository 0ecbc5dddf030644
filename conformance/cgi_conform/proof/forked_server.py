"""Starts a server that is written in Python in a fork of this process, with or without a fault.

A new interpreter would take ten times as long to start. The child gets the same surroundings as with
`python3 -m PACKAGE`: process group, groups, directory, environment, descriptors, signals. It imports the modules with
other code again, and those that import them, from code that was compiled before the fork. It shares the other modules
with this process, where no function of them has run. The kernel kills the child when this process ends.
"""

import ctypes
import gc
import importlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import NoReturn

from cgi_conform.data.faulty import faults
from cgi_conform.errors import UserError
from cgi_conform.servers.definition import ServerDefinition
from cgi_conform.servers.instance import Process
from cgi_conform.servers.launch import Launch, Starter
from cgi_conform.signals import held_back

_ARGUMENTS = 2  # the words of the command from "-m" to the first argument
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Subject:
    """The package of a server, and the code of its modules. Its module `server` has a function main(arguments)."""

    folder: Path
    codes: Mapping[str, CodeType]


def subject(server: ServerDefinition) -> Subject:
    """Returns the package that the definition of a server starts with `python3 -m PACKAGE`."""
    if "-m" not in server.command[:-1] or "PYTHONPATH" not in server.environment:
        raise UserError(f'server "{server.name}" is not started by python3 -m PACKAGE with a PYTHONPATH, so no fault can be put into it')
    place = server.words((server.environment["PYTHONPATH"],), {})[0]
    folder = Path(place).resolve() / server.command[server.command.index("-m") + 1]
    try:
        codes = {path.stem: compile(path.read_bytes(), str(path), "exec") for path in sorted(folder.glob("*.py"))}
    except SyntaxError as error:
        raise UserError(f'server "{server.name}": {error.filename}, line {error.lineno}: {error.msg}') from None
    if "server" not in codes:
        raise UserError(f'server "{server.name}": {folder} has no server.py')
    return Subject(folder, codes)


def import_what_it_imports(whole: Subject) -> None:
    """Imports the package in this process, so that a child need not."""
    package = whole.folder.name
    sys.path.insert(0, str(whole.folder.parent))
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
    importlib.import_module(f"{package}.server")


def starter(whole: Subject, broken: Mapping[str, CodeType]) -> Starter:
    """Returns a function that starts the server with other code for some of its modules.

    Needs a process without threads.
    """
    codes = {**whole.codes, **broken}
    again = _with_importers(broken, codes)

    def start(launch: Launch) -> Process:
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        with held_back():
            pid = os.fork()
            if not pid:
                _end_with(parent)
                _become(whole.folder, {name: codes[name] for name in again}, launch)
        try:
            os.setpgid(pid, pid)
        except OSError:
            pass  # the child has done it itself, and may have ended
        return _Child(pid)

    return start


class _Child:
    """A forked process with the methods of subprocess.Popen that the suite uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ending = os.pidfd_open(pid)

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
                os.close(self._ending)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            ready, _, _ = select.select([self._ending], [], [], timeout)
            if not ready:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        status = self.poll()
        assert status is not None
        return status


def _end_with(parent: int) -> None:
    """Tells the kernel to kill this process when its parent ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)


def _become(folder: Path, codes: Mapping[str, CodeType], launch: Launch) -> NoReturn:
    """Runs the server until it ends. Never returns to the code of the parent."""
    status = 1
    try:
        gc.freeze()  # a garbage collection would close descriptors that the server uses by then
        os.setpgid(0, 0)
        _descriptors(launch.output, launch.descriptor)
        _signals()
        if launch.groups is not None:
            os.setgroups(launch.groups)
        os.chdir(launch.directory)
        os.environb.clear()
        os.environb.update(launch.environment)
        time.tzset()
        tempfile.tempdir = None
        status = _run(folder, codes, launch.command[launch.command.index("-m") + _ARGUMENTS :])
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


def _descriptors(output: int, inherited: int | None) -> None:
    """Sets standard input, output and error, and closes all other descriptors except the inherited one."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    if inherited is not None:
        os.closerange(3, inherited)
        os.set_inheritable(inherited, True)
    os.closerange(3 if inherited is None else inherited + 1, os.sysconf("SC_OPEN_MAX"))
    sys.stdin = open(0, closefd=False)
    sys.stdout = open(1, "w", closefd=False)
    sys.stderr = open(2, "w", closefd=False, buffering=1, errors="backslashreplace")


def _signals() -> None:
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
    sys.path.insert(0, str(folder.parent))
    package = importlib.import_module(folder.name)
    for name in codes:
        if sys.modules.pop(f"{folder.name}.{name}", None):
            delattr(package, name)  # `from . import NAME` looks here first
    faults.insert(codes, folder)
    status: int = importlib.import_module(f"{folder.name}.server").main(list(arguments))
    return status


def _with_importers(changed: Collection[str], codes: Mapping[str, CodeType]) -> set[str]:
    """Returns these modules and those that import them, also through others. Takes a name for an import, to be safe."""
    found = set(changed)
    while more := {name for name, code in codes.items() if not found.isdisjoint(code.co_names)} - found:
        found |= more
    return found
