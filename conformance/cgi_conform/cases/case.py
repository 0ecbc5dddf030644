"""Defines a case: the steps that the client plays, and what each profile expects.

The escapes in octets are decoded. The tokens {port}, {root} and {base} are not filled in yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cgi_conform.cases.answer import Expectation
from cgi_conform.cases.matcher import Repeat
from cgi_conform.cases.variants import VARIANTS

# The things that the system of a server may lack: system_needs.py.
SYSTEM: Mapping[str, str] = {
    "posix-names": "files with any name, such as NUL, a:b, or a name that ends in a dot",
    "case-sensitive": "names that differ only in case",
    "links": "symbolic links",
    "modes": "files with modes and owners, and FIFOs",
    "proc": "processes with users, signals and an entry in /proc",
}
NEEDS = ("launch", "root", "user", "host", "log", "same-port", "script-directories", *VARIANTS, *SYSTEM)


@dataclass(frozen=True)
class Step:
    """A step on one connection: the client waits for octets, pauses, sends, and ends the connection if asked to."""

    connection: str = "main"
    await_bytes: bytes | None = None
    pause: float = 0.0
    send: bytes = b""
    body: Repeat | None = None
    half_close: bool = False
    close: bool = False
    reset: bool = False
    read_late: bool = False
    wait_blocked: float | None = None
    signal: str = ""
    start: str = ""  # starts the server once more: "again" or as a "second" one
    wait_gone: float | None = None


@dataclass(frozen=True)
class Case:
    """A case: one rule, the octets that test it, and what each profile expects."""

    id: str
    title: str
    shared_clauses: tuple[str, ...]  # for all its profiles
    fault: str
    steps: tuple[Step, ...]
    expect: Mapping[str, Expectation]  # by profile
    file: Path
    see: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()  # capabilities
    presupposes: tuple[str, ...] = ()  # ids of cases: presuppositions.py
    environment: Mapping[str, bytes] = field(default_factory=dict)
    control: bytes | None = None
    limit: float | None = None
    times: int = 1  # the number of times that the steps are played; each time is judged
    descriptor: int | None = None  # the number of an open file that the server inherits
    digests: Mapping[str, str] = field(default_factory=dict)  # by profile: digest.py
    unsuitable: str = ""  # why the case cannot be rewritten for a server that knows scripts by their suffix

    @property
    def topic(self) -> str:
        return self.id.partition("/")[0]

    @property
    def variant(self) -> str:
        """Returns the variant of the server that the case needs, or "" for the plain server."""
        return next((need for need in self.needs if need in VARIANTS), "")

    @property
    def ends_server(self) -> bool:
        """Returns whether a step tells the server to end."""
        return any(step.signal or step.start == "again" for step in self.steps)

    @property
    def clauses(self) -> tuple[str, ...]:
        """Returns the clauses of all its profiles."""
        return tuple(dict.fromkeys(clause for profile in self.expect for clause in self.clauses_in(profile)))

    def clauses_in(self, profile: str) -> tuple[str, ...]:
        """Returns the clauses that the case is judged by in a profile."""
        return self.shared_clauses + self.expect[profile].clauses

    def title_in(self, profile: str) -> str:
        """Returns the title of the case in a profile: the rule in one sentence."""
        return self.expect[profile].title or self.title

    def fault_in(self, profile: str) -> str:
        """Returns the name of the fault that must make the case fail in a profile."""
        return self.expect[profile].fault or self.fault

    @property
    def connections(self) -> tuple[str, ...]:
        """Returns the names of its connections, in the order of their first steps."""
        return connections_of(self.steps)


def connections_of(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Returns the names of the connections that these steps use, in order."""
    return tuple(dict.fromkeys(step.connection for step in steps))
