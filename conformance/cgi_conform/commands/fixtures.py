"""`cgi-conform fixtures DIR`: writes the document root of the cases, for a server that the user starts."""

import argparse
import shlex
from pathlib import Path

from cgi_conform.cases.layout import Layout, lay_out
from cgi_conform.cases.script_suffix import check_suffix
from cgi_conform.commands.server_options import configure_layout
from cgi_conform.paths import fixtures
from cgi_conform.typed import typed


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `fixtures`."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="a new or empty directory")
    configure_layout(parser)


def main(options: argparse.Namespace) -> int:
    """Writes the document root and prints the next step."""
    suffix = check_suffix(options.script_suffix or "")
    made = lay_out(fixtures(), options.directory, Layout(suffix, frozenset(options.lacks)))
    print(f"document root: {made.root}")
    root = " ".join([shlex.quote(str(made.root)), *_again(options)])
    print(typed(f"start a server there, then: cgi-conform run --url http://127.0.0.1:PORT --root {root}"))
    return 0


def _again(options: argparse.Namespace) -> list[str]:
    """Returns the options of `run` that name this document root."""
    suffix = ["--script-suffix", options.script_suffix] if options.script_suffix else []
    return [*suffix, *(word for need in options.lacks for word in ("--lacks", need))]
