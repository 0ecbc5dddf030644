"""Reads NAME.toml beside this module: the parts of the pages that --help lacks.

These are the line for apropos, more sections of the man page, and the kinds of the values of options. A value without
an entry is completed by its name in the help: FILE by files, DIR by folders, {a,b} by these words.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PageData:
    about: str
    exit_status: Mapping[str, str]
    environment: Mapping[str, str]
    files: Mapping[str, str]
    examples: Mapping[str, str]  # its effect -> command
    see_also: tuple[str, ...]
    values: Mapping[str, str]  # an option or argument -> the kind of its values, or words separated by spaces


def read_page_data(name: str) -> PageData:
    """Returns the data of a program, such as cgi-server."""
    table = tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text("utf-8"))
    return PageData(
        table.pop("about"), table.pop("exit-status", {}), table.pop("environment", {}), table.pop("files", {}),
        table.pop("examples", {}), tuple(table.pop("see-also", ())), table.pop("values", {}), **table,
    )  # fmt: skip
