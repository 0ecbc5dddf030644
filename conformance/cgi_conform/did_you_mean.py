"""Finds the known word that a user probably meant, for the hints in messages."""

import difflib
import os
from collections.abc import Iterable
from pathlib import Path


def closest(word: str, known: Iterable[str], similarity: float = 0.6) -> str:
    """Returns the known word that is most similar, or "" if none has that similarity (0 takes any word)."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=similarity)), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns a hint such as ' (did you mean "status"?)', or "" if no known word is similar."""
    found = closest(word, known)
    return f' (did you mean "{found}"?)' if found else ""


def nearest_path(missing: Path) -> str:
    """Returns a hint with the existing path that is most similar to a missing one, or "" if none is similar."""
    found = Path(missing.anchor)
    for part in missing.parts[bool(missing.anchor) :]:
        try:
            there = os.listdir(found)
        except OSError:  # a file, or a folder that this user cannot read
            return ""
        part = part if part in there or part == ".." else closest(part, there)
        if not part:
            return ""
        found /= part
    return "" if found == missing else f' (did you mean "{found}"?)'
