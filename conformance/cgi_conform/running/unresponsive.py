"""Ends a run if the server is unresponsive: ten cases in a row get no complete answer.

A case counts if it needs an answer, fails, and gets no octet: the server is silent, refuses the connection, or closes
it without an octet. It counts, too, if the client had to give up: the answer had no end within the limits. Some servers
close on purpose, and some are silent whenever a script runs. So before the run ends, the suite asks the server for a
plain file. If a complete answer comes, the server is alive, and the count starts again. A case that expects no octet
and gets none is ignored.

The cases count in the order of the run, not in the order in which workers finish. So the number of workers does not
matter.
"""

from collections.abc import Callable

from cgi_conform.running.trial import CaseOutcome

LENGTH = 10


class UnresponsiveServer:
    """Counts the cases in a row without an answer. `is_alive` asks the server for a plain file."""

    reason = f"gave no complete answer to {LENGTH} cases in a row, nor to GET /hello.txt afterwards"

    def __init__(self, is_alive: Callable[[], bool]) -> None:
        self._is_alive = is_alive
        self._length = 0

    def ends_with(self, found: CaseOutcome) -> bool:
        """Returns whether the run must end after this case."""
        if found.answered is not None:
            self._length = 0 if found.answered else self._length + 1
        if self._length < LENGTH:
            return False
        self._length = 0
        return not self._is_alive()
