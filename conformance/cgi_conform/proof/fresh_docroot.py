"""Keeps a document root, and lays it out again if a server with a fault has changed it."""

import tempfile
from pathlib import Path

from cgi_conform.cases.docroot import Docroot, FileStates, file_states, remove
from cgi_conform.cases.layout import Layout, lay_out


class FreshDocroot:
    """The document root of one worker."""

    def __init__(self, fixtures: Path, layout: Layout = Layout()) -> None:
        self._fixtures = fixtures
        self._layout = layout
        self._laid_out: tuple[Docroot, FileStates] | None = None

    def get(self) -> Docroot:
        """Returns an unchanged document root, in the directory for temporary files."""
        if self._laid_out is not None and self.has_changed():
            remove(self._laid_out[0].base)
            self._laid_out = None
        if self._laid_out is None:
            made = lay_out(self._fixtures, Path(tempfile.mkdtemp()), self._layout)
            self._laid_out = made, file_states(made.base)
        return self._laid_out[0]

    def has_changed(self) -> bool:
        """Returns whether a server has changed the document root."""
        return self._laid_out is not None and file_states(self._laid_out[0].base) != self._laid_out[1]
