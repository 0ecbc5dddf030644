"""Limits how long an exchange waits: for the next octet, and in all.

`timeout` is for silence, so that a slow server that keeps sending is not late. The cap is for the whole case, so that a
server that drips for ever comes to an end, too. A limit that has been reached tells its name.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from cgi_conform.http.connection import Connection


@dataclass(frozen=True)
class CaseDeadline:
    """The latest end of a case, a moment of time.monotonic()."""

    seconds: float = math.inf  # for the message
    until: float = math.inf

    @property
    def told(self) -> str:
        return f"no end within {self.seconds:g} s (--case-timeout)"

    def after(self, seconds: float) -> Callable[[], float]:
        """Returns a deadline in so many seconds, or before."""
        end = min(time.monotonic() + seconds, self.until)
        return lambda: end

    def without_progress(self, seconds: float, connection: Connection) -> Callable[[], float]:
        """Returns a deadline so many seconds after the last octet on the connection, or before."""
        begun = time.monotonic()
        return lambda: min(max(begun, connection.moved_at) + seconds, self.until)


@dataclass(frozen=True)
class Timeouts:
    """The time that an exchange waits for the next octet: `timeout`, or a limit that the case itself sets."""

    timeout: float
    limit: float | None
    cap: CaseDeadline

    @property
    def greater(self) -> float:
        return max(self.timeout, self.limit or 0.0)

    @property
    def silent(self) -> float:
        """Returns how long it waits for the first octet."""
        return self.timeout if self.limit is None else self.limit

    def told(self, what: str, seconds: float | None = None) -> str:
        """Returns the limit that has been reached, in words; the greater one if `seconds` names none."""
        if time.monotonic() >= self.cap.until:
            return self.cap.told
        seconds = self.greater if seconds is None else seconds
        whose = "--timeout" if seconds == self.timeout and seconds != self.limit else "the limit of the case"
        return f"{what} within {seconds:g} s ({whose})"
