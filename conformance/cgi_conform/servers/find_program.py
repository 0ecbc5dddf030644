"""Finds the program of a server: on PATH, among pyenv's versions, or beside the definition of the server."""

import glob
import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from cgi_conform.paths import build
from cgi_conform.servers.command_words import fill_words

FIXED_PATH = "/usr/local/bin:/usr/bin:/bin"


def find_on_path(name: str) -> Path | None:
    """Returns a program on PATH or among pyenv's versions. For a pyenv shim, returns the program that it starts."""
    for folder in os.environ.get("PATH", FIXED_PATH).split(os.pathsep):
        path = Path(folder) / name
        if not (os.path.isfile(path) and os.access(path, os.X_OK)):  # Path.is_file() raises PermissionError
            continue
        if path.parent.name != "shims":
            return path.absolute()
        if found := _newest(path.parent.parent / "versions", name):
            return found
    root = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))
    return _newest(root / "versions", name)


def _newest(versions: Path, name: str) -> Path | None:
    def number(path: Path) -> list[int]:
        return [int(digits) for digits in re.findall(r"\d+", path.parent.parent.name)]

    try:
        found = sorted(versions.glob(f"*/bin/{name}"), key=number)
    except OSError:
        return None
    usable = [path for path in found if os.access(path, os.X_OK)]
    return usable[-1] if usable else None


def first_installed(candidates: list[str]) -> Path | None:
    """Returns the absolute path of the first candidate that exists, or None."""
    return next((path for path in map(which, candidates) if path is not None), None)


def lacks(wanted: Sequence[str], here: Path) -> list[str]:
    """Returns the programs on PATH, and the files, that a server needs and this machine does not have."""
    needed = [program_path(word, here) for word in wanted]
    return [search_note(word, here) for word in needed if not (glob.glob(word) if "/" in word else which(word))]


def build_token() -> dict[str, str]:
    """Returns the value of the token {build}; {} without a build tree."""
    tree = build()
    return {"build": str(tree)} if tree else {}


def program_path(word: str, here: Path) -> str:
    """Returns a program with its tokens filled in. A relative path becomes one beside the definition."""
    filled = fill_words(word, {**build_token(), "python": sys.executable, "here": str(here)})
    return str(here / filled) if "/" in filled else filled


def search_note(word: str, here: Path) -> str:
    """Returns the name of a program for the message that it was not found, with the reason if the file exists."""
    if os.path.isfile(here / word) and "/" not in word:
        return f"{word} on PATH: write ./{word} for the one in {here}"
    if os.path.isfile(here / word) and not os.access(here / word, os.X_OK):
        return f"{word}, which is not executable: chmod +x"
    if "/" in word and os.path.isdir(here / word):
        return f"{word}, which is a folder: name a program in it"
    return word if "/" in word else f"{word} on PATH"


def which(word: str) -> Path | None:
    """Returns the absolute path of a program on PATH, or None."""
    found = shutil.which(word)
    return Path(found).absolute() if found else None
