"""Spells this program as the user can type it in the current folder: hints and "next" lines must work when pasted.

A checkout has build/bin/cgi-conform, which `ci/conform` starts too; an installed package has cgi-conform on PATH or
beside its interpreter. Texts of this package say `cgi-conform COMMAND`; `typed()` replaces that, in what goes to a
person and never in a report.
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
    """Returns the text with each `cgi-conform COMMAND` as it can be typed here."""
    try:
        here = Path.cwd()
    except OSError:  # it was removed
        return text
    return _CALL.sub(lambda _: program(Path(sys.argv[0]), here, os.environ), text)


def program(started: Path, here: Path, environment: Mapping[str, str]) -> str:
    """Returns what starts this program in the folder `here`; `started` is how it was started."""
    tree = build()
    bin_ = tree / "bin" if tree else Path(sys.executable).parent
    own = here / started if started.name == NAME else bin_ / NAME
    on_path = shutil.which(NAME, path=environment.get("PATH", os.defpath))
    if own.exists() and not (on_path and os.path.samefile(on_path, own)):
        relative = os.path.relpath(own, here)
        relative = relative if "/" in relative else f"./{relative}"
        return shlex.quote(min(relative, str(own), key=len))
    return "python3 -m cgi_conform" if not on_path and started.name == "__main__.py" else NAME
