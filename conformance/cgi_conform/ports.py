"""A port for a server to listen on, and whether it is that server which listens there.

Between the choice of a free port and the moment a server takes it, another one may come first: to connect is no
proof. Linux tells which process holds the listening socket.
"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

ADDRESS = "127.0.0.1"
_LISTENING = "0A"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        with socket.create_connection((ADDRESS, port), timeout=1.0):
            return True
    except OSError:
        return False


def held_by(port: int, group: int) -> bool:
    """Whether a process of that process group listens on the port; True where that cannot be found out."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    if not sockets:
        return True
    try:
        return any(sockets & set(_open_files(process)) for process in _members(group))
    except PermissionError:
        return True


def _listening(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[3] == _LISTENING and int(words[1].rpartition(":")[2], 16) == port:
                yield words[9]


def _members(group: int) -> Iterator[Path]:
    yield Path(f"/proc/{group}")
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(group) and (words := _stat(process)) and int(words[2]) == group:
            yield process


def _stat(process: Path) -> list[bytes]:
    """State, parent and group first; empty when it is gone."""
    try:
        return (process / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


def _open_files(process: Path) -> Iterator[str]:
    try:
        names = os.listdir(process / "fd")
    except FileNotFoundError:
        return
    except PermissionError:
        if _stat(process)[:1] == [b"Z"]:  # it has no files any more, whatever the error says
            return
        raise
    for name in names:
        try:
            yield os.readlink(process / "fd" / name)
        except FileNotFoundError:
            continue
