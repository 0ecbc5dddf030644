"""Finds the program cgi-server."""

from __future__ import annotations

import os
from pathlib import Path


class CgiServerError(Exception):
    """The server cannot run. The text is the server's message, on one line."""


def find_program() -> str:
    """Returns the path of the program: $CGI_SERVER_PROGRAM, or the one that the wheel brings."""
    chosen = os.environ.get("CGI_SERVER_PROGRAM")
    program = Path(chosen) if chosen else Path(__file__).with_name("cgi-server")
    if not os.access(program, os.X_OK) or program.is_dir():
        raise CgiServerError(f'"{program}" is no program (install the wheel cgi-server, or set CGI_SERVER_PROGRAM)')
    return os.path.abspath(program)
