"""Loads the faults of the faulty server, and checks them: their schema, their place in the code, their use in cases.

faulty/faults.py defines a fault and puts it into the server. The checks report all errors at once, a line each.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from cgi_conform import schema
from cgi_conform.cases.case import Case
from cgi_conform.data.faulty.faults import STATUS, Broken, Fault, edited, find, read
from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.errors import UserError

GENERAL = ("answers-{status}", "closes-unanswered", "never-answers", "answers-without-a-head")
_ANY = "-200"


def load_faults(folder: Path) -> tuple[dict[str, Fault], list[str]]:
    """Returns the faults of the package in `folder` by name, and a line for each error.

    A fault must fit the schema, must find its text in the code, and must not be the same defect as another fault.
    """
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
    return known, wrong + _misplaced(known, folder)


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
    """Raises UserError if a glob matches no fault and no fault that a template makes."""
    names = {*known, *general}
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in names) and (said := unknown(glob, known)):
            raise UserError(said)


def unmatched(known: Mapping[str, Fault], corpus: Iterable[Case]) -> list[str]:
    """Returns a line for each unknown fault that cases name, and for each fault that no case names."""
    named: dict[str, list[Case]] = {}
    for case in corpus:
        for name in {case.fault, *map(case.fault_in, case.expect)}:
            named.setdefault(name, []).append(case)
    wrong = [f"{_where(cases)}: {said}" for name, cases in named.items() if (said := unknown(name, known))]
    for fault in known.values():
        if fault.name not in named and fault.name not in GENERAL:
            hint = did_you_mean(fault.name, sorted(set(named) - set(known)))
            wrong.append(f'{fault.written}: fault "{fault.name}" is named by no case{hint}')
    return wrong


def _where(cases: Sequence[Case]) -> str:
    first = cases[0]
    others = f" and {len(cases) - 1} more" if len(cases) > 1 else ""
    return f'{first.file.parent.name}/{first.file.name}: case "{first.id}"{others}'


def unknown(name: str, known: Mapping[str, Fault]) -> str:
    """Returns the message for the name of an unknown fault, or "" if the fault exists."""
    try:
        find(name, known)
    except Broken as error:
        return str(error)
    return ""
