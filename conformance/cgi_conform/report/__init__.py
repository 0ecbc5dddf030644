"""The reports of a run: each a pure function of its results, all written at once.

Cases and clauses only add words: a report can be made again from results.json years later.
"""

from collections.abc import Mapping
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import Clause
from cgi_conform.judging import results as results_file
from cgi_conform.judging.results import Results
from cgi_conform.report import badge, html, junit, markdown
from cgi_conform.write import write_whole


def write_all(
    results: Results, directory: Path, cases: Mapping[str, Case], clauses: Mapping[str, Clause]
) -> None:
    """Write results.json, junit.xml, summary.md, index.html and badge.json; `cases` and `clauses` by id."""
    results_file.write(results, directory / "results.json")
    write_whole(directory / "junit.xml", junit.text(results, cases, clauses))
    write_whole(directory / "summary.md", markdown.text(results, clauses))
    write_whole(directory / "index.html", html.text(results, cases, clauses))
    write_whole(directory / "badge.json", badge.text(results))
