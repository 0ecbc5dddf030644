"""Checks what an exchange leaves behind on the machine: processes, descriptors, memory, files, a listening socket.

The suite looks at the server's process and its descendants in /proc, before and after the exchange (capability host). A
server may clean up after it has answered, so the suite checks processes and descriptors again and again, until they are
within their limits or the time is over. It checks memory by the peak, and files by changes below the base directory.
Mismatches contain no numbers, because these differ from run to run.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cgi_conform import processes
from cgi_conform.cases.answer import Host
from cgi_conform.cases.docroot import FileStates, file_states
from cgi_conform.cases.wording import bounds
from cgi_conform.judging.judge import Mismatch
from cgi_conform.servers.instance import Instance
from cgi_conform.servers.ports import listening

_TICK = 0.01


@dataclass
class Watch:
    """The state of a server before an exchange, to compare with its state afterwards."""

    asked: Host
    instance: Instance
    base: Path
    _program: str = ""
    _sockets: set[str] = field(default_factory=set)
    _descriptors: dict[int, int] = field(default_factory=dict)
    _peaks: dict[int, int] = field(default_factory=dict)
    _files: FileStates = field(default_factory=dict)

    def begin(self) -> None:
        """Stores the state before the exchange."""
        self._program = processes.executable(self._pid)
        if self.asked.listening is not None:
            self._sockets = set(listening(self.instance.port))
        own = list(self._own())
        if self.asked.descriptors is not None:
            self._descriptors = {pid: len(processes.open_files(pid)) for pid in own}
        if self.asked.memory is not None:
            for pid in own:
                processes.forget_peak(pid)
            self._peaks = {pid: processes.peak(pid) for pid in own}
        if self.asked.written is not None:
            self._files = file_states(self.base)

    def mismatches(self, patience: float) -> list[Mismatch]:
        """Returns the mismatches, waiting up to `patience` seconds; with 0, skips the checks that wait."""
        words = {what: told for what, told in bounds(self.asked)}
        deadline = time.monotonic() + patience
        wrong: dict[str, str] = {}
        for what, look in self._lasting() if patience else ():
            while (got := look()) and time.monotonic() < deadline:
                time.sleep(_TICK)
            if got:
                wrong[what] = f"{got} after {patience:g} s (--timeout)"
        if self.asked.memory is not None and self._grown(self._peaks, processes.peak) > self.asked.memory:
            wrong["memory"] = "more"
        if self.asked.written is not None and (changed := self._changed(self.asked.written)):
            wrong["written"] = ", ".join(changed)
        return [Mismatch(f"host.{what}", words[what], got) for what, got in wrong.items()]

    @property
    def _pid(self) -> int:
        return self.instance.process.pid

    def _lasting(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yields the checks that wait: what is checked, and a function that returns what is wrong, or ""."""
        asked = self.asked
        if asked.ended is not None:
            yield "ended", lambda: _unlike(asked.ended, self._ended(), "it has ended", "it runs on")
        if asked.listening is not None:
            yield "listening", lambda: _unlike(asked.listening, self._listens(), "somebody listens", "nobody listens")
        if asked.zombies is not None:
            yield "zombies", partial(_more, asked.zombies, self._zombies)
        if asked.scripts is not None:
            yield "scripts", partial(_more, asked.scripts, self._scripts)
        if asked.descriptors is not None:
            yield "descriptors", partial(_more, asked.descriptors, partial(self._grown, self._descriptors, _open_files))

    def _ended(self) -> bool:
        return self.instance.process.poll() is not None

    def _listens(self) -> bool:
        """Returns whether the same socket still listens. Another server may have taken the port."""
        return bool(self._sockets & set(listening(self.instance.port)))

    def _own(self) -> Iterator[int]:
        """Yields the server's process and its descendants that run the same program."""
        yield from (pid for pid in processes.below(self._pid) if processes.executable(pid) == self._program)

    def _zombies(self) -> int:
        return sum(state == b"Z" for pid, state in processes.below(self._pid).items() if pid != self._pid)

    def _scripts(self) -> int:
        return sum(processes.executable(pid) not in ("", self._program) for pid in processes.below(self._pid))

    def _grown(self, before: dict[int, int], measure: Callable[[int], int]) -> int:
        """Returns the largest growth among the server's processes.

        A new process is compared with the largest old one.
        """
        most = max(before.values(), default=0)
        return max((measure(pid) - before.get(pid, most) for pid in self._own()), default=0)

    def _changed(self, allowed: tuple[str, ...]) -> list[str]:
        after = file_states(self.base)
        names = {name for name in {*self._files, *after} if self._files.get(name) != after.get(name)}
        return sorted(names - set(allowed))


def _more(most: int, look: Callable[[], int]) -> str:
    return "more" if look() > most else ""


def _unlike(asked: bool | None, got: bool, yes: str, no: str) -> str:
    return "" if got == asked else yes if got else no


def _open_files(pid: int) -> int:
    return len(processes.open_files(pid))
