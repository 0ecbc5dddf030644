"""Writes the log to standard error, in the form of Python's http.server."""

from __future__ import annotations

import os
import re
import time
from typing import BinaryIO

from .client import Client

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST = 2000
_MOST_OUTPUT = 8000
_MOST_LINES = 50
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# rule: base/log-line-per-request
def request_line(client: Client, line: bytes, status: int, size: str = "-") -> None:
    """Writes a line like 127.0.0.1 - - [01/Jan/2024 00:00:00] "GET / HTTP/1.0" 200 -"""
    _write(client, f'"{_shown(line.decode("latin-1"))}" {status} {size}')


# rule: base/log-line-per-error
def error(client: Client, status: int, text: str) -> None:
    _write(client, f"code {status}, message {_shown(text)}")


def message(client: Client, text: str) -> None:
    """Writes a line like 127.0.0.1 - - [...] text. Escapes control characters and limits the length."""
    _write(client, _shown(text))


# rule: log/refused-output-is-shown, log/refused-output-is-bounded, log/no-credentials
def output(client: Client, script: bytes, refused: bytes) -> None:
    """Writes the first lines of script output that is not a valid response."""
    for line in refused[:_MOST_OUTPUT].split(b"\n")[:_MOST_LINES]:
        if line.lower().startswith(b"set-cookie"):
            line = b"(a cookie)"
        message(client, f"CGI script {script.decode('latin-1')} wrote: {line.decode('latin-1')}")


# rule: log/stderr-forges-no-line, log/script-lines-are-bounded, log/script-lines-name-the-script
# rule: resource/no-deadlock-by-stderr
def script_lines(client: Client, script: bytes, errors: BinaryIO) -> None:
    """Writes the first lines of a script's standard error. Reads all of it, so that the script never waits."""
    with errors:
        for number, line in enumerate(iter(lambda: errors.readline(_LONGEST), b"")):
            if number < _MOST_LINES:
                text = line.decode("latin-1").removesuffix("\n")
                message(client, f"CGI script {script.decode('latin-1')} says: {text}")


# rule: log/control-bytes-are-escaped, log/no-forged-line, log/backslash-is-doubled, log/line-length-is-limited
# rule: log/refused-output-is-escaped
def _shown(text: str) -> str:
    text = text[:_LONGEST]
    text = text.replace("\\", "\\\\")
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


# rule: base/log-names-client-by-address, log/user-name-is-escaped
def _write(client: Client, text: str) -> None:
    now = time.localtime()
    date = f"{now.tm_mday:02}/{_MONTHS[now.tm_mon - 1]}/{now.tm_year} {now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
    line = f"{client.address[0]} - - [{date}] {text}\n"
    os.write(2, line.encode("utf-8", "replace"))  # in one write, so that lines of several threads do not mix
