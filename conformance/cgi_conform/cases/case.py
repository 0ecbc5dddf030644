"""A case: what is sent, step by step, and what each profile expects.

Byte-ish values are octets already (escapes decoded); {port}, {root} and {base} are still in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cgi_conform.cases.answer import Expectation
from cgi_conform.cases.matcher import Repeat
from cgi_conform.cases.variants import VARIANTS

NEEDS = ("launch", "root", "user", "host", "log", "same-port", *VARIANTS)


@dataclass(frozen=True)
class Step:
    """One step on one connection: wait for bytes, pause, send, then end it as asked."""

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
    start: str = ""  # the server once more: "again" or "second"
    wait_gone: float | None = None


@dataclass(frozen=True)
class Case:
    """One rule, the bytes that try it, and what each profile expects."""

    id: str
    title: str
    shared_clauses: tuple[str, ...]  # of all its profiles
    fault: str
    steps: tuple[Step, ...]
    expect: Mapping[str, Expectation]  # by profile
    file: Path
    see: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    environment: Mapping[str, bytes] = field(default_factory=dict)
    control: bytes | None = None
    limit: float | None = None
    times: int = 1  # how often the steps are played; each time is judged
    descriptor: int | None = None  # an open file that the server inherits

    @property
    def topic(self) -> str:
        return self.id.partition("/")[0]

    @property
    def variant(self) -> str:
        """Returns the launch variant the case needs, "" for the plain server."""
        return next((need for need in self.needs if need in VARIANTS), "")

    @property
    def ends_server(self) -> bool:
        """Returns whether a step tells the server to end."""
        return any(step.signal or step.start == "again" for step in self.steps)

    @property
    def clauses(self) -> tuple[str, ...]:
        """Returns what it is judged by in one of its profiles at least."""
        return tuple(dict.fromkeys(clause for profile in self.expect for clause in self.clauses_in(profile)))

    def clauses_in(self, profile: str) -> tuple[str, ...]:
        """Returns what it is judged by in that profile."""
        return self.shared_clauses + self.expect[profile].clauses

    def title_in(self, profile: str) -> str:
        """Returns the rule in one sentence, as that profile has it."""
        return self.expect[profile].title or self.title

    def fault_in(self, profile: str) -> str:
        """Returns the defect that turns the case red in that profile."""
        return self.expect[profile].fault or self.fault

    @property
    def connections(self) -> tuple[str, ...]:
        """Returns the connections it opens, in the order they are first named."""
        return connections_of(self.steps)


def connections_of(steps: tuple[Step, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step.connection for step in steps))
