"""Where a case is written: the file as others name it, and the line its id stands on."""

import re
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.paths import DATA, REPO, shown


def shown_file(case: Case) -> str:
    """Returns the case file as reports name it: below this checkout or package, or as it is if it lies elsewhere."""
    return shown(Path(case.file))


def line_of(case: Case) -> int:
    """Returns the line of the case's id, 1 if the file is not there or writes it unusually."""
    path = (REPO or DATA) / case.file
    wanted = re.compile(rf"""\s*id\s*=\s*(["']){re.escape(case.id)}\1""")
    try:
        text = path.read_text("utf-8")
    except OSError:
        return 1
    return next((number for number, line in enumerate(text.splitlines(), 1) if wanted.match(line)), 1)
