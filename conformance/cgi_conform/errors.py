"""The error that a user can cause, and the exit statuses of the commands.

Every other error crashes with a traceback.
"""

USAGE = 2
SERVER = 3
NOTHING_RAN = 5
INTERRUPTED = 130


class UserError(Exception):
    """An error with a message: wrong usage (2), a server that did not start or died (3), an empty run (5)."""

    def __init__(self, message: str, status: int = USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
