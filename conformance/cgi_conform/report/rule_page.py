"""The text about a clause: its rule, the cases that judge it with their faults, and the code that implements it."""

import textwrap
from collections.abc import Mapping, Sequence

from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import Clause
from cgi_conform.cases.locations import fault_location, line_of, shown_file
from cgi_conform.cases.marks import Mark
from cgi_conform.report.causes import number_of_cases

_INDENT = "  "


def rule_page(
    clause: Clause, cases: Sequence[Case], marks: Sequence[Mark] | None, places: Mapping[str, str], width: int
) -> str:
    """Returns the whole text. `places` holds file and line of clauses and faults. Without a checkout, `marks` is None."""
    told = [*clause_lines(clause.id, clause, places, width), "", *_judged(clause, cases, places, width), ""]
    if marks is None:
        return "\n".join([*told, "marked code: only in a checkout"]) + "\n"
    where = list(dict.fromkeys(mark.place for mark in marks if mark.rule == clause.id))
    told.append("marked code" if where else "marked code: none")
    told += [_INDENT + place for place in where]
    return "\n".join(told) + "\n"


def clause_lines(name: str, clause: Clause | None, places: Mapping[str, str], width: int) -> list[str]:
    """Returns id, level and place of a clause, its text, the hole that it closes, and its link."""
    level = f" ({clause.level})" if clause else ""
    told = [f"{name}{level}" + (f"  {places[name]}" if name in places else "")]
    if clause is not None:
        told += textwrap.wrap(clause.text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)
        if clause.hole:
            told += textwrap.wrap(f"hole: {clause.hole}", width, initial_indent=_INDENT, subsequent_indent=_INDENT)
        told.append(_INDENT + clause.link)
    return told


def fault_line(name: str, places: Mapping[str, str]) -> str:
    """Returns the name of a fault, and its file and line."""
    place = fault_location(name, places)
    return f"fault {name}" + (f"  {place}" if place else "")


def _judged(clause: Clause, cases: Sequence[Case], places: Mapping[str, str], width: int) -> list[str]:
    citing = [case for case in cases if clause.id in case.clauses]
    if not citing:
        return textwrap.wrap(f"no case: {clause.unreached or 'and no reason is given'}", width)
    told = [number_of_cases(len(citing))]
    for case in citing:
        told.append(f"{_INDENT}{case.id}  {shown_file(case)}:{line_of(case)}")
        profiles = [profile for profile in case.expect if clause.id in case.clauses_in(profile)]
        for title in dict.fromkeys(case.title_in(profile) for profile in profiles):
            told += textwrap.wrap(title, width, initial_indent=_INDENT * 2, subsequent_indent=_INDENT * 2)
        faults = dict.fromkeys(case.fault_in(profile) for profile in profiles)
        told += [_INDENT * 2 + fault_line(fault, places) for fault in faults]
    return told
