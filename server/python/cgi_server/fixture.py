"""The pytest fixture `cgi_server`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any, Callable, Iterator

import pytest

from cgi_server.server import Server, serve


@pytest.fixture
def cgi_server() -> Iterator[Callable[..., Server]]:
    """Starts servers: cgi_server("site", cgi_directories=["/cgi-bin"]). It takes the arguments of serve().

    The servers end with the test. If the test fails, pytest shows their logs.
    """
    with ExitStack() as stack:

        def start(*arguments: Any, **keywords: Any) -> Server:
            server = serve(*arguments, **keywords)
            stack.callback(lambda: print(*server.log, sep="\n", file=sys.stderr))
            stack.callback(server.close)
            return server

        yield start
