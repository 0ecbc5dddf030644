"""Shows how far a command is, in one line that the next one replaces; on a terminal only."""

import sys


def show_progress(text: str) -> None:
    """Shows the text in place of the last one; an empty text removes it."""
    if sys.stderr.isatty():  # asks each time, because the terminal may have been closed
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
