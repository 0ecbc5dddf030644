"""The faults of the faulty server as data: whether they have their shape and their place, and whether cases name them.

faulty/faults.py says what a fault is and puts it in. Everything that is wrong is said at once, a line each.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from cgi_conform import schema
from cgi_conform.case import Case
from cgi_conform.errors import UserError
from faulty.faults import STATUS, Broken, Fault, edited, find, read

GENERAL = ("answers-{status}", "closes-unanswered", "never-answers", "answers-without-a-head")
_ANY = "-200"


def load_faults(folder: Path) -> dict[str, Fault]:
    """The faults of the package in `folder` by name; each has its shape and its place, and is another defect."""
    known: dict[str, Fault] = {}
    wrong: list[str] = []
    for path in sorted((folder / "faults").glob("*.toml")):
        shown = f"faults/{path.name}"
        try:
            table = schema.read_toml(path, shown)
        except UserError as error:
            wrong.append(error.message)
            continue
        said = schema.faults(table, "faults.schema.json")
        wrong += [f"{shown}: {sentence}" for sentence in said]
        for name, entry in () if said else table.items():
            if name in known:
                wrong.append(f'{shown}: fault "{name}" stands in {known[name].written} already')
            known[name] = read(name, entry, shown)
    wrong += _misplaced(known, folder)
    if wrong:
        raise UserError("\n".join(wrong))
    return known


def _misplaced(known: Mapping[str, Fault], folder: Path) -> list[str]:
    wrong: list[str] = []
    seen: dict[tuple[tuple[str, str], ...], Fault] = {}
    for fault in known.values():
        try:
            texts = edited(_example(fault, known), folder)
        except Broken as error:
            wrong.append(f"{fault.written}: {error}")
            continue
        same = seen.setdefault(tuple(sorted(texts.items())), fault)
        if same is not fault:
            wrong.append(f'{fault.written}: fault "{fault.name}" is the defect of "{same.name}" under another name')
    return wrong


def _example(fault: Fault, known: Mapping[str, Fault]) -> Fault:
    return find(fault.name.replace(f"-{STATUS}", _ANY), known) if STATUS in fault.name else fault


def check_globs(globs: Sequence[str], known: Mapping[str, Fault], general: Iterable[str]) -> None:
    """Every glob has to match a fault, or name what a template makes."""
    names = {*known, *general}
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in names) and (said := _unknown(glob, known)):
            raise UserError(said)


def unmatched(
    known: Mapping[str, Fault], corpus: Iterable[Case], tried: Iterable[Case], general: Iterable[str]
) -> list[str]:
    """A case that is to be tried and names no fault there is, and a fault that no case of the corpus names."""
    wrong: list[str] = []
    for case in tried:
        for name in dict.fromkeys([case.fault, *map(case.fault_in, case.expect)]):
            if said := _unknown(name, known):
                wrong.append(f'{case.file.parent.name}/{case.file.name}: case "{case.id}": {said}')
    named = {case.fault_in(profile) for case in corpus for profile in case.expect}
    for fault in known.values():
        if fault.name not in named and fault.name not in GENERAL:
            hint = schema.nearest(fault.name, sorted(named - set(known)))
            wrong.append(f'{fault.written}: fault "{fault.name}" is named by no case{hint}')
    missing = dict.fromkeys(said for name in general if (said := _unknown(name, known)))
    return wrong + [f"{said}: a server that answers so is needed for lists of statuses" for said in missing]


def _unknown(name: str, known: Mapping[str, Fault]) -> str:
    try:
        find(name, known)
    except Broken as error:
        return str(error)
    return ""
