"""The command line: parses the arguments, runs the command, and turns errors of the user into message and status."""

import errno
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from cgi_conform import __version__
from cgi_conform.errors import INTERRUPTED, UserError
from cgi_conform.examples import EXAMPLES, FIRST_STEPS
from cgi_conform.octets import visible
from cgi_conform.paths import fixtures
from cgi_conform.servers import orphans
from cgi_conform.servers.instance import end_at_once
from cgi_conform.signals import ENDING, Interruption, handled
from cgi_conform.typed import typed
from cgi_conform.usage import Parser, epilog

# name of a command: its module, which has configure(parser) and main(options); its line in the help
COMMANDS = {
    "run": ("commands.run", "try the cases against a server"),
    "merge": ("commands.merge", "merge the results of a run that several machines shared"),
    "init-server": ("commands.init_server", "write the definition of your own server"),
    "list": ("commands.list", "list the cases, one per line"),
    "show": ("commands.show", "show one case or clause: its rule, its octets, and the answers of servers"),
    "coverage": ("commands.coverage", "show the cases of each clause, and the clauses of each case"),
    "servers": ("commands.servers", "list the known servers and their installed versions, or install some"),
    "fixtures": ("commands.fixtures", "write the document root of the cases into a directory"),
    "serve": ("commands.serve", "start a server for another client"),
    "matrix": ("commands.matrix", "try the cases against many servers and write a site with all results"),
    "bisect": ("commands.bisect", "find the level that a server reaches, and the case that stops it"),
    "diff": ("commands.diff", "send the same octets to two servers and compare the answers"),
    "compare-site": ("commands.compare_site", "request every file and script of a folder from two servers and compare the answers"),
    "replay": ("commands.replay", "play one case and show every octet"),
    "record": ("commands.record", "record the answers of a server"),
    "prove": ("commands.prove", "prove that every case can fail"),
    "programs": ("programs.main", "try real CGI programs with their real clients"),
}

_NOT_FOUND = (errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENOTDIR)
_OUTPUT_LOST = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG)
_STATUSES = (
    "exit status: 0 the server conforms; 1 it does not; 2 wrong usage, or a broken case or expectation file; "
    "3 the server did not start, or died; 5 no case was judged; 130 interrupted"
)


def parser(chosen: str) -> Parser:
    """Returns the parser of the command line. It knows the options of the chosen command only, to import no other."""
    whole = Parser(
        prog="cgi-conform",
        description="Checks that a CGI server behaves as Python's CGIHTTPServer did, or as RFC 3875 asks.",
    )
    whole.epilog = epilog(_STATUSES, FIRST_STEPS)
    whole.add_argument("--version", action="version", version=f"cgi-conform {__version__}")
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    for name, (module, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == chosen:
            called = importlib.import_module(f"cgi_conform.{module}")
            called.configure(command)
            command.epilog = epilog(command.epilog, EXAMPLES[name])
            command.set_defaults(main=called.main, parser=command)
    return whole


def command() -> int:
    """Runs the command line as the main program, ends every process that it started, and returns the exit status."""
    _open_standard_files()
    orphans.adopt()
    with handled(Interruption(end_at_once)):
        try:
            return main()
        finally:
            for number in ENDING:
                signal.signal(number, signal.SIG_IGN)
            orphans.end_all()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that the arguments name and returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _check_surroundings()
        options = parser(next((word for word in words if not word.startswith("-")), "")).parse_all(words)
        status: int = options.main(options)
        sys.stdout.flush()
        return status
    except UserError as error:
        sys.stdout.flush()
        for line in typed(error.message).split("\n"):
            print(line if line.startswith(" ") else f"cgi-conform: {line}", file=sys.stderr)
        return error.status
    except OSError as error:
        if error.errno in _NOT_FOUND and error.filename is not None:
            print(f'cgi-conform: "{typed(visible(os.fsdecode(error.filename)))}": {error.strerror}', file=sys.stderr)
            return 2
        if error.errno not in _OUTPUT_LOST or error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"cgi-conform: cannot write the output: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("cgi-conform: interrupted", file=sys.stderr)
        return INTERRUPTED


class _Output(io.FileIO):
    """Standard output. If its reader has ended, such as `head`, drops the rest: the command goes on to its result."""

    def write(self, octets: Any) -> int:
        try:
            return super().write(octets)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return len(octets)


def _open_standard_files() -> None:
    """Opens those of the descriptors 0, 1 and 2 that are closed: other files would get their numbers."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(1, "w", closefd=False)), "utf-8" if sys.stdout is None else sys.stdout.encoding,
        line_buffering=sys.stdout is not None and sys.stdout.isatty(),
    )  # fmt: skip


def _check_surroundings() -> None:
    """Lets standard output accept any text. Raises UserError if the current folder or the corpus does not exist."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        os.getcwd()
    except OSError:
        raise UserError("the current folder does not exist any more (change to another one)") from None
    if not fixtures().is_dir():
        raise UserError(f'CGI_CONFORM_FIXTURES: there is no folder "{fixtures()}" (name one with cases/, docroot/ and clauses.toml)')
