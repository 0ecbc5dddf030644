"""The reports of a run. Each is a pure function of the results.

Cases and clauses only add text, so every report can be made again from an old results.json.
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
    """Writes results.json and the reports into the directory. The keys of `cases` and `clauses` are ids."""
    results_file.write(results, directory / "results.json")
    write_whole(directory / "junit.xml", junit.text(results, cases, clauses))
    write_whole(directory / "summary.md", markdown.text(results, clauses))
    write_whole(directory / "index.html", html.text(results, cases, clauses))
    write_whole(directory / "badge.json", badge.text(results))
