"""The new failures of a run as text and as Markdown, in groups: what changed, the server or the cases."""

import itertools
from collections.abc import Iterator, Sequence

from cgi_conform.judging.new_failures import NewFailure
from cgi_conform.numbers import counted
from cgi_conform.report.markdown import SHOWN, plain

HEADS = {
    "same": "The case is the same, so the server changed",
    "changed": "The case changed",
    "new": "The case is new",
    "absent": "The earlier run does not have the case: it is new, or was not selected",
    "unknown": "The results do not tell if the case changed: they have no digests",
}


def grouped(found: Sequence[NewFailure]) -> Iterator[tuple[str, list[NewFailure]]]:
    """Yields a heading with its number of cases, and the cases."""
    for cause, cases in itertools.groupby(found, lambda each: each["cause"]):
        members = list(cases)
        yield f"{HEADS[cause]} ({len(members)})", members


def text(found: Sequence[NewFailure]) -> str:
    """Returns the lines for a terminal, or "" without a new failure."""
    if not found:
        return ""
    lines = ["", headline(found)]
    for head, cases in grouped(found):
        lines.append(f"  {head}:")
        for case in cases:
            lines.append(f"    {case['id']}  {case['found'] or case['title']}")
            lines += [f"      {case['why']}"] if case["why"] else []
    return "\n".join(lines) + "\n"


def headline(found: Sequence[NewFailure]) -> str:
    """Returns the number of new failures in a sentence."""
    return counted(len(found), "new failure")


def markdown(found: Sequence[NewFailure]) -> list[str]:
    """Returns the paragraphs for a comment or a step summary, or nothing without a new failure."""
    if not found:
        return []
    parts = [f"### {headline(found)}"]
    for head, cases in grouped(found):
        lines = [f"* `{case['id']}` {plain(_reason(case))}" for case in cases[:SHOWN]]
        lines += [f"* … and {len(cases) - SHOWN} more; `diff.json` holds all of them."] if len(cases) > SHOWN else []
        parts.append("\n".join([f"{plain(head)}:", "", *lines]))
    return parts


def _reason(case: NewFailure) -> str:
    return " – ".join(filter(None, [case["found"] or case["title"], case["why"]]))
