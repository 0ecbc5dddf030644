"""Writes the name of this program so that a user can type it in the current folder: pasted hints must work.

A checkout has build/bin/cgi-conform, which `ci/conform` starts too. An installed package has cgi-conform on PATH or
beside its interpreter. The texts of this package say `cgi-conform COMMAND`. typed() replaces that in messages to a
person, but not in reports.
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from cgi_conform.examples import EXAMPLES
from cgi_conform.paths import build

NAME = "cgi-conform"
_CALL = re.compile(rf"(?<![\w/.-]){NAME}(?= (?:{'|'.join(map(re.escape, EXAMPLES))}|--help)\b)")


def typed(text: str) -> str:
    """Returns the text in which each `cgi-conform COMMAND` can be pasted into a shell in the current folder."""
    try:
        here = Path.cwd()
    except OSError:  # the current folder was removed
        return text
    return _CALL.sub(lambda _: program(Path(sys.argv[0]), here, os.environ), text)


def program(started: Path, here: Path, environment: Mapping[str, str]) -> str:
    """Returns the word that starts this program in the folder `here`. `started` is the path it was started with."""
    tree = build()
    bin_ = tree / "bin" if tree else Path(sys.executable).parent
    own = here / started if started.name == NAME else bin_ / NAME
    on_path = shutil.which(NAME, path=environment.get("PATH", os.defpath))
    if own.exists() and not (on_path and os.path.samefile(on_path, own)):
        relative = os.path.relpath(own, here)
        relative = relative if "/" in relative else f"./{relative}"
        return shlex.quote(min(relative, str(own), key=len))
    return "python3 -m cgi_conform" if not on_path and started.name == "__main__.py" else NAME
