"""Puts copies of a program in the place of the scripts of a document root, for a system without sh and Perl.

fixtures/scripts/ has the source of the program, which behaves as each of the scripts. The copy gets the name of its
script, so it does not matter how a server calls it. The text of the script follows, with the words that no client may
see: a server that shows the copy is caught as one that shows the script.
"""

from collections.abc import Container, Iterable
from pathlib import Path

from cgi_conform.errors import UserError

PLACE = b"the name of this script, written by cgi-conform into each copy"
_INTERPRETERS = (b"#!/bin/sh\n", b"#!/usr/bin/perl\n")


def check_program(program: Path) -> Path:
    """Returns the path of the program, absolute. Raises UserError if it is no such program."""
    try:
        places = program.read_bytes().count(PLACE)
    except OSError as error:
        raise UserError(f'--script-program "{program}": {error.strerror} (ci/build --tests --target script builds it)') from None
    if places != 1:
        raise UserError(f'--script-program "{program}" is not the program of fixtures/scripts (ci/build --tests --target script builds it)')
    return program.absolute()


def put_programs(base: Path, program: Path, executable: Iterable[Path], kept: Container[str]) -> None:
    """Replaces the scripts among the executable files below the base directory, except those that are kept as they are."""
    octets = program.read_bytes()
    for path in filter(Path.is_file, executable):
        text = path.read_bytes()
        name = path.relative_to(base).as_posix()
        if text.startswith(_INTERPRETERS) and name.removeprefix("root/") not in kept:
            own = (name if name.startswith("outside/") else path.name).encode()
            path.write_bytes(octets.replace(PLACE, own.ljust(len(PLACE), b"\0")) + text)
