"""`cgi-conform fixtures DIR`: writes the document root of the cases, for a server that the user starts."""

import argparse
import shlex
from pathlib import Path

from cgi_conform.cases.layout import Layout, lay_out
from cgi_conform.cases.script_program import check_program
from cgi_conform.cases.script_suffix import check_suffix
from cgi_conform.commands.server_options import configure_layout
from cgi_conform.errors import UserError
from cgi_conform.paths import fixtures
from cgi_conform.typed import typed


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `fixtures`."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="a new or empty directory")
    configure_layout(parser)


def main(options: argparse.Namespace) -> int:
    """Writes the document root and prints the next step."""
    suffix = check_suffix(options.script_suffix or "")
    made = lay_out(fixtures(), options.directory, _layout(suffix, options))
    print(f"document root: {made.root}")
    root = " ".join([shlex.quote(str(made.root)), *_again(options)])
    print(typed(f"start a server there, then: cgi-conform run --url http://127.0.0.1:PORT --root {root}"))
    return 0


def _layout(suffix: str, options: argparse.Namespace) -> Layout:
    program = options.script_program
    if program and suffix:
        raise UserError("--script-program and --script-suffix: a program cannot print the suffix (name one of them)")
    return Layout(suffix, frozenset(options.lacks), check_program(program) if program else None)


def _again(options: argparse.Namespace) -> list[str]:
    """Returns the options of `run` that name this document root."""
    suffix = ["--script-suffix", options.script_suffix] if options.script_suffix else []
    return [*suffix, *(word for need in options.lacks for word in ("--lacks", need))]
