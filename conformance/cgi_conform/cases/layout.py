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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cgi_conform.cases.answer import read_repeat
from cgi_conform.cases.docroot import Docroot, scratch
from cgi_conform.cases.script_program import put_programs
from cgi_conform.cases.suffixed_scripts import add_suffix
from cgi_conform.cases.system_needs import entry_needs
from cgi_conform.errors import UserError
from cgi_conform.octets import BadEscape, Tokens, decode, fill
from cgi_conform.schema import read_valid_toml

CHANGED = 1577934245  # 2020-01-02T03:04:05Z
_COMPILED = "__pycache__"


@dataclass(frozen=True)
class Layout:
    """The form in which a server needs its document root."""

    suffix: str = ""  # of scripts
    lacks: frozenset[str] = frozenset()  # what the system of the server lacks: SYSTEM
    program: Path | None = None  # takes the place of each script: script_program.py


@contextmanager
def temporary(fixtures: Path, layout: Layout = Layout()) -> Iterator[Docroot]:
    """Lays out a document root in a new directory, and removes it at the end."""
    with scratch("cgi-conform-") as base:
        yield lay_out(fixtures, base, layout)


def lay_out(fixtures: Path, base: Path, layout: Layout = Layout()) -> Docroot:
    """Lays out a document root in `base`, which must be empty or absent."""
    if not (fixtures / "docroot").is_dir():
        raise UserError(f'the corpus "{fixtures}" has no folder docroot/ with the files to serve')
    try:
        base.mkdir(parents=True, exist_ok=True)
        if any(base.iterdir()):
            raise UserError(f'"{base}" is not empty (name a new directory)')
    except OSError as error:
        raise UserError(f'cannot lay out in "{base}": {error.strerror}') from None
    base = base.resolve()
    modes: dict[Path, int] = {base: 0o755}
    _copy(fixtures / "docroot", base / "root", modes, layout)
    manifest = fixtures / "docroot.toml"
    document = read_valid_toml(manifest, manifest.name, "docroot.schema.json") if manifest.exists() else {}
    entries = list(enumerate(document.get("entry", []), 1))
    aliases = [each for each in entries if "alias" in each[1]]
    _make_all([each for each in entries if each not in aliases], base, modes, layout)
    if layout.program:
        executable = [path for path, mode in modes.items() if mode & 0o111]
        kept = {name for names in document.get("needs", {}).values() for name in names}
        put_programs(base, layout.program, executable, kept)
    _make_all(aliases, base, modes, layout)  # copies of the programs, which have the names of their scripts inside
    if layout.suffix:
        add_suffix(base, fixtures, layout.suffix, modes)
    _finish(base, modes)
    return Docroot(base)


def _make_all(entries: Iterable[tuple[int, dict[str, Any]]], base: Path, modes: dict[Path, int], layout: Layout) -> None:
    """Makes the entries with these numbers, except those that the system lacks or that only root can make."""
    for number, entry in entries:
        if entry.get("needs") == "root" and os.geteuid() != 0:
            continue
        try:
            if not _lacking(entry, base, layout):
                _make(entry, base, modes)
        except (BadEscape, OSError, ValueError) as error:
            raise UserError(f'docroot.toml: entry {number} "{entry["path"]}": {error}') from error


def _lacking(entry: dict[str, Any], base: Path, layout: Layout) -> bool:
    """Returns whether the system of the server lacks what the entry needs."""
    if entry_needs(entry) & layout.lacks:
        return True
    if "case-sensitive" not in layout.lacks:
        return False
    path = base / os.fsdecode(decode(entry["path"]))
    others = path.parent.iterdir() if path.parent.is_dir() else ()
    return any(other.name != path.name and other.name.lower() == path.name.lower() for other in others)


def _copy(source: Path, target: Path, modes: dict[Path, int], layout: Layout) -> None:
    target.mkdir()
    modes[target] = 0o755
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        if entry.name == _COMPILED:  # pip compiles every .py file that it installs, also those of a document root
            continue
        if entry_needs({"path": entry.name}) & layout.lacks:
            continue
        copy = target / entry.name
        if entry.is_symlink():
            copy.symlink_to(os.readlink(entry.path))
        elif entry.is_dir():
            _copy(Path(entry.path), copy, modes, layout)
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
    if link := entry.get("link"):
        place = Tokens(port=0, root=str(base / "root"), base=str(base))
        path.symlink_to(os.fsdecode(fill(decode(link), place)))
        return
    if alias := entry.get("alias"):
        shutil.copyfile(path.parent / os.fsdecode(decode(alias)), path)
        usual = 0o755
    elif entry.get("directory"):
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
