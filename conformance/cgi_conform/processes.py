"""Reads facts about processes from Linux's /proc.

A process may end at any moment. Functions return an empty value for a process that has ended.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_VSIZE = 20  # the word of stat() that holds the size of the address space

# The process that orphans get as their parent, instead of init (servers/orphans.py sets it); 0 if there is none. A
# module variable, because Linux keeps this attribute for each process.
adopter = 0


def stat(pid: int) -> list[bytes]:
    """Returns the words of /proc/PID/stat after the name (state, parent, group, session, …), or [] if it has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


def everything() -> Iterator[tuple[int, list[bytes]]]:
    """Yields the id of every process and the words of its stat()."""
    for path in _PROC.glob("[0-9]*"):
        if words := stat(int(path.name)):
            yield int(path.name), words


def below(pid: int) -> dict[int, bytes]:
    """Returns the states of a process and its descendants, by process id."""
    parents = {one: (int(words[1]), words[0]) for one, words in everything()}
    found = {pid: parents[pid][1]} if pid in parents else {}
    grown = bool(found)
    while grown:
        more = {one: state for one, (parent, state) in parents.items() if parent in found and one not in found}
        found |= more
        grown = bool(more)
    return found


def activity(pid: int) -> str:
    """Returns in words whether a process runs or is a zombie; "" if it has ended."""
    words = stat(pid)
    if words:
        if words[0] != b"Z":
            return "it runs on"
        return "" if int(words[1]) == adopter else "a zombie that nobody reaps"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "it runs on"
    return "it runs on" if not (_PROC / "self").exists() else ""


def executable(pid: int) -> str:
    """Returns the path of the program that a process runs; "" if it is unknown, for instance for a zombie."""
    try:
        return os.readlink(_PROC / str(pid) / "exe")
    except OSError:
        return ""


def written(pid: int) -> int | None:
    """Returns how many octets a process has written to files, pipes and sockets; None if that is unknown."""
    return _number(pid, "io", b"wchar:")


def peak(pid: int) -> int:
    """Returns the peak memory of a process in octets, since its start or since forget_peak()."""
    return 1024 * (_number(pid, "status", b"VmHWM:") or 0)


def forget_peak(pid: int) -> None:
    """Resets the peak memory of a process. Does nothing if the kernel refuses."""
    try:
        (_PROC / str(pid) / "clear_refs").write_bytes(b"5\n")
    except OSError:
        pass


def open_files(pid: int) -> list[str]:
    """Returns what the open descriptors of a process refer to. Raises PermissionError if the kernel refuses."""
    folder = _PROC / str(pid) / "fd"
    found: list[str] = []
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return found
    except PermissionError:
        if _has_no_memory(pid):  # the kernel refuses to list the descriptors of a process that ends; it closes them
            return found
        raise
    for name in names:
        with suppress(FileNotFoundError):
            found.append(os.readlink(folder / name))
    return found


def _has_no_memory(pid: int) -> bool:
    """Returns whether a process is a zombie or about to be one: it has given its address space back, or is gone."""
    words = stat(pid)
    return not words or words[_VSIZE] == b"0"


def _number(pid: int, file: str, key: bytes) -> int | None:
    try:
        lines = (_PROC / str(pid) / file).read_bytes().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(key)), None)
