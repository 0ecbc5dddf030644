"""Lists the scripts of the document root, which get a suffix if the server knows scripts by their suffix.

A script is a file, a link or a FIFO below /cgi-bin or /htbin whose name has no suffix yet. outside/tool is one, too: it
must still be a script if a request reaches it by mistake. Files such as cgi-bin/data.txt or cgi-bin/mark~ keep their
names, because such a server takes them for plain files.
"""

import functools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cgi_conform.octets import decode
from cgi_conform.schema import read_toml

CGI_DIRECTORIES = (b"cgi-bin", b"htbin")
OUTSIDE = b"outside/tool"  # beside the document root
_ROOT = b"root/"
_NAMESAKE = re.compile(rb"(.+)/(?:" + b"|".join(CGI_DIRECTORIES) + rb")/")
_PLAIN = re.compile(rb"[A-Za-z0-9-]+")


@dataclass(frozen=True)
class ScriptNames:
    """The names below the CGI directories, as paths from the document root on."""

    scripts: frozenset[bytes]
    others: frozenset[bytes]  # files that keep their names
    directories: frozenset[bytes]  # and links to directories
    namesakes: frozenset[bytes]  # directories with a folder that is no CGI directory in spite of its name

    def suffixed(self, path: bytes, suffix: str) -> bytes:
        """Returns a path from the base directory on, such as root/cgi-bin/probe, with the suffix if it is a script."""
        is_script = path == OUTSIDE or (path.startswith(_ROOT) and path.removeprefix(_ROOT) in self.scripts)
        return path + suffix.encode() if is_script else path

    def suffixed_link(self, path: bytes, target: bytes, suffix: str) -> bytes:
        """Returns the target of the link at a path from the base directory on, with the suffix if it is a script."""
        led_to = _led_to(path, target)
        return target + suffix.encode() if self.suffixed(led_to, suffix) != led_to else target


@dataclass(frozen=True)
class _File:
    path: bytes  # from the document root on
    is_program: bool  # it is executable, or a link
    target: bytes | None = None


@functools.cache
def script_names(fixtures: Path) -> ScriptNames:
    """Returns the names that the plain files of docroot/ and the entries of docroot.toml make."""
    files = [*_plain_files(fixtures / "docroot"), *_entries(fixtures / "docroot.toml")]
    inside = [file for file in files if file.path.startswith(tuple(name + b"/" for name in CGI_DIRECTORIES))]
    directories = {*CGI_DIRECTORIES, *(parent for file in inside for parent in _parents(file.path))}
    of_links = {_ROOT + each for each in directories} | {os.path.dirname(OUTSIDE)}
    to_directories = {
        file.path for file in inside if file.target is not None and _led_to(_ROOT + file.path, file.target) in of_links
    }
    scripts = {file.path for file in inside if _is_script(file)} - to_directories
    others = {file.path for file in inside} - scripts - to_directories
    namesakes = {found[1] for file in files if (found := _NAMESAKE.match(file.path))}
    return ScriptNames(frozenset(scripts), frozenset(others), frozenset(directories | to_directories), frozenset(namesakes))


def _is_script(file: _File) -> bool:
    folder, _, name = file.path.rpartition(b"/")
    if b"." in name[1:] or b"/." in folder:
        return False
    return file.is_program or _PLAIN.fullmatch(name) is not None


def _led_to(path: bytes, target: bytes) -> bytes:
    """Returns where a link leads to, from the base directory on."""
    return os.path.normpath(os.path.join(os.path.dirname(path), target))


def _parents(path: bytes) -> Iterator[bytes]:
    while path := os.path.dirname(path):
        yield path


def _plain_files(docroot: Path) -> Iterator[_File]:
    for path in docroot.rglob("*"):
        if path.is_symlink():
            yield _File(os.fsencode(path.relative_to(docroot)), True, os.fsencode(os.readlink(path)))
        elif path.is_file():
            yield _File(os.fsencode(path.relative_to(docroot)), path.stat().st_mode & 0o100 != 0)


def _entries(manifest: Path) -> Iterator[_File]:
    for entry in read_toml(manifest, manifest.name).get("entry", []) if manifest.exists() else []:
        path = decode(entry["path"])
        if path.startswith(_ROOT) and not entry.get("directory"):
            target = decode(entry["link"]) if "link" in entry else None
            is_program = "link" in entry or "alias" in entry or int(entry.get("mode", "0"), 8) & 0o111 != 0
            yield _File(path.removeprefix(_ROOT), is_program, target)
