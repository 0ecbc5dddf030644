"""A file is written beside its place and renamed: a reader sees the old one or the new one, never half of it."""

import os
import tempfile
from pathlib import Path

from cgi_conform.errors import UserError


def need_folder(path: Path) -> None:
    """Makes the folder, and raises UserError if no file can be written into it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UserError(f'cannot write into "{path}": {error.strerror} (name another folder)') from None


def write_whole(path: Path, text: str) -> None:
    """Make `path` hold exactly this text."""
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
    except OSError as error:
        os.unlink(beside)
        raise UserError(f'cannot write "{path}": {error.strerror}') from None
