"""Keeps a document root, and lays it out again if a server with a fault has changed it."""

import os
import tempfile
from pathlib import Path

from cgi_conform.cases.docroot import Docroot, lay_out, remove


class FreshDocroot:
    """The document root of one worker."""

    def __init__(self, fixtures: Path) -> None:
        self._fixtures = fixtures
        self._laid_out: tuple[Docroot, object] | None = None

    def get(self) -> Docroot:
        """Returns an unchanged document root, in the directory for temporary files."""
        if self._laid_out is not None and self.has_changed():
            remove(self._laid_out[0].base)
            self._laid_out = None
        if self._laid_out is None:
            made = lay_out(self._fixtures, Path(tempfile.mkdtemp()))
            self._laid_out = made, _state(made.base)
        return self._laid_out[0]

    def has_changed(self) -> bool:
        """Returns whether a server has changed the document root."""
        return self._laid_out is not None and _state(self._laid_out[0].base) != self._laid_out[1]


def _state(top: Path | str) -> object:
    """Returns everything that a server could change of the files: it cannot change a directory that it cannot read."""
    known: list[object] = []
    try:
        entries = list(os.scandir(top))
    except PermissionError:
        return None
    for entry in entries:
        status = entry.stat(follow_symlinks=False)
        inside = _state(entry.path) if entry.is_dir(follow_symlinks=False) else None
        known.append((entry.name, status.st_mode, status.st_uid, status.st_size, status.st_ctime_ns, inside))
    return known
