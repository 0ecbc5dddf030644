"""What a user can cause, and the exit status it ends with; everything else may crash loudly."""

USAGE = 2
SERVER = 3
NOTHING_RAN = 5
INTERRUPTED = 130


class UserError(Exception):
    """A mistake of the user (2), a server that did not start or died (3), or an empty run (5)."""

    def __init__(self, message: str, status: int = USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
