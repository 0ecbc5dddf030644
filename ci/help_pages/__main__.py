"""Writes the man pages and the completions of bash, zsh and fish.

    python3 -m help_pages DIR [NAME=PROGRAM]…

writes DIR/man/*.1 and DIR/completions/{bash,zsh,fish}/ for cgi-conform and cgi-bench-report, and for the programs of
C++, which it calls with --help. CMake's targets `man` and `completions` call it. The same sources give the same bytes;
SOURCE_DATE_EPOCH dates the pages.
"""

import argparse
import contextlib
import datetime
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cgi_bench_report import cli as report
from cgi_conform import __version__, cli
from cgi_conform.write import write_whole
from help_pages.bash import bash
from help_pages.fish import fish
from help_pages.help_text import Help, read_help
from help_pages.man_page import man_page, page_name
from help_pages.page_data import read_page_data
from help_pages.zsh import zsh

_WIDE = "10000"  # argparse wraps no line then
SHELLS = {"bash": (bash, "{}"), "zsh": (zsh, "_{}"), "fish": (fish, "{}.fish")}


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the files below the folder."""
    parser = argparse.ArgumentParser(prog="help_pages", description="Writes the man pages and the completions.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder that gets man/ and completions/")
    parser.add_argument("programs", nargs="*", metavar="NAME=PROGRAM", help="a program whose --help is read")
    options = parser.parse_args(arguments)
    os.environ |= {"COLUMNS": _WIDE, "NO_COLOR": "1"}
    _write(options.folder, "cgi-conform", list(_of_conform()))
    _write(options.folder, "cgi-bench-report", [read_help("cgi-bench-report", _printed(report.main, "--help"))])
    for word in options.programs:
        name, _, program = word.partition("=")
        done = subprocess.run([program, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        _write(options.folder, name, [read_help(name, done.stdout)])
    return 0


def _of_conform() -> Iterator[Help]:
    """Yields the help of cgi-conform, and that of each command."""
    sys.argv[0] = "/nowhere/cgi-conform"  # the help names the program without a path then (typed.py)
    yield read_help("cgi-conform", _printed(cli.main, "--help"))
    for name in cli.COMMANDS:
        yield read_help(f"cgi-conform {name}", _printed(cli.main, name, "--help"))


def _printed(main: Callable[[Sequence[str]], int], *words: str) -> str:
    """Returns the output of a command line that exits."""
    with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):
        main(words)
    return text.getvalue()


def _write(folder: Path, program: str, helps: Sequence[Help]) -> None:
    """Writes the pages and the completions of one program."""
    data = read_page_data(program)
    (folder / "man").mkdir(parents=True, exist_ok=True)
    abouts = {entry.names[0]: entry.about for entry in helps[0].commands()}
    for help_ in helps:
        about = abouts.get(help_.name.partition(" ")[2], data.about)
        text = man_page(help_, about, data, f"{program} {__version__}", _date())
        write_whole(folder / "man" / f"{page_name(help_.name)}.1", text)
    for shell, (written, form) in SHELLS.items():
        place = folder / "completions" / shell
        place.mkdir(parents=True, exist_ok=True)
        write_whole(place / form.format(program), written(program, helps, data.values))


def _date() -> str:
    """Returns the date of SOURCE_DATE_EPOCH, or "" without it."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).date().isoformat() if seconds else ""


if __name__ == "__main__":
    sys.exit(main())
