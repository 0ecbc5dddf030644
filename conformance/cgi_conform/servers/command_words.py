"""Makes file names in the words of a command absolute: the user writes them relative to the current folder.

A server runs in the document root. A user writes `./my-server my.conf {port}` in another folder and means the files of
that folder. So a word of `--command` that names a file there becomes an absolute path, and so does a file behind `=` in
a word. Other words stay as they are: the suite cannot know whether they name files. If the server does not start,
lost_words() tells which words look like files that the server did not find.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

_FILE_NAME = re.compile(r"[\w.+-]*\w\.[A-Za-z]\w{0,9}")
_NO_PATH = re.compile(r".*://|HTTP/\d|.*[{}*\s]|[-/]")


def found_beside(words: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Returns the words in which each name of a file in the folder, also behind `=`, is an absolute path."""
    return tuple(_absolute(word, folder) for word in words)


def lost_words(words: Sequence[str], here: Path, root: Path) -> list[str]:
    """Returns a sentence for each word that looks like a path but names no file in the document root."""
    told: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        path = _part(word)
        if before == "-m":
            if any(os.path.exists(here / name) for name in (word, f"{word}.py")):
                told.append(f'module "{word}" lies in "{here}", but the server runs in the document root '
                            "(env PYTHONPATH={here} in front of the command)")  # fmt: skip
        elif _looks_like_a_path(path) and not os.path.exists(root / path):
            if os.path.exists(here / path):
                told.append(f'the server looks for "{path}" in the document root, where it runs ({{here}}/{path} is '
                            f'the one in "{here}")')  # fmt: skip
            else:
                told.append(f'there is no "{path}", neither in "{here}" nor in the document root, where the server runs')
    return told


def _absolute(word: str, folder: Path) -> str:
    for path in (word, _part(word)):
        place = str(folder / path)
        if path and not path.startswith(("/", "-")):
            if os.path.isfile(place) or ("/" in path and os.path.exists(place)):
                return word.removesuffix(path) + place
    return word


def _part(word: str) -> str:
    """Returns the part of a word that may be a path: the part behind `=`, or the whole word."""
    return word.partition("=")[2] or word


def _looks_like_a_path(text: str) -> bool:
    if not text or _NO_PATH.match(text):
        return False
    return "/" in text or _FILE_NAME.fullmatch(text) is not None


def fill_words(word: str, known: Mapping[str, str]) -> str:
    """Returns the text with every known {token} filled in. Other braces stay."""
    return re.sub(r"\{([a-z_]+)\}", lambda match: known.get(match[1], match[0]), word)
