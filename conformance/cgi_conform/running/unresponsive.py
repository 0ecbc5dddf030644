"""Ends a run whose server gives no answer at all to ten cases in a row.

A case counts if it asks for an answer, is not as expected, and brought no octet: silence, no connection, or a connection
that the server closed without an octet. A server may close on purpose, and a server may be silent whenever a script
runs; so before the run ends, the server is asked for a plain file. If that brings an octet, the server is alive, and
the row begins anew. A case that brings no octet as it expects neither counts nor ends the row.

Cases are taken in the order of the run, whichever worker is done first: how many are tried at a time decides nothing.
"""

from collections.abc import Callable

from cgi_conform.running.trial import CaseOutcome

LENGTH = 10


class UnresponsiveServer:
    """Counts the cases in a row that brought no answer; `is_alive` asks the server for a plain file."""

    reason = f"gave no answer to {LENGTH} cases in a row, nor to GET /hello.txt afterwards"

    def __init__(self, is_alive: Callable[[], bool]) -> None:
        self._is_alive = is_alive
        self._length = 0

    def ends_with(self, found: CaseOutcome) -> bool:
        """Returns whether the run ends with this case."""
        if found.answered is not None:
            self._length = 0 if found.answered else self._length + 1
        if self._length < LENGTH:
            return False
        self._length = 0
        return not self._is_alive()
