"""Where a case is written: the file as others name it, and the line its id stands on."""

import re
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.paths import REPO


def shown_file(case: Case) -> str:
    """The case file relative to this checkout, or as it is when it lies elsewhere."""
    path = Path(case.file)
    return path.relative_to(REPO).as_posix() if path.is_relative_to(REPO) else path.as_posix()


def line_of(case: Case) -> int:
    """The line of the case's id, 1 if the file is not there or writes it unusually."""
    path = Path(case.file)
    if not path.is_absolute():
        path = REPO / path
    wanted = re.compile(rf"""\s*id\s*=\s*(["']){re.escape(case.id)}\1""")
    try:
        text = path.read_text("utf-8")
    except OSError:
        return 1
    return next((number for number, line in enumerate(text.splitlines(), 1) if wanted.match(line)), 1)
