"""The log on standard error, in the form of Python's http.server."""

from __future__ import annotations

from .client import Client


def request_line(client: Client, line: bytes, status: int, size: str = "-") -> None:
    """127.0.0.1 - - [01/Jan/2024 00:00:00] "GET / HTTP/1.0" 200 -"""


def message(client: Client, text: str) -> None:
    """127.0.0.1 - - [...] text   (control characters escaped, length limited)"""
