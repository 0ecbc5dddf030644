"""Lays out a new document root: the files of fixtures/docroot, then the entries of docroot.toml.

    base/root      the document root          base/outside, …   files that a server must not serve

With a suffix, the names of the scripts end with it (suffixed_scripts.py).
Modes and times are the same on every machine. Files have mode 0644, or 0755 if git has the executable bit; directories
have 0755. All were last changed at 2020-01-02T03:04:05Z. Scripts run as user nobody, so every user can reach the base.
"""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cgi_conform.cases.answer import read_repeat
from cgi_conform.cases.suffixed_scripts import add_suffix
from cgi_conform.errors import UserError
from cgi_conform.octets import BadEscape, Tokens, decode, fill
from cgi_conform.schema import read_valid_toml

CHANGED = 1577934245  # 2020-01-02T03:04:05Z
_COMPILED = "__pycache__"
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


@contextmanager
def temporary(fixtures: Path, suffix: str = "") -> Iterator[Docroot]:
    """Lays out a document root in a new directory, and removes it at the end."""
    with scratch("cgi-conform-") as base:
        yield lay_out(fixtures, base, suffix)


def remove_all() -> None:
    """Removes every directory of scratch(), because the process ends now."""
    for made in list(_scratch):
        with suppress(OSError):
            remove(made)


def lay_out(fixtures: Path, base: Path, suffix: str = "") -> Docroot:
    """Lays out a document root in `base`, which must be empty or absent."""
    try:
        base.mkdir(parents=True, exist_ok=True)
        if any(base.iterdir()):
            raise UserError(f'"{base}" is not empty (name a new directory)')
    except OSError as error:
        raise UserError(f'cannot lay out in "{base}": {error.strerror}') from None
    base = base.resolve()
    modes: dict[Path, int] = {base: 0o755}
    _copy(fixtures / "docroot", base / "root", modes)
    manifest = fixtures / "docroot.toml"
    if manifest.exists():
        for number, entry in enumerate(_read_manifest(manifest), 1):
            if entry.get("needs") == "root" and os.geteuid() != 0:
                continue
            try:
                _make(entry, base, modes)
            except (BadEscape, OSError, ValueError) as error:
                raise UserError(f'{manifest.name}: entry {number} "{entry["path"]}": {error}') from error
    if suffix:
        add_suffix(base, fixtures, suffix, modes)
    _finish(base, modes)
    return Docroot(base)


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


def _read_manifest(path: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = read_valid_toml(path, path.name, "docroot.schema.json")["entry"]
    return entries


def _copy(source: Path, target: Path, modes: dict[Path, int]) -> None:
    target.mkdir()
    modes[target] = 0o755
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        if entry.name == _COMPILED:  # pip compiles every .py file that it installs, also those of a document root
            continue
        copy = target / entry.name
        if entry.is_symlink():
            copy.symlink_to(os.readlink(entry.path))
        elif entry.is_dir():
            _copy(Path(entry.path), copy, modes)
        else:
            shutil.copyfile(entry.path, copy)
            modes[copy] = 0o755 if entry.stat().st_mode & stat.S_IXUSR else 0o644


def _make(entry: dict[str, Any], base: Path, modes: dict[Path, int]) -> None:
    name = decode(entry["path"])
    path = base / os.fsdecode(name)
    if name.startswith(b"/") or b".." in name.split(b"/"):
        raise ValueError("leads out of the base directory")
    for parent in reversed(path.relative_to(base).parents[:-1]):
        if not (base / parent).is_dir():
            (base / parent).mkdir()
            modes[base / parent] = 0o755
    usual = 0o644
    if "link" in entry:
        place = Tokens(port=0, root=str(base / "root"), base=str(base))
        path.symlink_to(os.fsdecode(fill(decode(entry["link"]), place)))
        return
    if entry.get("directory"):
        path.mkdir(exist_ok=True)
        usual = 0o755
    elif entry.get("fifo"):
        os.mkfifo(path)
    elif "repeat" in entry:
        path.write_bytes(read_repeat(entry["repeat"]).octets())
    else:
        path.write_bytes(decode(entry["text"]))
    modes[path] = int(entry["mode"], 8) if "mode" in entry else usual
    if "owner" in entry and os.geteuid() == 0:
        owner = pwd.getpwnam(entry["owner"])
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _finish(base: Path, modes: dict[Path, int]) -> None:
    """Sets times and modes from the bottom up, because adding a file changes the times of its directory."""
    for directory, names, files in os.walk(base, topdown=False):
        for name in [*names, *files]:
            os.utime(os.path.join(directory, name), (CHANGED, CHANGED), follow_symlinks=False)
    os.utime(base, (CHANGED, CHANGED))
    for path in sorted(modes, key=lambda path: len(path.parts), reverse=True):
        os.chmod(path, modes[path])
