"""The error that a user can cause, and the exit statuses of the commands.

Every other error crashes with a traceback.
"""

from collections.abc import Sequence

from cgi_conform.octets import visible

USAGE = 2
SERVER = 3
NOTHING_RAN = 5
INTERRUPTED = 130


class UserError(Exception):
    """An error with a message: wrong usage (2), a server that did not start or died (3), an empty run (5).

    A message is one line, or several if it is given as a list. A line may quote what the user wrote, so the control
    characters in it are escaped.
    """

    def __init__(self, message: str | Sequence[str], status: int = USAGE) -> None:
        self.message = "\n".join(map(visible, [message] if isinstance(message, str) else message))
        super().__init__(self.message)
        self.status = status
