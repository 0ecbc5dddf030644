"""The command line: parses, calls, and turns what a user can cause into a line and an exit status."""

import errno
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence

from cgi_conform import __version__
from cgi_conform.errors import INTERRUPTED, UserError
from cgi_conform.examples import EXAMPLES, FIRST_STEPS
from cgi_conform.servers import orphans
from cgi_conform.servers.instance import end_at_once
from cgi_conform.signals import ENDING, Interruption, handled
from cgi_conform.typed import typed
from cgi_conform.usage import Parser, epilog

# name: the module that has configure(parser) and main(options), and what it does
COMMANDS = {
    "run": ("commands.run", "try the cases against a server"),
    "init-server": ("commands.init_server", "write the definition of a server of yours"),
    "list": ("commands.list", "the cases, one line each"),
    "show": ("commands.show", "one case or clause: rule, octets, and what servers answer"),
    "coverage": ("commands.coverage", "clauses and the cases that reach them, in both directions"),
    "servers": ("commands.servers", "the known servers, and which are installed"),
    "fixtures": ("commands.fixtures", "lay the document root out in a directory"),
    "serve": ("commands.serve", "start a server for another client"),
    "bisect": ("commands.bisect", "how far a server has come, and what stops it first"),
    "diff": ("commands.diff", "the same octets to two servers: where their answers differ"),
    "replay": ("commands.replay", "play one case and show every octet"),
    "record": ("commands.record", "record what a server answers"),
    "prove": ("commands.prove", "prove that every case can fail"),
    "programs": ("programs.main", "try real CGI programs with their real clients"),
}

_OUTPUT_LOST = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG)
_STATUSES = (
    "exit status: 0 conforms; 1 does not; 2 usage, broken case or expectation file; "
    "3 server did not start or died; 5 nothing ran; 130 interrupted"
)


def parser(chosen: str) -> Parser:
    """Returns the parser of the command line. Only the chosen command has its options: the others are not imported."""
    whole = Parser(prog="cgi-conform", description="Does a server do what CGIHTTPServer did?")
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
    """Runs the command as a process of its own, ends all that it has started, and returns the exit status."""
    orphans.adopt()
    with handled(Interruption(end_at_once)):
        try:
            return main()
        finally:
            for number in ENDING:
                signal.signal(number, signal.SIG_IGN)
            orphans.end_all()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that the arguments name, and returns the exit status."""
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
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in _OUTPUT_LOST or error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"cgi-conform: the output is lost: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("cgi-conform: interrupted", file=sys.stderr)
        return INTERRUPTED


def _check_surroundings() -> None:
    """Makes the standard output take any text; UserError if there is no current folder."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        os.getcwd()
    except OSError:
        raise UserError("the current folder does not exist any more (go to another one)") from None
