"""Adds to the "got" of a mismatch the status line that was judged, and the connection if there are several."""

from cgi_conform.judging.results import MismatchEntry


def beside(item: MismatchEntry) -> str:
    """Returns the words, or nothing."""
    connection = item.get("connection", "")
    words = [item.get("line", ""), f"(connection {connection})" if connection else ""]
    return " ".join(word for word in words if word)


def joined(got: str, item: MismatchEntry) -> str:
    """Returns what was got, with what stands beside it."""
    more = beside(item)
    return f"{got}  {more}" if more else got
