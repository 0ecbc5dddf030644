"""Faults: edits of the server's source, kept as data. The importer inserts them while it loads the modules.

    [query-cut-at-last-question-mark]
    file = "target.py"
    was  = 'path, mark, query = target.partition(b"?")'
    now  = 'path, mark, query = target.rpartition(b"?")'

`was` must occur exactly once in the file, so that an edit fails if its place has changed. A fault with several edits
has edit = [{ file = …, was = …, now = … }, …]. `dies = true` says that the fault ends the server. `varies = true`
says that its effect depends on chance.
A name with "{status}" is a template: answers-{status} makes answers-404, with 404 for "{status}" in `now`.
"""

import difflib
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
STATUS = "{status}"
_NUMBERED = re.compile(r"(.+-)(\d{3})")


class Broken(Exception):
    """A fault does not exist or cannot be inserted. The message names the fault and the reason."""


@dataclass(frozen=True)
class Edit:
    """One place in one file: its text without the fault, and its text with the fault."""

    file: str
    was: str
    now: str


@dataclass(frozen=True)
class Fault:
    """A named defect: its edits, and facts about their effect."""

    name: str
    edits: tuple[Edit, ...]
    dies: bool = False  # the fault ends the server
    varies: bool = False  # the effect depends on chance
    written: str = ""  # the file in faults/ that holds it


def take(arguments: list[str]) -> str | None:
    """Returns the name after --fault, and removes both from the arguments."""
    for at, word in enumerate(arguments):
        if word == "--fault":
            if at + 1 == len(arguments):
                raise Broken("--fault needs a name (for example --fault every-field-passed)")
            name = arguments[at + 1]
            del arguments[at : at + 2]
            return name
        if word.startswith("--fault="):
            del arguments[at]
            return word.removeprefix("--fault=")
    return None


def load(folder: Path) -> dict[str, Fault]:
    """Returns the faults in folder/faults by name. `cgi-conform prove` checks their shape."""
    known: dict[str, Fault] = {}
    for path in sorted((folder / "faults").glob("*.toml")):
        try:
            table = tomllib.loads(path.read_text("utf-8"))
            known |= {name: read(name, entry, path.name) for name, entry in table.items()}
        except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
            raise Broken(f"faults/{path.name}: {type(error).__name__}: {error} (see cgi-conform prove)") from None
    return known


def read(name: str, entry: Mapping[str, Any], written: str = "") -> Fault:
    """Returns the fault of a valid table."""
    edits = entry["edit"] if "edit" in entry else [entry]
    places = tuple(Edit(edit["file"], edit["was"], edit["now"]) for edit in edits)
    return Fault(name, places, bool(entry.get("dies", False)), bool(entry.get("varies", False)), written)


def find(name: str, known: Mapping[str, Fault]) -> Fault:
    """Returns the fault of that name. Makes it from a template if the name has a status."""
    if name in known and STATUS not in name:
        return known[name]
    numbered = _NUMBERED.fullmatch(name)
    template = known.get(f"{numbered[1]}{STATUS}") if numbered else None
    if template is None or numbered is None:
        close = difflib.get_close_matches(name, known, n=1)
        raise Broken(f'no fault "{name}"' + (f' (did you mean "{close[0]}"?)' if close else ""))
    edits = tuple(replace(edit, now=edit.now.replace(STATUS, numbered[2])) for edit in template.edits)
    return replace(template, name=name, edits=edits)


def edited(fault: Fault, folder: Path) -> dict[str, str]:
    """Returns the edited text of each file that the fault edits."""
    texts: dict[str, str] = {}
    for edit in fault.edits:
        text = texts.get(edit.file)
        if text is None:
            text = _source(fault, edit.file, folder)
        found = text.count(edit.was)
        if found != 1:
            often = "does not occur" if not found else f"occurs {found} times"
            line = _first_line(edit.was)
            raise Broken(f'fault "{fault.name}": `was` {often} in {edit.file} (it must occur exactly once): {line}')
        if edit.was == edit.now:
            raise Broken(f'fault "{fault.name}": changes nothing in {edit.file}: `now` equals `was`')
        texts[edit.file] = text.replace(edit.was, edit.now)
    return texts


def compiled(fault: Fault, folder: Path) -> dict[str, CodeType]:
    """Returns the code of each module that the fault edits, by the module's name in the package."""
    codes: dict[str, CodeType] = {}
    for file, text in edited(fault, folder).items():
        try:
            codes[file.removesuffix(".py")] = compile(text, str(folder / file), "exec", dont_inherit=True)
        except SyntaxError as error:
            said = f"{error.msg}: {(error.text or '').strip()}"
            raise Broken(f'fault "{fault.name}": {file} is not valid Python, line {error.lineno}: {said}') from None
    return codes


def put_in(fault: Fault, folder: Path, package: str) -> None:
    """Inserts the fault into the modules of the package in `folder` that are imported, by that name, from now on."""
    insert(compiled(fault, folder), folder, package)


def insert(codes: Mapping[str, CodeType], folder: Path, package: str = "") -> None:
    """Inserts the code into these modules of the package in `folder` when they are imported."""
    package = package or folder.name
    sys.meta_path.insert(0, _Finder({f"{package}.{name}": code for name, code in codes.items()}, folder))


def _source(fault: Fault, file: str, folder: Path) -> str:
    path = folder / file
    if not path.is_file():
        close = difflib.get_close_matches(file, [known.name for known in folder.glob("*.py")], n=1)
        hint = f' (did you mean "{close[0]}"?)' if close else ""
        raise Broken(f'fault "{fault.name}": cannot find the file "{file}"{hint}')
    return path.read_text("utf-8")


def _first_line(text: str) -> str:
    lines = text.strip().splitlines() or [""]
    return lines[0] + (" …" if len(lines) > 1 else "")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the edited modules, and no others."""

    def __init__(self, codes: Mapping[str, CodeType], folder: Path) -> None:
        self._codes = codes
        self._folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        code = self._codes.get(fullname)
        if code is None:
            return None
        file = str(self._folder / f"{fullname.rpartition('.')[2]}.py")
        return importlib.util.spec_from_file_location(fullname, file, loader=_Loader(fullname, file, code))


class _Loader(importlib.machinery.SourceFileLoader):
    """Runs code that is already compiled."""

    def __init__(self, fullname: str, path: str, code: CodeType) -> None:
        super().__init__(fullname, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code
