"""Reads the command line, and holds the data that all connections share."""

from __future__ import annotations

import argparse
import os
import threading
from dataclasses import dataclass, field

from .client import Client

SOFTWARE = b"faulty/1.0"


# rule: seed/cgi-bin-is-default, seed/htbin-is-default
@dataclass
class Settings:
    port: int = 8000
    address: str = "127.0.0.1"
    root: bytes = b"."  # absolute, without symlinks
    http11: bool = False  # the server speaks HTTP/1.1
    rfc: bool = False  # profile rfc3875
    cgi_directories: list[bytes] = field(default_factory=lambda: [b"/cgi-bin", b"/htbin"])
    user: str = "nobody"
    pass_env: list[str] = field(default_factory=list)
    pass_authorization: bool = False
    follow_symlinks: bool = False
    script_timeout: float = 300.0
    max_body: int = 1 << 30
    max_connections: int = 512
    max_scripts: int = 64
    header_timeout: float = 30.0


@dataclass
class Site:
    """Settings and the state of the running server."""

    settings: Settings
    name: bytes  # SERVER_NAME if the request names no host
    port: int
    scripts: threading.BoundedSemaphore  # slots for running scripts: connection.py takes one or responds with 503
    early_scripts: threading.BoundedSemaphore  # slots for those of them whose body is not here yet
    running: set[int] = field(default_factory=set)  # process groups of running scripts, kept by process.py
    quiet: dict[Client, None] = field(default_factory=dict)  # those that send no whole head yet, oldest first
    lock: threading.Lock = field(default_factory=threading.Lock)


def parse(argv: list[str] | None) -> Settings:
    parser = argparse.ArgumentParser(prog="faulty", description="A CGI server with deliberate faults.")
    parser.add_argument("port", nargs="?", type=int, default=8000, help="0 takes a free port")
    parser.add_argument("-b", "--bind", dest="address", default="127.0.0.1")
    parser.add_argument("-d", "--directory", default=".")
    parser.add_argument("-p", "--protocol", choices=("HTTP/1.0", "HTTP/1.1"))
    parser.add_argument("--profile", choices=("cgihttpserver", "rfc3875"), default="cgihttpserver")
    parser.add_argument("--cgi", action="store_true", help="ignored: scripts always run")
    parser.add_argument("--cgi-directory", action="append", metavar="PATH")
    parser.add_argument("--user", default="nobody")
    parser.add_argument("--pass-env", action="append", default=[], metavar="NAME")
    parser.add_argument("--pass-authorization", action="store_true")
    parser.add_argument("--follow-symlinks", action="store_true")
    parser.add_argument("--script-timeout", type=float, default=300.0)
    parser.add_argument("--max-body", type=int, default=1 << 30)
    parser.add_argument("--max-connections", type=int, default=512)
    parser.add_argument("--max-scripts", type=int, default=64)
    parser.add_argument("--header-timeout", type=float, default=30.0)
    given = vars(parser.parse_args(argv))
    rfc = given.pop("profile") == "rfc3875"
    protocol = given.pop("protocol") or ("HTTP/1.1" if rfc else "HTTP/1.0")
    directories = given.pop("cgi_directory") or ["/cgi-bin", "/htbin"]
    del given["cgi"]
    return Settings(
        root=os.fsencode(os.path.realpath(given.pop("directory"))),
        http11=protocol == "HTTP/1.1",
        rfc=rfc,
        cgi_directories=[os.fsencode("/" + path.strip("/")) for path in directories],
        **given,
    )
