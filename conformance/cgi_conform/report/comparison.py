"""A comparison of two runs as text for a terminal, diff.json, diff.md and diff.html. It shows only the differences."""

from collections.abc import Mapping
from pathlib import Path

from cgi_conform import schema
from cgi_conform.escaped import clipped
from cgi_conform.judging.compare import CaseComparison, Comparison, Difference
from cgi_conform.judging.results import server_line
from cgi_conform.report import new_failures
from cgi_conform.report.causes import number_of_cases
from cgi_conform.report.markdown import SHOWN, code, plain, row
from cgi_conform.report.page import filled, inserted
from cgi_conform.write import write_whole

_MEMBERS = 3  # number of differences that a terminal shows for a case


def write_all(comparison: Comparison, directory: Path) -> None:
    """Writes diff.json, diff.md and diff.html."""
    schema.write_json(comparison, directory / "diff.json", "diff.schema.json")
    write_whole(directory / "diff.md", markdown(comparison))
    write_whole(directory / "diff.html", html(comparison))


def text(comparison: Comparison, width: int = 120) -> str:
    """Returns a table with the differences of each case, both answers side by side, and then the totals."""
    a, b = sides(comparison)
    what = min(34, width // 3)
    room = (width - what - 6) // 2

    def line(head: str, ours: str, theirs: str) -> str:
        told = (head.ljust(what), clipped(ours, room - 1).ljust(room), clipped(theirs, room - 1))
        return ("  " + "  ".join(told)).rstrip()

    told = [line("", a, b)] if comparison["cases"] else []
    for case in comparison["cases"]:
        shown = first(case)
        more = len(case["differences"]) - len(shown)
        told += [case["id"], *(line(each["what"], each["a"], each["b"]) for each in shown)]
        told += [f"  (+{more})"] if more else []
    whole = "\n".join([*told, *([""] if told else []), totals(comparison)]) + "\n"
    return whole + new_failures.text(comparison.get("new_failures", []))


def first(case: CaseComparison) -> list[Difference]:
    """Returns the differences to show: verdict and status, and the first others."""
    heads = [each for each in case["differences"] if each["what"] in ("verdict", "status")]
    rest = [each for each in case["differences"] if each not in heads]
    return [*heads, *rest[: max(1, _MEMBERS - len(heads))]]


def sides(comparison: Comparison) -> tuple[str, str]:
    """Returns title and version of both servers, with "A:" and "B:" if they are the same."""
    a, b = server_line(comparison["a"]["server"]), server_line(comparison["b"]["server"])
    return (a, b) if a != b else (f"A: {a}", f"B: {b}")


def totals(comparison: Comparison) -> str:
    """Returns how many cases agree and differ, and why others were not compared."""
    counts = comparison["totals"]
    told = f"{number_of_cases(counts['compared'])} compared in profile {comparison['profile']}: {counts['agree']} agree, "
    told += f"{counts['differ']} differ"
    if counts["differ"]:
        told += f" ({counts['verdict']} in their verdict, {counts['status']} in their status)"
    lines = [told]
    for (a, b), number in reasons(comparison).items():
        lines.append(f"{number} not compared: A: {a or 'answered'}; B: {b or 'answered'}")
    return "\n".join(lines)


def reasons(comparison: Comparison) -> Mapping[tuple[str, str], int]:
    """Returns the reasons why cases were not compared, with their numbers, the largest first."""
    found: dict[tuple[str, str], int] = {}
    for each in comparison["untried"]:
        found[each["a"], each["b"]] = found.get((each["a"], each["b"]), 0) + 1
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def markdown(comparison: Comparison) -> str:
    """Returns Markdown for a comment or a step summary."""
    a, b = (plain(each) for each in sides(comparison))
    parts = [f"## {a} and {b}", *(plain(told) for told in totals(comparison).splitlines())]
    parts += new_failures.markdown(comparison.get("new_failures", []))
    if comparison["cases"]:
        rows = [
            row([f"`{case['id']}`", plain(each["what"]), code(each["a"]), code(each["b"])])
            for case in comparison["cases"][:SHOWN]
            for each in first(case)
        ]
        parts.append("\n".join([row(["case", "what", a, b]), row(["---"] * 4), *rows]))
    if len(comparison["cases"]) > SHOWN:
        parts.append(f"… and {len(comparison['cases']) - SHOWN} more; `diff.json` holds all of them.")
    return "\n\n".join(parts) + "\n"


def html(comparison: Comparison) -> str:
    """Returns a page that loads no other file."""
    topics: dict[str, list[CaseComparison]] = {}
    for case in comparison["cases"]:
        topics.setdefault(case["topic"], []).append(case)
    return filled(
        "diff.html.jinja",
        css=inserted("page.css"),
        sides=sides(comparison),
        comparison=comparison,
        totals=totals(comparison).splitlines(),
        topics=topics,
        new_failures=list(new_failures.grouped(comparison.get("new_failures", []))),
    )
