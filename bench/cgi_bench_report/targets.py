"""A file of targets, such as bench/targets.toml: rows of a table, each with the gates that must hold.

    [[row]]
    title = "CGI hello, 8 clients"
    gates = ["cgi-hello/8: cgi-server >= 1.5 * best(lighttpd, go)"]

A gate is met, not met, or not measured: then the run lacks a server or a point that the gate names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cgi_bench_report.gate import Gate, NotMeasured, Verdict, judge, parse_gate
from cgi_bench_report.results import ReportError, Results
from cgi_conform.did_you_mean import nearest_path
from cgi_conform.parsed import toml_in


@dataclass(frozen=True)
class Goal:
    """A gate of a row."""

    row: str
    gate: Gate


@dataclass(frozen=True)
class Outcome:
    """The verdict on a goal; None if the run lacks something that the gate names."""

    goal: Goal
    verdict: Verdict | None

    @property
    def word(self) -> str:
        if self.verdict is None:
            return "not measured"
        return "met" if self.verdict.holds else "not met"


def read_targets(file: Path) -> list[Goal]:
    """Returns the goals of a file. Raises ReportError for a mistake in it."""
    try:
        rows = toml_in(file.read_text("utf-8"))["row"]
        texts = [(str(row["title"]), str(gate)) for row in rows for gate in row["gates"]]
    except OSError as error:
        raise ReportError(f'"{file}": {error.strerror}{nearest_path(file)}') from None
    except (KeyError, TypeError):
        raise ReportError(f'"{file}" is no file of targets: it needs [[row]] with "title" and a list "gates"') from None
    except ValueError as error:
        raise ReportError(f'"{file}": {error}') from None
    return [Goal(title, parse_gate(text)) for title, text in texts]


def outcomes(goals: Sequence[Goal], results: Results) -> list[Outcome]:
    """Judges each goal."""
    found = []
    for goal in goals:
        try:
            found.append(Outcome(goal, judge(goal.gate, results)))
        except NotMeasured:
            found.append(Outcome(goal, None))
    return found


def targets_table(found: Sequence[Outcome]) -> str:
    """Returns the outcomes as a Markdown table; nothing if no goal was measured."""
    if all(outcome.verdict is None for outcome in found):
        return ""
    lines = ["| target | condition | measured | verdict |", "|---|---|---|---|"]
    last = ""
    for outcome in found:
        goal = outcome.goal
        title = goal.row if goal.row != last else ""
        last = goal.row
        why = outcome.verdict.why if outcome.verdict else "–"
        lines.append(f"| {title} | `{goal.gate.text}` | {why} | {outcome.word} |")
    counted = [sum(outcome.word == word for outcome in found) for word in ("met", "not met", "not measured")]
    return "\n".join(lines) + "\n\n{} met, {} not met, {} not measured\n".format(*counted)
