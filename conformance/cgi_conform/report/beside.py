"""Adds two facts to the "got" of a mismatch: the judged status line, and the connection if there are several."""

from cgi_conform.judging.results import MismatchEntry


def beside(item: MismatchEntry) -> str:
    """Returns the status line and the connection of a mismatch, or an empty text."""
    connection = item.get("connection", "")
    words = [item.get("line", ""), f"(connection {connection})" if connection else ""]
    return " ".join(word for word in words if word)


def joined(got: str, item: MismatchEntry) -> str:
    """Returns the text of "got" with the facts of `beside()`."""
    more = beside(item)
    return f"{got}  {more}" if more else got
