"""`cgi-conform list`: prints the cases, one per line; with --json, as one JSON document for programs."""

import argparse
import json
from collections.abc import Sequence

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import Case
from cgi_conform.cases.load import load_cases
from cgi_conform.cases.script_suffix import check_suffix, with_suffix
from cgi_conform.columns import in_columns
from cgi_conform.commands.server_options import configure_suffix
from cgi_conform.paths import fixtures


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `list`."""
    parser.add_argument("globs", nargs="*", metavar="CASE-GLOB", help="cases to list, by id or topic (default: all)")
    text = "the profile whose cases are listed (default: %(default)s)"
    parser.add_argument("--profile", choices=PROFILES, default=PROFILES[0], help=text)
    configure_suffix(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def main(options: argparse.Namespace) -> int:
    """Prints the cases that have an expectation in the profile, without those that do not suit the suffix."""
    suffix = check_suffix(options.script_suffix or "")
    known = with_suffix(load_cases(fixtures() / "cases", options.globs), suffix, fixtures())
    cases = [case for case in known if options.profile in case.expect and not case.unsuitable]
    print((as_json if options.json else as_text)(cases, options.profile), end="")
    return 0


def as_text(cases: Sequence[Case], profile: str) -> str:
    """Returns a table: id, level, clauses, needs, title."""
    rows = []
    for case in cases:
        needs = ",".join([*case.needs, *case.presupposes]) or "-"
        rows.append((case.id, case.expect[profile].level, ",".join(case.clauses_in(profile)), needs, case.title_in(profile)))
    return "".join(line + "\n" for line in in_columns(rows))


def as_json(cases: Sequence[Case], profile: str) -> str:
    """Returns the cases as a JSON list of objects."""
    listed = [
        {
            "id": case.id,
            "title": case.title_in(profile),
            "level": case.expect[profile].level,
            "clauses": list(case.clauses_in(profile)),
            "needs": [*case.needs, *case.presupposes],
            "fault": case.fault_in(profile),
        }
        for case in cases
    ]
    return json.dumps(listed, indent=1, ensure_ascii=False) + "\n"
