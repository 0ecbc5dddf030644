"""The command line, and what all connections share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Settings:
    port: int = 8000
    address: str = "127.0.0.1"
    root: bytes = b"."  # absolute, without links
    http11: bool = False  # answers HTTP/1.1
    rfc: bool = False  # profile rfc3875
    cgi_directories: list[bytes] = field(default_factory=lambda: [b"/cgi-bin", b"/htbin"])
    user: str = "nobody"
    pass_env: list[str] = field(default_factory=list)
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
    name: bytes  # SERVER_NAME where the request names no host
    port: int
    scripts: threading.BoundedSemaphore  # slots for running scripts
    # connection.py takes a slot before script.serve and answers 503 if there is none; process.py keeps `running`.
    running: set[int] = field(default_factory=set)  # process groups of running scripts
    lock: threading.Lock = field(default_factory=threading.Lock)
