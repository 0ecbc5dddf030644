"""Finds the known word that a user probably meant, for the hints in messages."""

import difflib
from collections.abc import Iterable


def closest(word: str, known: Iterable[str], similarity: float = 0.6) -> str:
    """Returns the known word that is most similar, or "" if none has that similarity (0 takes any word)."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=similarity)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns a hint such as ' (did you mean "status"?)', or "" if no known word is similar."""
    found = closest(word, known)
    return f' (did you mean "{found}"?)' if found else ""
