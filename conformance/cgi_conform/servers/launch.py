"""Starts a server and waits until it accepts connections.

The server gets its own environment, its own process group, the document root as its current directory, and /dev/null as
standard input. The suite writes its configuration files into a directory of the account that scripts run as. Its output
goes to a file, for cases that check the log and for the message when it dies.

If the server exits because another program took its port, the suite starts it again on another port. If the server is
late, the suite starts it a second time with twice the time, because the usual cause is a busy machine.
"""

import contextlib
import errno
import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from cgi_conform.cases.docroot import Docroot, reachable_tmp
from cgi_conform.errors import SERVER, UserError
from cgi_conform.octets import Tokens, fill
from cgi_conform.servers.account import Account, script_account
from cgi_conform.servers.definition import ServerDefinition
from cgi_conform.servers.instance import Instance, Process, ending, last_lines, running
from cgi_conform.servers.ports import ADDRESS, accepts, held_by, port_of, reserve

_GROUPS = (4, 24)  # supplementary groups of a server started by root, which it must not pass on to its scripts
_ATTEMPTS = 3
_FOREIGN = 1.0  # seconds after which a listener counts as the server although /proc cannot confirm it
LATE = "late"
_IN_USE = (b"in use", b"EADDRINUSE", b"Errno 98")


@dataclass(frozen=True)
class Launch:
    """A process to start: its command and its surroundings. `output` is the descriptor of its log."""

    command: Sequence[str]
    environment: Mapping[bytes, bytes]
    directory: Path
    output: int
    groups: Sequence[int] | None  # supplementary groups; None: those of this process
    descriptor: int | None = None  # the number of an additional open file that it inherits


Starter = Callable[[Launch], Process]


def started(launch: Launch) -> Process:
    """Starts the command and returns its process."""
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


def start(
    server: ServerDefinition,
    docroot: Docroot,
    variant: str = "",
    environment: Mapping[str, bytes] | None = None,
    starter: Starter = started,
    descriptor: int | None = None,
    port: int = 0,
    timeout: float | None = None,
) -> Instance:
    """Starts a server on the port, or on a free one for 0, and returns it.

    Waits `timeout` seconds; for None, as long as its definition says. UserError (status 3) says why it did not start.
    """
    arguments = server.variants[variant] if variant else ()
    timeout = timeout or server.start_timeout
    patience, ports = timeout, _ATTEMPTS
    while True:
        instance = _spawn(server, docroot, arguments, environment or {}, starter, descriptor, port)
        try:
            failure = wait_until_ready(instance, patience)
        except BaseException:  # interrupted before the caller knows the instance
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
    raise UserError(f'server "{server.name}"{with_variant} did not start: {told}'.split("\n"), SERVER)


def _spawn(
    server: ServerDefinition,
    docroot: Docroot,
    arguments: tuple[str, ...],
    added: Mapping[str, bytes],
    starter: Starter,
    descriptor: int | None,
    port: int = 0,
) -> Instance:
    scratch = tempfile.TemporaryDirectory(prefix="cgi-conform-log-", dir=reachable_tmp())
    port_file = Path(scratch.name) / "port"
    reservation = None if server.takes_free_port or port else reserve()
    if reservation:
        port = port_of(reservation)
    elif server.takes_free_port:
        port = 0
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
    with log.open("ab") as output, _opened(descriptor):  # a server may also open /dev/stderr, and both must append
        try:
            groups = _GROUPS if os.geteuid() == 0 else None
            launch = Launch(command, environment, docroot.root, output.fileno(), groups, descriptor)
            process = starter(launch)
        except OSError as error:
            scratch.cleanup()
            if reservation:
                reservation.close()
            raise UserError(f'server "{server.name}" did not start: {_why_not(command[0], error)}', SERVER) from None
    again = partial(_start_again, starter, launch)
    instance = Instance(server.name, port, process, log, scratch, again, reservation)
    running[id(instance)] = instance
    return instance


def _why_not(program: str, error: OSError) -> str:
    """Returns the reason why a program cannot be executed."""
    if error.errno == errno.ENOENT and os.path.exists(program):
        return f'"{program}": its first line names an interpreter that does not exist (does the line end with CR?)'
    return f'"{program}": {error.strerror}'


def _start_again(starter: Starter, launch: Launch, log: Path) -> Process:
    """Starts the same command once more, and appends its output to the log."""
    with log.open("ab") as output:
        return starter(replace(launch, output=output.fileno()))


@contextlib.contextmanager
def _opened(descriptor: int | None) -> Iterator[None]:
    """Opens /dev/null under this descriptor number, for a process that is started now."""
    if descriptor is None:
        yield
        return
    with open(os.devnull, "rb") as file:
        got = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, descriptor)
    try:
        if got != descriptor:
            raise UserError(f"descriptor {descriptor} is in use in this process, so the server cannot inherit a file under this number")
        yield
    finally:
        os.close(got)


def _write_files(server: ServerDefinition, scratch: Path, tokens: Mapping[str, str], owner: Account) -> None:
    if not server.files:
        return
    folder = scratch / "files"
    folder.mkdir()
    for name, template in server.files.items():
        (folder / name).write_text(server.words((template,), tokens)[0], "utf-8")
        (folder / name).chmod(0o644)
    folder.chmod(0o755)
    scratch.chmod(0o711)
    owner.give(folder)  # the server may create sockets and uploads there


def wait_until_ready(instance: Instance, patience: float) -> str | None:
    """Waits until the server accepts connections. Returns None then, LATE after `patience` seconds, or how it ended."""
    deadline = time.monotonic() + patience
    port_file = Path(instance.scratch.name) / "port"
    accepted: float | None = None
    while time.monotonic() < deadline:
        if not instance.port and port_file.exists():
            instance.port = _port_in(port_file)
        accepted = accepted or time.monotonic() if instance.port and accepts(instance.port) else None
        # Another program may listen on the port, and our server may be about to exit because of that. So the listener
        # must belong to our server. Where /proc cannot tell, as in some containers, one second must pass.
        ours = accepted and (_says_so(instance) or _holds(instance) or time.monotonic() > accepted + _FOREIGN)
        if (status := instance.process.poll()) is not None:
            return ending(status, background=True)
        if ours:
            return None
        time.sleep(0.005)
    return LATE


def _port_in(file: Path) -> int:
    """Returns the port that a server has written to a file, or 0 if it has not written one yet."""
    text = file.read_bytes()[:16].strip()
    port = int(text) if text.isdigit() else 0
    return port if port < 1 << 16 else 0


def _says_so(instance: Instance) -> bool:
    """Returns whether the server has printed the line of Python's http.server, which it prints once it listens."""
    return b"Serving HTTP on %s port %d " % (ADDRESS.encode(), instance.port) in instance.log_since(0)


def _holds(instance: Instance) -> bool:
    return held_by(instance.port, instance.process.pid)
