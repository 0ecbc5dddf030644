"""Where a request leads: a script, a file, a listing, a redirect or a refusal.  One decision, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Script:
    """A script that may be run: it exists, is a plain file and is executable for the user it will run as."""

    file: bytes  # absolute path in the file system
    name: bytes  # SCRIPT_NAME, decoded: b"/cgi-bin/probe"
    info: bytes  # PATH_INFO, decoded; b"" if there is none
    query: bytes | None  # raw; None without "?"
    directory: bytes  # absolute path of the directory that holds the script


@dataclass
class LocalRedirect:
    """What script.serve returns where the script asked for another path of this server (rfc3875): connection.py
    routes it as a GET without a body, and refuses with 502 after too many in a row."""

    target: bytes  # the path and query, as the script wrote them
