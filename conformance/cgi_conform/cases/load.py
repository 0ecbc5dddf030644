"""Loads the cases, and selects cases by their ids.

One UserError reports all errors in the files, one line each, with the file, the case and the key.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cgi_conform.cases.answer import PROFILES, read_expectation, read_repeat
from cgi_conform.cases.case import Case, Step, connections_of
from cgi_conform.cases.digest import digests
from cgi_conform.cases.presuppositions import circles, with_those_of_the_file
from cgi_conform.cases.system_needs import with_system_needs
from cgi_conform.cases.validation import key_with_escape, case_errors
from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.errors import NOTHING_RAN, UserError
from cgi_conform.octets import BadEscape, decode
from cgi_conform.schema import faults, read_toml


def load_cases(directory: Path, globs: Sequence[str] = (), *, validate: bool = True) -> list[Case]:
    """Returns the cases whose ids match one of the globs, in the order of the files; without globs, all cases.

    A glob without a slash is a topic. If the globs name topics literally, only the files of these topics are read and
    checked. With `validate` false, no file is checked.
    """
    known = _clause_ids(directory.parent / "clauses.toml") if validate else None
    cases: list[Case] = []
    wrong: list[str] = []
    for path in _files(directory, globs):
        found, said = _load_file(path, known, validate)
        cases += found
        wrong += said
    files: dict[str, Path] = {}
    for case in cases:
        if case.id in files:
            wrong.append(f'{_shown(case.file)}: case "{case.id}": the id is used twice')
        files[case.id] = case.file
    if validate:
        wrong += _wrong_presuppositions(cases, case_ids(directory))
    if wrong:
        raise UserError(wrong)
    return select(cases, globs, directory)


def load_presupposed(directory: Path, cases: Sequence[Case]) -> list[Case]:
    """Returns the cases that some cases presuppose, also those through others, without the cases themselves.

    Reads only the files of these cases, and checks none.
    """
    known = {case.id: case for case in cases}
    while missing := {name for case in known.values() for name in case.presupposes} - set(known):
        known |= {case.id: case for case in load_cases(directory, sorted(missing), validate=False)}
    return list(known.values())[len(cases) :]


def select(cases: Iterable[Case], globs: Sequence[str], directory: Path) -> list[Case]:
    """Returns the cases that match one of the globs; without globs, all. UserError if a glob matches no case."""
    selected = [case for case in cases if not globs or any(_matches(case.id, glob) for glob in globs)]
    for glob in globs:
        if not any(_matches(case.id, glob) for case in selected):
            hint = nearest_id(glob, case_ids(directory))
            raise UserError(f'no case matches "{glob}"{hint}', NOTHING_RAN)
    return selected


def case_ids(directory: Path) -> list[str]:
    """Returns all ids, sorted. Reads only the ids, not the rest of the cases."""
    pattern = re.compile(r"""^id\s*=\s*["']([^"']*)["']""", re.MULTILINE)
    return sorted(name for path in _files(directory, ()) for name in pattern.findall(path.read_text("utf-8", "replace")))


def nearest_id(glob: str, ids: Iterable[str]) -> str:
    """Returns a hint with the most similar id or topic."""
    ids = list(ids)
    topics = (f"{name.partition('/')[0]}/*" for name in ids)
    return did_you_mean(glob, [*ids, *topics]) or " (cgi-conform list shows them)"


def _matches(name: str, glob: str) -> bool:
    return fnmatchcase(name, glob if "/" in glob else f"{glob}/*") or glob == "*"


def _files(directory: Path, globs: Sequence[str]) -> list[Path]:
    if not directory.is_dir():
        raise UserError(f"{directory}: no such folder of cases")
    topics = {glob.partition("/")[0] for glob in globs}
    literal = topics and not any(re.search(r"[*?\[]", topic) for topic in topics)
    return [path for path in sorted(directory.glob("*.toml")) if not literal or path.stem in topics]


def _clause_ids(path: Path) -> set[str] | None:
    return set(read_toml(path, path.name)) if path.exists() else None


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _wrong_presuppositions(cases: Sequence[Case], ids: Sequence[str]) -> list[str]:
    """Returns an error for each case that presupposes a case that does not exist, or itself."""
    known, turning = set(ids), set(circles(cases))
    wrong: list[str] = []
    for case in cases:
        where = f'{_shown(case.file)}: case "{case.id}": '
        wrong += [f'{where}needs "{name}"{nearest_id(name, ids)}' for name in case.presupposes if name not in known]
        wrong += [f"{where}needs itself, directly or through other cases"] if case.id in turning else []
    return wrong


def _load_file(path: Path, known: set[str] | None, validate: bool) -> tuple[list[Case], list[str]]:
    shown = _shown(path)
    try:
        document = read_toml(path, shown)
    except UserError as error:
        return [], [error.message]
    entries = document.get("case", [])
    wrong: list[str] = []
    if validate:
        if isinstance(entries, dict):
            return [], [f'{shown}: "case" is a table: begin each case with [[case]], not [case]']
        if said := faults(document, "case.schema.json", "file"):
            return [], [f"{shown}: {fault}" for fault in said]
    cases: list[Case] = []
    for number, entry in enumerate(entries, 1):
        name = entry.get("id") if isinstance(entry, dict) else None
        where = f'{shown}: case "{name}": ' if isinstance(name, str) else f"{shown}: case {number}: "
        said = faults(entry, "case.schema.json", "case") if validate else []
        if not said:
            try:
                case = _read_case(entry, path)
                said = case_errors(case, known)
                cases.append(case)
            except BadEscape as error:
                said = [f'bad escape "{error}" (\\r \\n \\t \\0 \\\\ \\xHH are known) in {key_with_escape(entry, str(error))}']
            except ValueError as error:
                said = [str(error)]
        wrong += [where + fault for fault in said]
    cases = [replace(case, needs=with_system_needs(case, path.parent.parent)) for case in cases]
    return with_those_of_the_file(cases, document.get("needs", ())), wrong


def _read_case(entry: dict[str, Any], path: Path) -> Case:
    simple = {key: value for key, value in entry.items() if key in ("send", "body", "half-close")}
    if "step" in entry and simple:
        raise ValueError(f'"{next(iter(simple))}" beside "step": put it into a step')
    if "step" not in entry and not simple:
        raise ValueError('sends nothing: it needs "send" or "step"')
    steps = tuple(_read_step(step) for step in entry.get("step", [simple]))
    expect = {
        profile: read_expectation(entry[profile], connections_of(steps)) for profile in PROFILES if profile in entry
    }
    if not expect:
        raise ValueError(f"expects nothing: it needs {' or '.join(f'[case.{profile}]' for profile in PROFILES)}")
    needs = [need for need in entry.get("needs", []) if "/" not in need]
    implied = {
        "launch": "environment" in entry or "descriptor" in entry,
        "host": any(map(_looks_at_processes, steps)) or any(expectation.host for expectation in expect.values()),
        "log": any(expectation.log for expectation in expect.values()),
        "same-port": any(step.start for step in steps),
    }
    return Case(
        id=entry["id"],
        title=entry["title"],
        shared_clauses=tuple(entry.get("clauses", ())),
        fault=entry["fault"],
        steps=steps,
        expect=expect,
        file=path,
        see=tuple(entry.get("see", [])),
        needs=tuple(needs + [need for need, holds in implied.items() if holds and need not in needs]),
        presupposes=tuple(need for need in entry.get("needs", []) if "/" in need),
        environment={name: decode(value) for name, value in entry.get("environment", {}).items()},
        control=decode(entry["control"]) if "control" in entry else None,
        limit=entry.get("limit"),
        times=entry.get("times", 1),
        descriptor=entry.get("descriptor"),
        digests=digests(entry),
    )


def _read_step(step: dict[str, Any]) -> Step:
    return Step(
        connection=step.get("connection", "main"),
        await_bytes=decode(step["await"]) if "await" in step else None,
        pause=float(step.get("pause", 0)),
        send=decode(step.get("send", "")),
        body=read_repeat(step["body"]) if "body" in step else None,
        half_close=step.get("half-close", False),
        close=step.get("close", False),
        reset=step.get("reset", False),
        read_late=step.get("read-late", False),
        wait_blocked=step.get("wait-blocked"),
        signal=step.get("signal", ""),
        start=step.get("start", ""),
        wait_gone=step.get("wait-gone"),
    )


def _looks_at_processes(step: Step) -> bool:
    return step.wait_gone is not None or step.wait_blocked is not None or bool(step.signal)
