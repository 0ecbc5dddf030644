"""Starts cgi-server as another process, and ends it.

The server must not outlive this process, even if SIGKILL ends it. So the server has a terminal of its own, whose other
end this process holds. When the process ends, for any reason, the kernel closes that end and sends SIGHUP to the
server, which then ends with its scripts. PR_SET_PDEATHSIG would not do: it acts at the end of the thread that started
the server, and needs code between fork() and exec(), which is not safe in a process with threads.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import tempfile
import threading
import time
import weakref
from types import TracebackType
from typing import IO, Any, Sequence

from cgi_server.program import CgiServerError, find_program

START_TIMEOUT = 30.0  # seconds
END_TIMEOUT = 10.0  # seconds until SIGKILL
# The first process of a session gets the terminal that it opens first. The shell opens it and becomes the server.
_IN_TERMINAL = 'exec "$@" <"$0"'
_BANNER = re.compile(r"Serving HTTP on .* port (\d+) \((http://.*)/\) \.\.\.\n")
# With a log file, SIGHUP does not end the server.
_OPTIONS_OF_THE_PROGRAM_ONLY = {
    "--log-file": "log=open(...), or read Server.log",
    "--demo": "python3 -m cgi_server --demo",
    "--help": "python3 -m cgi_server --help",
    "--version": "cgi_server.__version__",
}


class Server:
    """A running cgi-server. It ends at the end of a `with` block, by close(), or with this process.

    url: its address without a slash at the end, such as "http://127.0.0.1:40123"
    port: its port
    pid: its process
    """

    def __init__(self, arguments: Sequence[str], log: IO[Any] | int | None = None) -> None:
        """Starts the program with these arguments. Raises CgiServerError with its message if it does not start."""
        program = find_program()
        self._owner = os.getpid()
        self._ended: list[str] | None = None
        self._closing = threading.Lock()  # for `log` and close() in several threads
        self._log = tempfile.TemporaryFile()
        self._terminal, other_end = _open_terminal()
        try:
            # While the shell holds the other end, no other terminal gets its name.
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _IN_TERMINAL, os.ttyname(other_end), program, *arguments],
                stdin=other_end,
                stdout=subprocess.PIPE,
                stderr=self._log if log is None else log,
                start_new_session=True,
            )
        except BaseException:
            self._terminal.close()
            self._log.close()
            raise
        finally:
            os.close(other_end)
        self.pid = self._process.pid
        try:
            self.port, self.url = self._read_banner()
        except BaseException:
            self.close()
            raise

    def _read_banner(self) -> tuple[int, str]:
        """Waits until the server listens."""
        assert self._process.stdout is not None
        with self._process.stdout as output:
            poll = select.poll()
            poll.register(output, select.POLLIN)
            if not poll.poll(START_TIMEOUT * 1000):
                raise CgiServerError(f"the server does not listen after {START_TIMEOUT:g} seconds")
            found = _BANNER.fullmatch(os.fsdecode(output.readline()))
        if found is None:
            try:
                status = self._process.wait(END_TIMEOUT)
            except subprocess.TimeoutExpired:
                raise CgiServerError("the program is no cgi-server: it prints another first line") from None
            raise CgiServerError(self.log[-1] if self.log else f"the server ended with status {status}")
        address = found[2].replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
        return int(found[1]), address

    @property
    def log(self) -> list[str]:
        """The lines that the server has logged so far."""
        with self._closing:
            return list(self._read_log() if self._ended is None else self._ended)

    def _read_log(self) -> list[str]:
        # The file's position belongs to the server, too, so pread() must not change it.
        octets = os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0)
        return octets.decode("utf-8", "backslashreplace").splitlines()

    def wait_for_log(self, text: str, timeout: float = 5.0) -> str:
        """Returns the first line of the log with `text`. The server may log a request after its client has the answer."""
        deadline = time.monotonic() + timeout
        while True:
            lines = self.log
            for line in lines:
                if text in line:
                    return line
            if self._ended is not None or time.monotonic() > deadline:
                raise TimeoutError("\n".join([f'no line of the log has "{text}":', *lines]))
            time.sleep(0.01)

    def serve_forever(self) -> int:
        """Waits until the server ends, and returns its exit status. Ctrl-C raises KeyboardInterrupt, as always."""
        return self._process.wait()

    def close(self) -> None:
        """Ends the server and its scripts. The log stays. A child of fork() cannot end the server."""
        if self._ended is not None or self._owner != os.getpid():
            return
        self._process.terminate()
        try:
            self._process.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._terminal.close()
        with self._closing:
            if self._ended is None:
                self._ended = self._read_log()
                self._log.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(
    directory: str | os.PathLike[str] = ".",
    *,
    cgi_directories: Sequence[str] | None = None,
    port: int = 0,
    bind: str = "127.0.0.1",
    profile: str = "cgihttpserver",
    protocol: str | None = None,
    user: str | None = None,
    pass_env: Sequence[str] = (),
    inherit_env: bool = False,
    options: Sequence[str] = (),
    log: IO[Any] | int | None = None,
) -> Server:
    """Starts a server for the files below `directory`, and returns it once it listens.

    cgi_directories: the directories of scripts; "/cgi-bin" and "/htbin" if None
    port: 0 takes a free one
    bind: the address to listen on; "" means every IPv4 address, as for HTTPServer
    profile: "cgihttpserver" or "rfc3875"
    protocol: "HTTP/1.0" or "HTTP/1.1"; that of the profile if None
    user: the user of scripts if root starts the server; "nobody" if None
    pass_env: names of variables in os.environ that scripts get
    inherit_env: give scripts all of os.environ
    options: other options of the program, such as ["--script-timeout", "10"]; but not --log-file and --demo
    log: a file for the log, such as sys.stderr; then `Server.log` is empty

    Scripts start in the current directory, or in profile "rfc3875" in their own. Raises CgiServerError with the message
    of the server if it does not start.
    """
    if cgi_directories is not None and (isinstance(cgi_directories, str) or not cgi_directories):
        raise ValueError(f"cgi_directories {cgi_directories!r} is no list with a directory (try: ['/cgi-bin'])")
    for name, words in {"pass_env": pass_env, "options": options}.items():
        if isinstance(words, str):
            raise ValueError(f"{name} {words!r} is no list (try: [{words!r}])")
    further = [str(option) for option in options]
    for option in further:
        name = option.split("=")[0]
        if name in _OPTIONS_OF_THE_PROGRAM_ONLY:
            raise ValueError(f"option {name!r} does not go with serve() (try: {_OPTIONS_OF_THE_PROGRAM_ONLY[name]})")
    arguments = [str(port), "--bind", bind or "0.0.0.0", "--directory", os.path.abspath(directory), "--profile", profile]
    if protocol is not None:
        arguments += ["--protocol", protocol]
    if user is not None:
        arguments += ["--user", user]
    if inherit_env:
        arguments += ["--inherit-env"]
    for name in pass_env:
        arguments += ["--pass-env", name]
    for path in cgi_directories or ():
        arguments += ["--cgi-directory", path]
    return Server([*arguments, *further], log)


def _open_terminal() -> tuple[IO[bytes], int]:
    """Returns our end of a new terminal, and the descriptor of the other end."""
    try:
        ours, theirs = os.openpty()
        terminal = open(ours, "rb", buffering=0)
        _terminals.add(terminal)
        return terminal, theirs
    except OSError as error:
        raise CgiServerError(f"cannot make a terminal for the server: {error.strerror} (is /dev/pts mounted?)") from error


# A child of fork() must not hold a terminal, or the server would live as long as the child.
_terminals: weakref.WeakSet[IO[bytes]] = weakref.WeakSet()


def _close_terminals() -> None:
    for terminal in list(_terminals):
        terminal.close()


os.register_at_fork(after_in_child=_close_terminals)
