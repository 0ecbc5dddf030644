"""`cgi-conform coverage`: prints the cases of each clause, the clauses of each case, and the orphans.

Each orphan is one line on standard error, and the exit status is then 1:
* a clause that has neither a case nor a reason, or has both;
* a case without a clause;
* a clause that says "must" or "should" while all its cases are observed only;
* a case that is required in rfc3875 while its clauses name neither a must of an RFC nor a security hole;
* cases that are twins (cases/twins.py);
* a mark in the code that names no clause (cases/marks.py);
* a test of a peer (cases/peers.py) that has no case.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import Clause, load_clauses, undefended, unjudged, unmatched
from cgi_conform.cases.load import load_cases
from cgi_conform.cases.marks import Mark, all_marks, dead
from cgi_conform.cases.peers import Project, answered, load_peers, strays
from cgi_conform.cases.twins import twins
from cgi_conform.columns import in_columns
from cgi_conform.numbers import counted
from cgi_conform.paths import REPO, fixtures, own_corpus
from cgi_conform.report.markdown import plain, row

FORMATS = ("text", "markdown", "json")


class Counts(TypedDict):
    clauses: int
    reached: int
    unreached: int
    cases: int


@dataclass(frozen=True)
class Coverage:
    """The clauses, the cases and the peers' tests, how they reach each other, and the orphans."""

    clauses: Mapping[str, Clause]
    cases: Sequence[Case]
    reached: Mapping[str, list[str]]  # clause -> cases
    peers: Mapping[str, Project]
    answered: Mapping[tuple[str, str], list[str]]  # project, test -> cases
    orphans: list[str]

    def counts(self) -> dict[str, Counts]:
        """Returns the numbers for each source of clauses, in the order of clauses.toml."""
        found: dict[str, Counts] = {}
        for source in dict.fromkeys(clause.source for clause in self.clauses.values()):
            names = [name for name, clause in self.clauses.items() if clause.source == source]
            reached = [name for name in names if self.reached[name]]
            cases = {case for name in names for case in self.reached[name]}
            reasons = sum(bool(self.clauses[name].unreached) for name in names)
            found[source] = {
                "clauses": len(names), "reached": len(reached), "unreached": reasons, "cases": len(cases),
            }  # fmt: skip
        return found


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `coverage`."""
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="the format of the output (default: %(default)s)")


def main(options: argparse.Namespace) -> int:
    """Prints the coverage and returns 1 if there is an orphan."""
    coverage = covered()
    print({"text": as_text, "markdown": as_markdown, "json": as_json}[options.format](coverage), end="", flush=True)
    if REPO is None:
        print('cgi-conform: marks "rule: ID" are not checked: the code that holds them is only in a checkout', file=sys.stderr)
    for orphan in coverage.orphans:
        print(f"cgi-conform: {orphan}", file=sys.stderr)
    return 1 if coverage.orphans else 0


def covered() -> Coverage:
    """Returns the coverage of this corpus."""
    try:  # not validated, because this command reports missing and unknown clauses itself
        cases = load_cases(fixtures() / "cases", validate=False)
    except (AttributeError, KeyError, TypeError, ValueError):
        cases = load_cases(fixtures() / "cases")  # raises UserError for every other mistake
    clauses = load_clauses(fixtures() / "clauses.toml")
    path = fixtures() / "peers.toml"
    marks = all_marks(REPO) if REPO and own_corpus() else []  # the marks name clauses of this corpus only
    return cover(cases, clauses, load_peers(path) if path.exists() else {}, marks)


def cover(
    cases: Sequence[Case], clauses: Mapping[str, Clause], peers: Mapping[str, Project], marks: Sequence[Mark] = ()
) -> Coverage:
    """Returns the coverage of these cases, clauses, peers and marks."""
    reached: dict[str, list[str]] = {name: [] for name in clauses}
    for case in cases:
        for name in case.clauses:
            reached.setdefault(name, []).append(case.id)
    orphans = [*unmatched(clauses, cases), *unjudged(clauses, cases), *undefended(clauses, cases)]
    orphans += [*twins(cases), *dead(marks, clauses), *strays(peers, cases)]
    return Coverage(clauses, cases, reached, peers, answered(peers, cases), orphans)


def as_text(coverage: Coverage) -> str:
    """Returns the coverage as text. Each line is complete by itself, so that grep finds it."""
    told = ["clauses, and the cases that reach them", ""]
    for name, clause in coverage.clauses.items():
        told.append(f"{name}  {' '.join(coverage.reached[name]) or f'– {clause.unreached}'}")
    told += ["", "cases, and the clauses they are judged by", ""]
    told += [f"{case.id}  {' '.join(case.clauses)}" for case in coverage.cases]
    told += ["", "tests of other projects, and the cases that ask the same", ""]
    for project in coverage.peers.values():
        told += [f"{project.name} {test}  {' '.join(coverage.answered[project.name, test])}" for test in project.tests]
        told += [f"{project.name} {test}  – {reason}" for test, reason in project.unreached.items()]
    told += ["", *in_columns(_sources(coverage), right=range(1, 5)), "", _conclusion(coverage)]
    return "\n".join(told) + "\n"


def _sources(coverage: Coverage) -> list[tuple[str, str, str, str, str]]:
    """Returns the counts as rows, below a header row."""
    counts = coverage.counts()
    return [
        ("source", "clauses", "reached", "not reached, with a reason", "cases"),
        *(
            (source, str(each["clauses"]), str(each["reached"]), str(each["unreached"]), str(each["cases"]))
            for source, each in counts.items()
        ),
    ]


def _conclusion(coverage: Coverage) -> str:
    reached = sum(bool(cases) for name, cases in coverage.reached.items() if name in coverage.clauses)
    tests = sum(len(project.tests) for project in coverage.peers.values())
    profiles = ", ".join(
        f"{sum(profile in case.expect for case in coverage.cases)} in {profile}" for profile in PROFILES
    )
    told = f"{len(coverage.cases)} cases ({profiles}) reach {reached} of {len(coverage.clauses)} clauses; "
    told += f"{tests} tests of {len(coverage.peers)} other projects have a case; "
    return told + (counted(len(coverage.orphans), "orphan") if coverage.orphans else "no orphans")


def as_markdown(coverage: Coverage) -> str:
    """Returns the coverage as a Markdown page."""
    head, *rest = _sources(coverage)
    parts = [
        "# Coverage", _conclusion(coverage) + ".",
        "\n".join([row(list(head)), row(["---", *["--:"] * 4]), *(row(list(cells)) for cells in rest)]),
        "## Clauses",
        "\n".join([row(["clause", "level", "rule", "cases"]), row(["---"] * 4), *_clause_rows(coverage)]),
        "## Cases",
        "\n".join([row(["case", "rule", "clauses"]), row(["---"] * 3), *_case_rows(coverage)]),
    ]  # fmt: skip
    for project in coverage.peers.values():
        rows = [row([plain(test), _codes(coverage.answered[project.name, test])]) for test in project.tests]
        rows += [row([plain(test), plain(f"– {reason}")]) for test, reason in project.unreached.items()]
        parts += [f"## [{project.name}]({project.link})", "\n".join([row(["test", "cases"]), row(["---"] * 2), *rows])]
    if coverage.orphans:
        parts += ["## Orphans", "\n".join(f"- {plain(orphan)}" for orphan in coverage.orphans)]
    return "\n\n".join(parts) + "\n"


def _clause_rows(coverage: Coverage) -> list[str]:
    return [
        row([
            f"[{name}]({clause.link})", clause.level, plain(clause.text),
            _codes(coverage.reached[name]) or plain(f"– {clause.unreached}"),
        ])
        for name, clause in coverage.clauses.items()
    ]  # fmt: skip


def _case_rows(coverage: Coverage) -> list[str]:
    return [row([f"`{case.id}`", plain(_titles(case)), " ".join(case.clauses)]) for case in coverage.cases]


def _titles(case: Case) -> str:
    """Returns the titles of a case, one or two."""
    return " / ".join(dict.fromkeys(case.title_in(profile) for profile in case.expect))


def _codes(names: Sequence[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def as_json(coverage: Coverage) -> str:
    """Returns the coverage as JSON text."""
    document = {
        "clauses": {
            name: {
                "source": clause.source, "level": clause.level, "text": clause.text, "link": clause.link,
                "hole": clause.hole, "unreached": clause.unreached, "cases": coverage.reached[name],
            }
            for name, clause in coverage.clauses.items()
        },
        "cases": {case.id: list(case.clauses) for case in coverage.cases},
        "sources": coverage.counts(),
        "peers": {
            project.name: {
                "link": project.link,
                "tests": {test: coverage.answered[project.name, test] for test in project.tests},
                "unreached": dict(project.unreached),
            }
            for project in coverage.peers.values()
        },
        "orphans": coverage.orphans,
    }  # fmt: skip
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
