"""Finds the file and the line where cases, clauses and faults are written."""

import re
from collections.abc import Mapping
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.paths import FAULTY, shown

_TABLE = re.compile(r"""\[\[?(["']?)([^"'\]]+?)\1(?:\.edit)?\]\]?\s*(?:#.*)?""")
_NUMBER = re.compile(r"\d{3}$")


def shown_file(case: Case) -> str:
    """Returns the path of the case's file as reports show it."""
    return shown(case.file)


def line_of(case: Case) -> int:
    """Returns the line of the case's id, or 1 if no line has the id in the usual form or the file does not exist."""
    wanted = re.compile(rf"""\s*id\s*=\s*(["']){re.escape(case.id)}\1""")
    try:
        text = case.file.read_text("utf-8")
    except OSError:
        return 1
    return next((number for number, line in enumerate(text.splitlines(), 1) if wanted.match(line)), 1)


def table_locations(*files: Path) -> dict[str, str]:
    """Returns FILE:LINE of each table at the top level of these TOML files, by the name of the table."""
    found: dict[str, str] = {}
    for path in files:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if table := _TABLE.fullmatch(line):
                found.setdefault(table[2], f"{shown(path)}:{number}")
    return found


def fault_files() -> list[Path]:
    """Returns the files that hold the faults of the faulty server."""
    return sorted((FAULTY / "faults").glob("*.toml"))


def fault_location(name: str, known: Mapping[str, str]) -> str:
    """Returns the location of a fault, or of the template that makes it; "" if neither is in `known`."""
    return known.get(name, known.get(_NUMBER.sub("{status}", name), ""))
