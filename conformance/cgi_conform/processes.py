"""What Linux tells about processes: /proc, read once for each question.

A process that is gone tells nothing, and that is no error: it may end while it is looked at.
"""

import os
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")

adopter = 0  # the process of ours that orphans come to, instead of init; it reaps them


def stat(pid: int) -> list[bytes]:
    """Returns the words of /proc/PID/stat behind the name: state, parent and group first; empty when it is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


def everything() -> Iterator[tuple[int, list[bytes]]]:
    """Yields every process, with the words of its stat."""
    for path in _PROC.glob("[0-9]*"):
        if words := stat(int(path.name)):
            yield int(path.name), words


def below(pid: int) -> dict[int, bytes]:
    """Returns the state of a process and of all that descend from it."""
    parents = {one: (int(words[1]), words[0]) for one, words in everything()}
    found = {pid: parents[pid][1]} if pid in parents else {}
    grown = bool(found)
    while grown:
        more = {one: state for one, (parent, state) in parents.items() if parent in found and one not in found}
        found |= more
        grown = bool(more)
    return found


def activity(pid: int) -> str:
    """Returns what a process still does; "" if there is none."""
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
    """Returns the program it runs; "" where that is not told, as of a zombie."""
    try:
        return os.readlink(_PROC / str(pid) / "exe")
    except OSError:
        return ""


def written(pid: int) -> int | None:
    """Returns how many octets it has written so far, into pipes and sockets too; None where that is not told."""
    return _number(pid, "io", b"wchar:")


def peak(pid: int) -> int:
    """Returns the most memory it has held, in octets, since it began or forget_peak()."""
    return 1024 * (_number(pid, "status", b"VmHWM:") or 0)


def forget_peak(pid: int) -> None:
    """From now on the peak counts anew; where the kernel does not let us, it counts from the beginning."""
    try:
        (_PROC / str(pid) / "clear_refs").write_bytes(b"5\n")
    except OSError:
        pass


def open_files(pid: int) -> list[str]:
    """Returns what its descriptors refer to; PermissionError where that is not told."""
    folder = _PROC / str(pid) / "fd"
    found: list[str] = []
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return found
    except PermissionError:
        if stat(pid)[:1] == [b"Z"]:  # it has no files any more, whatever the error says
            return found
        raise
    for name in names:
        try:
            found.append(os.readlink(folder / name))
        except FileNotFoundError:
            continue
    return found


def _number(pid: int, file: str, key: bytes) -> int | None:
    try:
        lines = (_PROC / str(pid) / file).read_bytes().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(key)), None)
