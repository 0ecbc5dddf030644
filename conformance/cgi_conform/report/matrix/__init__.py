"""The site of `cgi-conform matrix`: servers and areas, a page for each server, a page for each rule, and matrix.json.

The pages are pure functions of the runs, and load only the style sheet and the script of the site. runs/ holds the
reports of each run; `matrix --from DIR` reads them again.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import Clause
from cgi_conform.judging import matrix as matrix_file
from cgi_conform.judging.matrix import FOUND, Absent, Matrix
from cgi_conform.judging.results import Results
from cgi_conform.report import write_all
from cgi_conform.report.html import CONTRACT, MEANING
from cgi_conform.report.matrix.addresses import rule_page, run_folder, server_page, upward
from cgi_conform.report.matrix.index import index_view, rules_view
from cgi_conform.report.matrix.rule import answers_of, rule_view
from cgi_conform.report.matrix.server import server_view
from cgi_conform.report.page import filled, inserted
from cgi_conform.write import write_whole

_OURS = ("rules", "runs", "servers")  # the folders of the site


def write_site(
    folder: Path,
    runs: Sequence[Results],
    absent: Sequence[Absent],
    cases: Mapping[str, Case],
    clauses: Mapping[str, Clause],
    findings: Mapping[str, str],
) -> Matrix:
    """Writes the site and returns the matrix. Removes the pages of an earlier site in the folder.

    The keys of `cases` and `clauses` are ids, those of `findings` are names of servers.
    """
    matrix = matrix_file.assembled(runs, absent, clauses)
    for name in _OURS if (folder / "matrix.json").exists() else ():
        shutil.rmtree(folder / name, ignore_errors=True)
    for run in runs:
        write_all(run, folder / run_folder(run["server"]["name"], run["profile"]), cases, clauses)
    for page, text in _pages(matrix, runs, cases, clauses, findings):
        write_whole(folder / page, text)
    write_whole(folder / "style.css", inserted("page.css") + inserted("matrix/matrix.css"))
    write_whole(folder / "site.js", inserted("copy.js") + inserted("filter.js") + inserted("matrix/matrix.js"))
    matrix_file.write(matrix, folder / "matrix.json")
    return matrix


def _pages(
    matrix: Matrix,
    runs: Sequence[Results],
    cases: Mapping[str, Case],
    clauses: Mapping[str, Clause],
    findings: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """Yields the address and the text of each page."""

    def page(address: str, template: str, **values: object) -> tuple[str, str]:
        version = matrix["suite"]["version"]
        return address, filled(f"matrix/{template}.html.jinja", up=upward(address), version=version, **values)

    view = index_view(matrix)
    meanings = {verdict: MEANING[verdict] for verdict in FOUND}
    yield page("index.html", "index", **view, meanings=meanings, contracts=CONTRACT)
    yield page("rules.html", "rules", **rules_view(matrix, clauses))
    for name in sorted({row["server"]["name"] for row in matrix["runs"]}):
        rows = [row for row in matrix["runs"] if row["server"]["name"] == name]
        own = {run["profile"]: run for run in runs if run["server"]["name"] == name}
        yield page(server_page(name), "server", **server_view(name, rows, own, clauses, findings.get(name, "")))
    answers = answers_of(runs)
    for rule in matrix["rules"]:
        values = rule_view(clauses[rule["id"]], rule["cases"], answers, cases, clauses)
        yield page(rule_page(rule["id"]), "rule", **values, address_of=rule_page)
