"""Finds where clauses and faults are written: FILE:LINE by name, below this checkout or package."""

import re
from collections.abc import Mapping
from pathlib import Path

from cgi_conform.paths import FAULTY, shown

_HEAD = re.compile(r"""\[\[?(["']?)([^"'\]]+?)\1(?:\.edit)?\]\]?\s*(?:#.*)?""")
_NUMBER = re.compile(r"\d{3}$")


def places(*files: Path) -> dict[str, str]:
    """Returns FILE:LINE for each table at the top level of these TOML files, by its name."""
    found: dict[str, str] = {}
    for path in files:
        file = shown(path)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if head := _HEAD.fullmatch(line):
                found.setdefault(head[2], f"{file}:{number}")
    return found


def fault_files() -> list[Path]:
    """Returns the files that hold the faults of the faulty server."""
    return sorted((FAULTY / "faults").glob("*.toml"))


def place_of_fault(name: str, known: Mapping[str, str]) -> str:
    """Returns where a fault is written, or the template that it is made from; "" if nowhere."""
    return known.get(name, known.get(_NUMBER.sub("{status}", name), ""))
