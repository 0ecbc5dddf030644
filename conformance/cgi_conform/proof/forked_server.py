"""Starts a server that is written in Python by a fork, with or without a fault.

A new interpreter would take ten times as long to start. `zygote` is the process that is forked.
"""

import marshal
import os
import select
import socket
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType

from cgi_conform.errors import UserError
from cgi_conform.proof.zygote import Start, Status
from cgi_conform.servers.definition import ServerDefinition
from cgi_conform.servers.instance import Process
from cgi_conform.servers.launch import Launch, Starter
from cgi_conform.signals import held_back

_ARGUMENTS = 2  # the words of the command from "-m" to the first argument
_BEGIN = "import sys; from pathlib import Path; from cgi_conform.proof import zygote; zygote.main(Path(sys.argv[1]), int(sys.argv[2]))"


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


class Zygote:
    """A process that has imported the package. It and its servers end with end(), or when this process ends."""

    def __init__(self, whole: Subject) -> None:
        self._whole = whole
        self._socket, theirs = socket.socketpair()
        self._requests = Connection(os.dup(self._socket.fileno()))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BEGIN, str(whole.folder), str(theirs.fileno())],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def end(self) -> None:
        """Ends the process. May be called twice."""
        self._requests.close()
        self._socket.close()
        self._process.wait()

    def starter(self, broken: Mapping[str, CodeType]) -> Starter:
        """Returns a function that starts the server with other code for some of its modules."""
        codes = {**self._whole.codes, **broken}
        again = {name: marshal.dumps(codes[name]) for name in _with_importers(broken, codes)}

        def start(launch: Launch) -> Process:
            arguments = launch.command[launch.command.index("-m") + _ARGUMENTS :]
            numbers = [launch.output] if launch.descriptor is None else [launch.output, launch.descriptor]
            request = Start(arguments, launch.environment, str(launch.directory), launch.groups, launch.descriptor, again)
            return _Forked(self._asked(request, numbers), self)

        return start

    def status(self, pid: int) -> int:
        """Returns the exit status of a server that has ended."""
        return self._asked(Status(pid))

    def _asked(self, request: Start | Status, descriptors: Collection[int] = ()) -> int:
        with held_back():  # a KeyboardInterrupt between the request and its answer would leave the answer to the next one
            try:
                self._requests.send(request)
                if descriptors:
                    socket.send_fds(self._socket, [b"."], [*descriptors])
                answer: int = self._requests.recv()
            except (EOFError, ConnectionError):
                status = self._process.wait()
                raise UserError(f"{self._whole.folder}: the process that has imported this package ended with status {status}") from None
        return answer


class _Forked:
    """A forked process with the methods of subprocess.Popen that the suite uses."""

    def __init__(self, pid: int, zygote: Zygote) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._zygote = zygote
        self._ending = os.pidfd_open(pid)

    def poll(self) -> int | None:
        return self._status(0.0)

    def wait(self, timeout: float | None = None) -> int:
        status = self._status(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return status

    def _status(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ending], [], [], timeout)[0]:
            self.returncode = self._zygote.status(self.pid)
            os.close(self._ending)
        return self.returncode


def _with_importers(changed: Collection[str], codes: Mapping[str, CodeType]) -> set[str]:
    """Returns these modules and those that import them, also through others. Takes a name for an import, to be safe."""
    found = set(changed)
    while more := {name for name, code in codes.items() if not found.isdisjoint(code.co_names)} - found:
        found |= more
    return found
