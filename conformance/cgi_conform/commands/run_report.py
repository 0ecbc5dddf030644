"""The options of the commands that report a run, and the report: its text, its files, its messages and its exit status."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import load_clauses
from cgi_conform.cases.reproduce import Reach
from cgi_conform.errors import INTERRUPTED, SERVER
from cgi_conform.judging.results import exit_status
from cgi_conform.paths import fixtures
from cgi_conform.running.session import RunOutcome
from cgi_conform.wall import since_start

FORMATS = ("text", "tap", "github")


def configure_report(parser: argparse.ArgumentParser) -> None:
    """Adds --strict, --strict-observed, --report and --format."""
    add = parser.add_argument
    add("--strict", action="store_true", help="a recommended case that fails turns the run red")
    add("--strict-observed", action="store_true", help="an observed case that differs turns the run red")
    add("--report", type=Path, metavar="DIR", help="write results.json, junit.xml, summary.md, index.html, badge.json")
    add("--format", choices=FORMATS, default="github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text",
        help="how to report: text; tap, the Test Anything Protocol; or github, text with annotations and a step summary "
        "(default: github in a workflow of GitHub, else text)")  # fmt: skip


def report(
    outcome: RunOutcome,
    options: argparse.Namespace,
    cases: Iterable[Case],
    *,
    reach: Reach,
    expectations: Path | None,
    remarks: Iterable[str],
    slowest: int = 0,
) -> int:
    """Reports the outcome of a run as the options say, and returns the exit status.

    `cases` are the cases of the run as the server got them, `expectations` is the file of its known failures, and
    `remarks` are lines that follow the report: they are taken after the files are written.
    """
    from cgi_conform.report import github, markdown, tap, terminal, write_all  # imported after the run, because templates are slow

    path = fixtures() / "clauses.toml"
    clauses = load_clauses(path) if path.exists() else {}
    by_id = {case.id: case for case in cases}
    results = outcome.results
    for_github = options.format == "github"
    with github.commands_stopped() if for_github else nullcontext():
        if options.report:
            write_all(results, options.report, by_id, clauses)
        if options.format == "tap":
            print(tap.text(results), end="", flush=True)
        else:
            style = replace(terminal.style_for(sys.stdout, reach), listed=_listed(expectations, options.report))
            print(terminal.text(results, clauses, style, slowest, outcome.seconds), end="", flush=True)
        for told in _and_seconds(remarks):
            print(tap.comment(told) if options.format == "tap" else told, flush=True)
        for message in outcome.messages:
            print(f"cgi-conform: {message}", file=sys.stdout if for_github else sys.stderr)
    if for_github:
        github.write_summary(markdown.text(results, clauses))
        for line in github.annotations(results, by_id, expectations):
            print(line, flush=True)
    if outcome.interrupted:
        return INTERRUPTED
    return SERVER if outcome.messages else exit_status(results)


def _and_seconds(remarks: Iterable[str]) -> Iterator[str]:
    yield from remarks
    yield f"{since_start():.1f} s"


def _listed(expectations: Path | None, folder: Path | None) -> str:
    """Returns where the user finds the reasons and the answers of the known failures."""
    page = f"{folder}/index.html shows" if folder else "--report DIR writes a page that shows"
    return f': "{expectations}" gives each reason; {page} the answers' if expectations else f": {page} each reason and the answers"
