"""Starts a server, waits until it accepts connections, and ends it with all that it started.

The server gets an environment of its own, the document root as its directory, nothing to read, and a process
group of its own. Its configuration files are written afresh, into a directory of the user that it changes to.
What it prints is kept in a file, for cases that look at its log and for the message when it dies. A server that
exits at once because its port was taken meanwhile is started again on another one. A server that is late is started
once more and gets twice the time: a busy machine is the usual cause.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cgi_conform.account import Account, script_account
from cgi_conform.docroot import Docroot, reachable_tmp
from cgi_conform.errors import SERVER, UserError
from cgi_conform.octets import Tokens, fill, printable
from cgi_conform.ports import ADDRESS as ADDRESS
from cgi_conform.ports import accepts, free_port, held_by
from cgi_conform.server import Server

START_TIMEOUT = 30.0  # seconds, --start-timeout
_GROUPS = (4, 24)  # of a server started by root: what it must take from its scripts is there to be taken
_STOP_WITHIN = 3.0
_ATTEMPTS = 3
_DYING = 0.05
_FOREIGN = 1.0
LATE = "late"
_FOREGROUND = "it must stay in the foreground (for example nginx -g 'daemon off;')"
_IN_USE = (b"in use", b"EADDRINUSE", b"Errno 98")


class Process(Protocol):
    """What is asked of a started process: the part of subprocess.Popen that is used here."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


@dataclass(frozen=True)
class Launch:
    """A process to be started: in a process group of its own, with nothing to read, its output to a file."""

    command: Sequence[str]
    environment: Mapping[bytes, bytes]
    directory: Path
    output: int
    groups: Sequence[int] | None  # None: those of this process
    descriptor: int | None = None  # another open file that it inherits, under this number


Starter = Callable[[Launch], Process]


def started(launch: Launch) -> Process:
    """A process that runs the command."""
    return subprocess.Popen(
        launch.command,
        stdin=subprocess.DEVNULL,
        stdout=launch.output,
        stderr=subprocess.STDOUT,
        cwd=launch.directory,
        env=launch.environment,
        process_group=0,
        extra_groups=launch.groups,
        pass_fds=() if launch.descriptor is None else (launch.descriptor,),
    )


@dataclass
class Instance:
    """A running server."""

    name: str
    port: int
    process: Process
    log: Path
    scratch: tempfile.TemporaryDirectory[str] = field(repr=False)
    launch: Launch = field(repr=False)
    starter: Starter = field(repr=False)
    last_case: str = ""
    death_told: bool = False  # its death has been told

    def log_size(self) -> int:
        return self.log.stat().st_size

    def log_since(self, size: int) -> bytes:
        """What it has printed since its log had that size."""
        with self.log.open("rb") as file:
            file.seek(size)
            return file.read()

    def died(self, *, within: float = 0.0) -> str | None:
        """None while it runs, else how it ended and what it said last.

        A dying process closes its sockets before it can be waited for: `within` is how long to wait for that,
        if it does not accept connections any more.
        """
        status = self.process.poll()
        if within:
            try:
                status = self.process.wait(_DYING)
            except subprocess.TimeoutExpired:
                if not accepts(self.port):
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        status = self.process.wait(within)
        if status is None:
            return None
        return f"{_ending(status, background=self.is_in_background())}{last_lines(self.log_since(0))}"

    def is_in_background(self) -> bool:
        """Whether its process has exited with status 0 while something listens on its port: it has daemonised."""
        return self.process.poll() == 0 and accepts(self.port)

    def ends(self, within: float) -> bool:
        """Whether it ends, or has ended, in that time."""
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def signal(self, name: str) -> None:
        """Send the server, and nobody it started, a signal."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.Signals[f"SIG{name}"])

    def stop(self) -> None:
        """End the whole process group, gently first."""
        _end_group(self.process)
        self.scratch.cleanup()
        _alive.pop(id(self), None)


_alive: dict[int, Instance] = {}  # every server that has been started and not been stopped


def kill_all() -> None:
    """Ends every server of this process at once, also one that is being started: the process is about to end."""
    for instance in list(_alive.values()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(instance.process.pid, signal.SIGKILL)
        instance.scratch.cleanup()


def start(
    server: Server,
    docroot: Docroot,
    variant: str = "",
    environment: Mapping[str, bytes] | None = None,
    starter: Starter = started,
    descriptor: int | None = None,
    port: int = 0,
    timeout: float = START_TIMEOUT,
    over: Callable[[], bool] = lambda: False,
) -> Instance:
    """A running server, on the port or, with 0, on a free one; UserError with status 3 tells why there is none.

    Once `over` says so, the start is given up.
    """
    arguments = server.variants[variant] if variant else ()
    patience, ports = timeout, _ATTEMPTS
    while True:
        instance = _spawn(server, docroot, arguments, environment or {}, starter, descriptor, port)
        try:
            failure = wait_until_ready(instance, patience, over)
        except BaseException:  # interrupted: nobody else knows of it yet
            instance.stop()
            raise
        if failure is None:
            return instance
        said = instance.log_since(0)
        instance.stop()
        if failure == LATE and patience == timeout:
            patience *= 2
        elif failure != LATE and ports > 1 and any(word in said for word in _IN_USE):
            ports -= 1
        else:
            break
    if failure == LATE:
        failure = f"it accepts no connection at {ADDRESS} on the port it was given within {timeout:g} s"
        failure += f", nor within {patience:g} s at a second try (--start-timeout)"
    with_variant = f" ({variant})" if variant else ""
    told = f"{failure}{last_lines(said)}{server.lost_words(docroot.root)}"
    raise UserError(f'server "{server.name}"{with_variant} did not start: {told}', SERVER)


def _spawn(
    server: Server,
    docroot: Docroot,
    arguments: tuple[str, ...],
    added: Mapping[str, bytes],
    starter: Starter,
    descriptor: int | None,
    port: int = 0,
) -> Instance:
    scratch = tempfile.TemporaryDirectory(prefix="cgi-conform-log-", dir=reachable_tmp())
    port_file = Path(scratch.name) / "port"
    port = 0 if server.takes_free_port else (port or free_port())
    owner = script_account()
    tokens = {
        "port": str(port),
        "port_file": str(port_file),
        "root": str(docroot.root),
        "base": str(docroot.base),
        "files": f"{scratch.name}/files",
        "user": owner.user,
        "group": owner.group,
    }
    _write_files(server, Path(scratch.name), tokens, owner)
    command = server.words(server.command_with(arguments), tokens)
    places = Tokens(port, str(docroot.root), str(docroot.base))
    own = zip(server.environment, server.words(tuple(server.environment.values()), tokens), strict=True)
    environment: dict[bytes, bytes] = {
        b"HOME": b"/",
        b"LANG": b"C.UTF-8",
        b"CGI_CONFORM_LEAK": b"leaked-from-the-server",
        **{os.fsencode(name): os.fsencode(value) for name, value in own},
        **{os.fsencode(name): fill(value, places) for name, value in added.items()},
    }
    log = Path(scratch.name) / "log"
    with log.open("ab") as output, _opened(descriptor):  # a server may open /dev/stderr once more: both append
        try:
            groups = _GROUPS if os.geteuid() == 0 else None
            launch = Launch(command, environment, docroot.root, output.fileno(), groups, descriptor)
            process = starter(launch)
        except OSError as error:
            scratch.cleanup()
            raise UserError(f'server "{server.name}" did not start: "{command[0]}": {error.strerror}', SERVER) from None
    instance = Instance(server.name, port, process, log, scratch, launch, starter)
    _alive[id(instance)] = instance
    return instance


@contextlib.contextmanager
def _opened(descriptor: int | None) -> Iterator[None]:
    """A file under that number in this process, for one that is started now."""
    if descriptor is None:
        yield
        return
    with open(os.devnull, "rb") as file:
        got = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, descriptor)
    try:
        if got != descriptor:
            raise UserError(f"descriptor {descriptor} is in use in this process: no server can inherit another file there")
        yield
    finally:
        os.close(got)


def _write_files(server: Server, scratch: Path, tokens: Mapping[str, str], owner: Account) -> None:
    if not server.files:
        return
    folder = scratch / "files"
    folder.mkdir()
    for name, template in server.files.items():
        (folder / name).write_text(server.words((template,), tokens)[0], "utf-8")
        (folder / name).chmod(0o644)
    folder.chmod(0o755)
    scratch.chmod(0o711)
    owner.give(folder)  # sockets and uploads may have to lie there


def wait_until_ready(instance: Instance, patience: float, over: Callable[[], bool] = lambda: False) -> str | None:
    """None when it accepts connections, LATE, or how it ended."""
    deadline = time.monotonic() + patience
    port_file = Path(instance.scratch.name) / "port"
    accepted: float | None = None
    while time.monotonic() < deadline:
        if over():
            raise UserError("the run is over", SERVER)
        if not instance.port and port_file.exists():
            instance.port = int(port_file.read_text() or 0)
        accepted = accepted or time.monotonic() if instance.port and accepts(instance.port) else None
        # Another one may listen there while ours is about to find its port taken; but a container's ports are
        # held by other processes too.
        ours = accepted and (_says_so(instance) or _holds(instance) or time.monotonic() > accepted + _FOREIGN)
        if (status := instance.process.poll()) is not None:
            return _ending(status, background=True)
        if ours:
            return None
        time.sleep(0.005)
    return LATE


def _says_so(instance: Instance) -> bool:
    """Whether it has printed the line of http.server, which comes after it has got its port."""
    return b"Serving HTTP on %s port %d " % (ADDRESS.encode(), instance.port) in instance.log_since(0)


def _holds(instance: Instance) -> bool:
    return held_by(instance.port, instance.process.pid)


def _end_group(process: Process) -> None:
    for sign, patience in ((signal.SIGTERM, _STOP_WITHIN), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, sign)
        except (ProcessLookupError, PermissionError):
            pass  # all gone, or only processes of another user are left
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    # SIGKILL has gone out in any case: scripts may outlive the server that started them


def _ending(status: int, *, background: bool) -> str:
    if status >= 0:
        return f"it exited with status {status}{f': {_FOREGROUND}' if background and status == 0 else ''}"
    return f"it was ended by {signal.Signals(-status).name}"


def last_lines(log: bytes, count: int = 5) -> str:
    """The end of what a server printed, for a message."""
    lines = [line for line in log.splitlines() if line.strip()][-count:]
    return "".join(f"\n    {printable(line)}" for line in lines)
