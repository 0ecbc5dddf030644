"""Gives the scripts of a document root a suffix such as ".cgi", for a server that knows scripts by their suffix.

Scripts and links that name other scripts name them with the suffix. A script that prints its own name still prints it
without the suffix, as the cases expect it. A file that has the name of such a script already gives way to it.
"""

import os
from pathlib import Path

from cgi_conform.cases.script_names import OUTSIDE, ScriptNames, script_names
from cgi_conform.cases.script_paths import ScriptPaths, inserted

_OWN_NAME = b"${0##*/}"


def add_suffix(base: Path, fixtures: Path, suffix: str, modes: dict[Path, int]) -> None:
    """Renames the scripts below the base directory. `modes` gets the modes of the files under their new names."""
    names = script_names(fixtures)
    paths = ScriptPaths(names)
    for script in sorted([OUTSIDE, *(b"root/" + name for name in names.scripts)]):
        path = base / os.fsdecode(script)
        if not os.path.lexists(path):
            continue  # an entry that only root can make
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes().replace(_OWN_NAME, os.path.basename(script))
            path.write_bytes(inserted(content, paths.in_text(content), suffix.encode()))
        renamed = path.with_name(path.name + suffix)
        os.replace(path, renamed)
        if path in modes:
            modes[renamed] = modes.pop(path)
    _mend_links(base, names, suffix)


def _mend_links(base: Path, names: ScriptNames, suffix: str) -> None:
    """Makes each link to a script lead to its new name."""
    for directory, folders, files in os.walk(base):
        for path in (Path(directory) / name for name in [*folders, *files]):
            if path.is_symlink():
                target = os.fsencode(os.readlink(path))
                mended = names.suffixed_link(os.fsencode(path.relative_to(base)), target, suffix)
                if mended != target:
                    path.unlink()
                    path.symlink_to(os.fsdecode(mended))
