"""summary.md for $GITHUB_STEP_SUMMARY or a comment: the conclusion, the totals, then the failures.

A step summary may hold 1 MiB. The report shows at most 200 cases of limited length, so it stays below.
"""

import html
from collections.abc import Mapping
from typing import Literal

from cgi_conform.cases.clauses import Clause
from cgi_conform.errors import NOTHING_RAN, SERVER
from cgi_conform.escaped import clipped
from cgi_conform.judging.results import (
    VERDICTS,
    CaseResult,
    Results,
    conclusion,
    exit_status,
    is_red,
    red_verdicts,
    server_line,
    started_by,
)
from cgi_conform.report.beside import joined
from cgi_conform.report.causes import Cause, by_topic, causes, number_of_cases
from cgi_conform.report.rule import rules

SHOWN = 200
_LINE = 400
_SIGN = {0: "✅", SERVER: "⚠️", NOTHING_RAN: "⚠️"}  # by exit status, for runs that are not red


def refusal(message: str) -> str:
    """Returns the Markdown text about a run in which the server could not be judged."""
    return f"## {_SIGN[SERVER]} The server was not judged\n\n{plain(message)}\n"


def text(results: Results, clauses: Mapping[str, Clause]) -> str:
    """Returns the Markdown text."""
    counts = results["totals"]
    seen = [verdict for verdict in VERDICTS if counts[verdict]]
    seen += ["untried"] if counts.get("untried") else []
    parts = [
        f"## {'❌' if is_red(results) else _SIGN[exit_status(results)]} {plain(server_line(results['server']))}: {plain(conclusion(results))}",
        f"Profile `{results['profile']}`, {started_by(results)}, "
        f"suite {results['suite']['version']}: {counts['selected']} of {results['suite']['cases']} cases selected.",
    ]
    if seen:
        parts.append("\n".join([row(seen), row(["---:"] * len(seen)), row([str(counts[each]) for each in seen])]))
    red = causes(results)
    if len(red) > 1:
        topics = ", ".join(f"{topic} ({number})" for topic, number in by_topic(red).items())
        parts.append(f"Begin with the first case below: a case that blocks others comes first. Red by topic: {topics}.")
    parts += [_failure(cause, clauses) for cause in red[:SHOWN]]
    if len(red) > SHOWN:
        parts.append(f"… and {len(red) - SHOWN} more; `results.json` holds all of them.")
    if results["stale"]:
        rows = [
            row([code(entry["glob"]), plain(entry["file"]), plain(entry["reason"])]) for entry in results["stale"]
        ]
        head = [row(["expectation", "file", "reason"]), row(["---"] * 3)]
        parts.append("### Expectations that match no case\n\n" + "\n".join(head + rows[:SHOWN]))
    parts += _others(results)
    return "\n\n".join(parts) + "\n"


def _failure(cause: Cause, clauses: Mapping[str, Clause]) -> str:
    """Returns one case, folded: the reader sees the title and opens the rest."""
    case = cause.case
    rule = next((rule for rule in rules(case, clauses) if rule.text), None)
    head = f"<b>{case['verdict']}</b> <code>{case['id']}</code> {plain(case['title'])}"
    head += f" (blocks {number_of_cases(len(cause.blocks))})" if cause.blocks else ""
    told = [f"<details><summary>{head}</summary>", ""]
    if rule is not None:
        told.append(f"[{rule.id}]({rule.link}): {plain(clipped(rule.text, _LINE))}\n")
    if case["note"]:
        told.append(plain(clipped(case["note"], _LINE)) + "\n")
    facts: list[str] = []
    for item in case["mismatches"][:3]:
        facts.append(f"expected  {item['what']} {clipped(item['expected'], _LINE)}")
        facts.append(f"got       {item['what']} {joined(clipped(item['got'], _LINE), item)}")
    facts += [f"again     {case['again']}"] if len(case["again"]) <= _LINE else []
    fenced = [line.replace("```", "'''") for line in facts]
    return "\n".join([*told, "```text", *fenced, "```", "</details>"])


def _others(results: Results) -> list[str]:
    """Returns the blocked cases, warnings, differences and known failures, which did not turn the run red, folded."""
    red = red_verdicts(results)
    others = [case for case in results["cases"] if case["verdict"] in {"warn", "differs"} - red]
    known = [case for case in results["cases"] if case["verdict"] == "expected"]
    blocked = [case for case in results["cases"] if case["verdict"] == "blocked"]
    told = [_folded(f"{len(blocked)} blocked cases", "reason", blocked, "note")] if blocked else []
    told += [_folded(f"{len(others)} warnings and observed differences", "rule", others, "title")] if others else []
    return told + ([_folded(f"{len(known)} known failures", "reason", known, "note")] if known else [])


def _folded(title: str, head: str, cases: list[CaseResult], key: Literal["title", "note"]) -> str:
    """Returns the cases as a folded table."""
    rows = [row([case["verdict"], f"`{case['id']}`", plain(case[key])]) for case in cases[:SHOWN]]
    rows += [f"\n… and {len(cases) - SHOWN} more."] if len(cases) > SHOWN else []
    table = [row(["verdict", "case", head]), row(["---"] * 3)]
    return "\n".join([f"<details><summary>{title}</summary>\n", *table, *rows, "\n</details>"])


def row(cells: list[str]) -> str:
    """Returns a line of a table."""
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """Returns the text as code. It may stand in a table."""
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"


def plain(text: str) -> str:
    """Escapes the text so that Markdown and HTML show it unchanged."""
    escaped = html.escape(text.replace("\n", " "), quote=False)
    return "".join("\\" + each if each in "\\`*_[]|#~" else each for each in escaped)
