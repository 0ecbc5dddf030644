"""The memory, descriptors, threads and children of a server, read from /proc, before and after an attack."""

import math
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MB = 1_000_000
SLACK = 2 * MB  # octets: malloc keeps freed memory of each thread for later
PATIENCE = 40.0  # seconds: the server ends a thread without work after 10, and a client that takes nothing after 30
_PAUSE = 0.05  # seconds between two looks: the system reports no event for these changes


@dataclass(frozen=True)
class Vitals:
    memory: int  # octets that the process alone has (RssAnon)
    descriptors: tuple[str, ...]  # where each leads, without the number of a socket or pipe
    threads: int
    children: tuple[int, ...]

    def faults_after(self, before: "Vitals", memory: float) -> list[str]:
        """Returns in which way a server is worse than before, or has more than `memory`; nothing if it has not."""
        faults = []
        if self.memory > memory:
            faults.append(f"memory is {self.memory} octets, and may be {memory}")
        if self.descriptors != before.descriptors:
            faults.append(f"descriptors are {self.descriptors}, and were {before.descriptors}")
        if self.threads > before.threads:
            faults.append(f"threads are {self.threads}, and were {before.threads}")
        if self.children:
            faults.append(f"children {self.children} are left")
        return faults


def most_memory(before: int) -> int:
    """Returns how much memory a server may have after an attack: 10 % or 2 MB more than before, whichever is more."""
    return before + max(before // 10, SLACK)


def status_of(pid: int, name: str) -> int:
    """Returns a number of /proc/PID/status. A size is in octets."""
    found = re.search(rf"^{name}:\s+(\d+)( kB)?$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None, name
    return int(found[1]) * (1024 if found[2] else 1)


def children_of(pid: int) -> tuple[int, ...]:
    """Returns the processes whose parent is `pid`, the ended ones included."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):  # it has ended
            if int(Path(f"/proc/{process}/stat").read_text("latin-1").rpartition(") ")[2].split()[1]) == pid:
                found.append(int(process))
    return tuple(found)


def descriptors_of(pid: int) -> tuple[str, ...]:
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(re.sub(r":\[\d+\]$| \(deleted\)$", "", os.readlink(link)))
    return tuple(sorted(links))


def vitals_of(pid: int) -> Vitals:
    return Vitals(status_of(pid, "RssAnon"), descriptors_of(pid), status_of(pid, "Threads"), children_of(pid))


def rested(pid: int, fresh: Vitals) -> Vitals:
    """Waits until the server has the descriptors and threads that it had when fresh. Returns its state."""
    until = time.monotonic() + PATIENCE
    while (now := vitals_of(pid)).faults_after(fresh, math.inf):
        assert time.monotonic() < until, now
        time.sleep(_PAUSE)
    return now


def recovered(pid: int, before: Vitals) -> tuple[Vitals, float]:
    """Waits until the server is as healthy as before. Returns its state and how many seconds that took."""
    began, most = time.monotonic(), most_memory(before.memory)
    while (now := vitals_of(pid)).faults_after(before, most) and time.monotonic() < began + PATIENCE:
        time.sleep(_PAUSE)
    return now, time.monotonic() - began


def forget_peak(pid: int) -> None:
    """Has the system measure the peak of the memory of the process from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_of(pid: int) -> int:
    """Returns the peak of the memory since forget_peak(), in octets, with the pages of files."""
    return status_of(pid, "VmHWM")
