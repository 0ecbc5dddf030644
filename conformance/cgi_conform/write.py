"""Writes files so that a reader sees the old or the new text, never a part: a temporary file is renamed."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cgi_conform.errors import UserError


def need_folder(path: Path) -> None:
    """Makes the folder. Raises UserError if the user cannot write files into it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UserError(f'cannot write into "{path}": {error.strerror} (name another folder)') from None


def need_file(path: Path) -> None:
    """Makes the folder of the file. Raises UserError if the user cannot write the file."""
    need_folder(path.parent)
    if path.is_dir():
        raise UserError(f'cannot write "{path}": it is a folder (name a file in it)')


def write_whole(path: Path, text: str) -> None:
    """Replaces the content of the file with this text, or creates it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UserError(f'cannot write "{path}": {error.strerror}') from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(beside, 0o644)  # mkstemp makes it readable for its owner only
        os.replace(beside, path)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(beside)
        if isinstance(error, OSError):
            raise UserError(f'cannot write "{path}": {error.strerror}') from None
        raise
