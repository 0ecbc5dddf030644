"""Keeps document roots in temporary directories, removes them, and finds out whether a server has changed one."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

FileStates = dict[str, tuple[int, int, int, int, int]]  # by path: inode, mode, owner, size, time of the last change


@dataclass(frozen=True)
class Docroot:
    """A document root and the base directory that contains it."""

    base: Path
    name: str = "root"

    @property
    def root(self) -> Path:
        return self.base / self.name


# The directories that scratch() made and that still exist. A module variable, because a signal handler removes them
# when it ends the process: it has no other way to find them.
_scratch: set[Path] = set()


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """Makes a directory under TMPDIR or /tmp that every user can pass through, and removes it at the end."""
    made = Path(tempfile.mkdtemp(prefix=prefix, dir=reachable_tmp()))
    _scratch.add(made)
    try:
        made.chmod(0o711)
        yield made
    finally:
        remove(made)
        _scratch.discard(made)


def file_reader(root: Path, fixtures: Path) -> Callable[[str], bytes]:
    """Returns a function that reads a file of the document root, or of the fixtures if the root has no such file."""

    def read(name: str) -> bytes:
        path = root / name
        return (path if path.exists() else fixtures / "docroot" / name).read_bytes()

    return read


def remove_all() -> None:
    """Removes every directory of scratch(), because the process ends now."""
    for made in list(_scratch):
        with suppress(OSError):
            remove(made)


def remove(base: Path) -> None:
    """Removes a directory tree, including directories that their owner cannot read."""
    if not base.is_symlink() and base.is_dir():
        _open_up(base)
        shutil.rmtree(base)


def _open_up(directory: Path) -> None:
    os.chmod(directory, 0o700)
    for entry in os.scandir(directory):
        if entry.is_dir(follow_symlinks=False):
            _open_up(Path(entry.path))


def file_states(base: Path) -> FileStates:
    """Returns the states of all files and directories below a directory, to find out later which of them have changed.

    Skips the content of a directory that it cannot read. A server of the same user cannot change this content either.
    """
    found: FileStates = {}
    folders = [""]
    for folder in folders:  # grows in the loop
        try:
            entries = list(os.scandir(os.path.join(base, folder)))
        except OSError:
            continue
        for entry in entries:
            path = os.path.join(folder, entry.name)
            status = entry.stat(follow_symlinks=False)
            found[path] = status.st_ino, status.st_mode, status.st_uid, status.st_size, status.st_ctime_ns
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
    return found


def reachable_tmp() -> Path:
    """Returns TMPDIR, or /tmp if scripts that run as user nobody cannot reach TMPDIR."""
    chosen = Path(tempfile.gettempdir()).resolve()
    reachable = all(place.stat().st_mode & stat.S_IXOTH for place in [chosen, *chosen.parents])
    return chosen if reachable or os.geteuid() != 0 else Path("/tmp")
