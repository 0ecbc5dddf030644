"""Faults: edits of a server's source, kept as data, put in while its modules are imported.

    [query-cut-at-last-question-mark]
    file = "target.py"
    was  = 'path, mark, query = target.partition(b"?")'
    now  = 'path, mark, query = target.rpartition(b"?")'

`was` stands exactly once in the file, so that an edit which has lost its place is noticed. A fault of several
places has edit = [{ file = …, was = …, now = … }, …]; `dies = true` says that the server ends because of it,
`varies = true` that chance has a say in what is seen of it.
A name with "{status}" is a template: answers-{status} is answers-404 too, with 404 for "{status}" in `now`.
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
    """A fault that does not exist or cannot be put in: the message says which and why."""


@dataclass(frozen=True)
class Edit:
    """One place of one file, as it is and as it shall be."""

    file: str
    was: str
    now: str


@dataclass(frozen=True)
class Fault:
    """A defect by name: the edits that bring it about, and what is to be known of their effect."""

    name: str
    edits: tuple[Edit, ...]
    dies: bool = False  # the server ends because of it
    varies: bool = False  # chance has a say in what is seen of it
    written: str = ""  # the file of faults/ it stands in


def take(arguments: list[str]) -> str | None:
    """The name after --fault, which is removed from the arguments."""
    for at, word in enumerate(arguments):
        if word == "--fault":
            if at + 1 == len(arguments):
                raise Broken("--fault needs a name")
            name = arguments[at + 1]
            del arguments[at : at + 2]
            return name
        if word.startswith("--fault="):
            del arguments[at]
            return word.removeprefix("--fault=")
    return None


def load(folder: Path) -> dict[str, Fault]:
    """The faults in the files of folder/faults by name; their shape is looked at by `cgi-conform prove`."""
    known: dict[str, Fault] = {}
    for path in sorted((folder / "faults").glob("*.toml")):
        try:
            table = tomllib.loads(path.read_text("utf-8"))
            known |= {name: read(name, entry, path.name) for name, entry in table.items()}
        except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
            raise Broken(f"faults/{path.name}: {type(error).__name__}: {error} (cgi-conform prove says more)") from None
    return known


def read(name: str, entry: Mapping[str, Any], written: str = "") -> Fault:
    """A fault of the right shape."""
    edits = entry["edit"] if "edit" in entry else [entry]
    places = tuple(Edit(edit["file"], edit["was"], edit["now"]) for edit in edits)
    return Fault(name, places, bool(entry.get("dies", False)), bool(entry.get("varies", False)), written)


def find(name: str, known: Mapping[str, Fault]) -> Fault:
    """The fault of that name, or the template's that it is made from."""
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
    """The text of each file that the fault edits."""
    texts: dict[str, str] = {}
    for edit in fault.edits:
        text = texts.get(edit.file)
        if text is None:
            text = _source(fault, edit.file, folder)
        found = text.count(edit.was)
        if found != 1:
            where = "nowhere" if not found else f"{found} times"
            raise Broken(f'fault "{fault.name}": `was` stands {where} in {edit.file}, not once: {_first_line(edit.was)}')
        if edit.was == edit.now:
            raise Broken(f'fault "{fault.name}": changes nothing in {edit.file}: `now` is what `was` is')
        texts[edit.file] = text.replace(edit.was, edit.now)
    return texts


def compiled(fault: Fault, folder: Path) -> dict[str, CodeType]:
    """The code of each module that the fault edits, by its name in the package."""
    codes: dict[str, CodeType] = {}
    for file, text in edited(fault, folder).items():
        try:
            codes[file.removesuffix(".py")] = compile(text, str(folder / file), "exec", dont_inherit=True)
        except SyntaxError as error:
            said = f"{error.msg}: {(error.text or '').strip()}"
            raise Broken(f'fault "{fault.name}": {file} is no Python any more, line {error.lineno}: {said}') from None
    return codes


def put_in(fault: Fault, folder: Path) -> None:
    """From now on modules of the package in `folder` are imported with the fault in them."""
    insert(compiled(fault, folder), folder)


def insert(codes: Mapping[str, CodeType], folder: Path) -> None:
    """From now on these modules of the package in `folder` are imported with this code."""
    sys.meta_path.insert(0, _Finder({f"{folder.name}.{name}": code for name, code in codes.items()}, folder))


def _source(fault: Fault, file: str, folder: Path) -> str:
    path = folder / file
    if not path.is_file():
        close = difflib.get_close_matches(file, [known.name for known in folder.glob("*.py")], n=1)
        hint = f' (did you mean "{close[0]}"?)' if close else ""
        raise Broken(f'fault "{fault.name}": there is no file "{file}" to edit{hint}')
    return path.read_text("utf-8")


def _first_line(text: str) -> str:
    lines = text.strip().splitlines() or [""]
    return lines[0] + (" …" if len(lines) > 1 else "")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the edited modules, and none else."""

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
    """Runs code that has been compiled already."""

    def __init__(self, fullname: str, path: str, code: CodeType) -> None:
        super().__init__(fullname, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code
