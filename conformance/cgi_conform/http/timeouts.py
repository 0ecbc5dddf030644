"""Limits how long an exchange may take: the time until the next octet, and the time for the whole case.

The timeout limits silence, so that a slow server that keeps sending is not late. The deadline of the case ends an
exchange with a server that sends octet after octet for ever. A limit that has been reached is named in the mismatch.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from cgi_conform.http.connection import Connection


@dataclass(frozen=True)
class CaseDeadline:
    """The latest end of a case (--case-timeout), as a time of time.monotonic()."""

    seconds: float = math.inf  # for the message
    until: float = math.inf

    @classmethod
    def from_now(cls, seconds: float, waits: float = 0.0) -> Self:
        """Returns the deadline of a case that starts now. `waits` is the time that the case itself waits."""
        return cls(seconds, time.monotonic() + seconds + waits)

    @property
    def told(self) -> str:
        return f"no end within {self.seconds:g} s (--case-timeout)"

    def after(self, seconds: float) -> Callable[[], float]:
        """Returns a deadline in so many seconds, or at the deadline of the case if that is earlier."""
        end = min(time.monotonic() + seconds, self.until)
        return lambda: end

    def without_progress(self, seconds: float, connection: Connection) -> Callable[[], float]:
        """Returns a deadline so many seconds after the connection's last octet, or that of the case if earlier."""
        begun = time.monotonic()
        return lambda: min(max(begun, connection.moved_at) + seconds, self.until)


@dataclass(frozen=True)
class Timeouts:
    """The seconds that an exchange waits for an octet: `timeout` of the run, and `limit` of the case, if any."""

    timeout: float
    limit: float | None
    deadline: CaseDeadline

    @property
    def longer(self) -> float:
        return max(self.timeout, self.limit or 0.0)

    @property
    def silent(self) -> float:
        """Returns the seconds that the client waits for the first octet."""
        return self.timeout if self.limit is None else self.limit

    def told(self, what: str, seconds: float | None = None) -> str:
        """Returns in words which limit was reached, after so many seconds (default: the longer one)."""
        if time.monotonic() >= self.deadline.until:
            return self.deadline.told
        seconds = self.longer if seconds is None else seconds
        whose = "--timeout" if seconds == self.timeout and seconds != self.limit else "the limit of the case"
        return f"{what} within {seconds:g} s ({whose})"
