"""Looks at the servers before and after all connections: descriptors, threads, children, the end and the log."""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from cgi_conform import processes
from cgi_conform.octets import printable
from cgi_conform.servers.instance import Instance

PATIENCE = 60.0  # seconds in which the servers must become quiet
END = 90.0  # seconds in which a server must end; on a busy machine AddressSanitizer needs many of them
_REPORT = re.compile(rb"Sanitizer|runtime error: ")
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class State:
    """The numbers of what a server has."""

    descriptors: int
    threads: int
    children: int


def quiet(instances: Sequence[Instance], seconds: float, wanted: Sequence[State] = ()) -> list[State]:
    """Returns the states of the servers once they are the wanted ones, or have not changed for so many seconds."""
    states, since = _states(instances), time.monotonic()
    deadline = since + PATIENCE
    while states != list(wanted) and time.monotonic() < min(since + seconds, deadline):
        time.sleep(0.1)
        if (now := _states(instances)) != states:
            states, since = now, time.monotonic()
    return states


def _states(instances: Sequence[Instance]) -> list[State]:
    return [_state(instance.process.pid) for instance in instances]


def _state(pid: int) -> State:
    try:
        threads = len(os.listdir(f"/proc/{pid}/task"))
    except FileNotFoundError:
        return State(0, 0, 0)
    return State(len(processes.open_files(pid)), threads, len(processes.below(pid)) - 1)


def wrong_at_end(instances: Sequence[Instance], seconds: float, before: Sequence[State]) -> list[str]:
    """Returns what is wrong with the servers after all connections. Ends them."""
    wrong = []
    for instance, was, now in zip(instances, before, quiet(instances, seconds, before), strict=True):
        if died := instance.died(within=5.0):
            wrong.append(f"the server died: {died}")
        elif now != was:
            wrong.append(f"the server has {now}, and had {was} before")
        instance.signal("TERM")
        if not died and not instance.ends(END):
            wrong.append("the server does not end by SIGTERM")
        elif not died and instance.process.returncode != 0:
            wrong.append(f"the server ended with status {instance.process.returncode}")
        log = instance.log_since(0)
        for bad, count in ((_REPORT, 30), (_CONTROL, 1)):
            if found := bad.search(log):
                lines = log[log.rfind(b"\n", 0, found.start()) + 1 :].split(b"\n", count)[:count]
                wrong.append("in the log: " + "\n  ".join(printable(line[:300]) for line in lines))
    return wrong
