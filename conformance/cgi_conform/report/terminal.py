"""The text of a run for a terminal: red cases by cause, other cases in one line, where to begin, then the totals.

A run with many red cases shows only some of each topic in full, after those that block others.

The text has colours only on a terminal, and not if NO_COLOR is set. It is readable in 80 columns. Lines to paste are
never wrapped.
"""

import os
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from cgi_conform.cases.clauses import Clause
from cgi_conform.cases.reproduce import Reach
from cgi_conform.escaped import clipped, marked, window
from cgi_conform.judging.results import (
    VERDICTS,
    CaseResult,
    MismatchEntry,
    Results,
    conclusion,
    exit_status,
    red_verdicts,
    server_line,
    started_by,
)
from cgi_conform.report.beside import beside
from cgi_conform.report.causes import Cause, blocked_by, by_topic, causes, number_of_cases
from cgi_conform.report.rule import rules
from cgi_conform.typed import typed

_WORD = {"fail": "FAIL", "error": "ERROR", "unexpected-pass": "PASSED", "warn": "warn", "differs": "differs"}
_TINT = {"FAIL": "31;1", "ERROR": "31;1", "PASSED": "35;1", "STALE": "35;1", "warn": "33", "differs": "36"}
_INDENT = " " * 6
_LABEL = 10
_FEW = 25  # up to so many known failures are listed one by one, and so many red cases are shown in full
_OF_A_TOPIC = 3  # of more red cases, so many of each topic are shown in full
_NAMED = 5  # topics in the advice where to begin


@dataclass(frozen=True)
class Style:
    """The style of the text: its width, its colours, and the server in its lines to paste."""

    width: int = 100
    colour: bool = False
    reach: Reach = Reach()  # the server that the lines to paste talk to
    listed: str = ""  # says where many known failures are listed; follows their number

    def tint(self, text: str, codes: str) -> str:
        return f"\033[{codes}m{text}\033[0m" if self.colour and codes else text


def style_for(stream: TextIO, reach: Reach = Reach(), environment: Mapping[str, str] = os.environ) -> Style:
    """Returns the style for this output: a terminal, or a file."""
    if not stream.isatty():
        return Style(reach=reach)
    columns = shutil.get_terminal_size((80, 24)).columns
    coloured = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Style(max(60, min(columns, 120)), coloured, reach)


def text(
    results: Results,
    clauses: Mapping[str, Clause],
    style: Style = Style(),
    slowest: int = 0,
    seconds: Mapping[str, float] | None = None,
) -> str:
    """Returns the whole report of a run. The keys of `seconds` are case ids."""
    red = red_verdicts(results)
    found = causes(results)
    full, short = _in_full(found)
    parts = [failure(cause.case, clauses, style, cause.blocks) + "\n" for cause in full]
    if short:
        told = [_brief(cause.case, style) for cause in short]
        parts.append("\n".join([*told, f"(cgi-conform run {short[0].case['id']} … shows such a case in full)"]) + "\n")
    parts += [_server_for_pasting(full, style) + "\n"] if parts and style.reach.starts else []
    blocks = blocked_by(results)
    others = [case for case in results["cases"] if case["verdict"] in {"warn", "differs"} - red]
    brief = [_brief(case, style, blocks.get(case["id"], ())) for case in others]
    parts += ["\n".join(brief) + "\n"] if brief else []
    stale = [_stale(entry["glob"], entry["file"], entry["reason"], style) for entry in results["stale"]]
    parts += ["\n".join(stale) + "\n"] if stale else []
    known = _known(results, style)
    parts += [known + "\n"] if known else []
    skips = _skips(results, style)
    parts += [skips + "\n"] if skips else []
    parts += [_slowest(slowest, seconds or {}) + "\n"] if slowest and seconds else []
    parts += [begin + "\n"] if (begin := _where_to_begin(found, style)) else []
    parts.append(total(results, style))
    return "\n".join(parts) + "\n"


def _in_full(found: list[Cause]) -> tuple[list[Cause], list[Cause]]:
    """Returns the causes to show in full, and those to show in one line each."""
    if len(found) <= _FEW:
        return found, []
    seen: dict[str, int] = {}
    full: list[Cause] = []
    short: list[Cause] = []
    for cause in found:
        topic = cause.case["topic"]
        seen[topic] = seen.get(topic, 0) + (not cause.blocks)
        (full if cause.blocks or seen[topic] <= _OF_A_TOPIC else short).append(cause)
    return full, short


def _where_to_begin(found: list[Cause], style: Style) -> str:
    """Returns the causes that block other cases, and the topics with most red cases. Returns "" for one cause or none."""
    if len(found) < 2:
        return ""
    blocking = [cause for cause in found if cause.blocks]
    told = [f"begin with {cause.case['id']}, which blocks {number_of_cases(len(cause.blocks))}" for cause in blocking[:_NAMED]]
    topics = [f"{topic} ({number})" for topic, number in by_topic(found).items()]
    rest = f" and {len(topics) - _NAMED} more topics" if len(topics) > _NAMED else ""
    told.append(f"red by topic: {', '.join(topics[:_NAMED])}{rest}")
    return "\n".join(textwrap.fill(line, style.width, break_on_hyphens=False) for line in told)


def failure(case: CaseResult, clauses: Mapping[str, Clause], style: Style, blocks: Sequence[str] = ()) -> str:
    """Returns a red case: the rule, expected and got, the line that repeats it, and the cases that it blocks."""
    word = _WORD.get(case["verdict"], case["verdict"])
    head = [f"{word:<5} {case['id']}  {case['title']}", f"[{', '.join([*case['clauses'], case['level']])}]"]
    found = _head(head[0], head[1], style).replace(word, style.tint(word, _TINT.get(word, "")), 1)
    told = [found]
    for rule in rules(case, clauses)[:1]:
        told += [_labelled("rule", rule.text, style)] if rule.text else []
        told += [_INDENT + " " * _LABEL + style.tint(rule.link, "2")] if rule.link else []
    if case["note"]:
        told.append(_labelled("note", case["note"], style))
    for mismatch in case["mismatches"]:
        told += _expected_got(mismatch, style)
    if blocks:
        told.append(_labelled("blocks", clipped(f"{number_of_cases(len(blocks))}: {', '.join(blocks)}", 2 * style.width), style))
    for label, command in (("again", case["again"]), ("or", case["curl"])):
        if command:
            told.append(f"{_INDENT}{label:<{_LABEL}}{typed(style.reach.fill(command))}")
    return "\n".join(told)


def _server_for_pasting(found: list[Cause], style: Style) -> str:
    """Returns how to start a server for the lines to paste, because the server of this run has ended."""
    told = f'The "again" lines need a running server: {typed(style.reach.starts)}'
    variants = any("# server started for " in case["again"] for case in (cause.case for cause in found))
    return told + (' (add --variant NAME for a line with "server started for NAME")' if variants else "")


def _head(text: str, tail: str, style: Style) -> str:
    """Returns the first line of a failure with the clauses at its right end, wrapped if necessary."""
    wrapped = textwrap.wrap(text, style.width, subsequent_indent=_INDENT, break_on_hyphens=False) or [""]
    room = style.width - len(wrapped[-1]) - len(tail)
    if room >= 2:
        wrapped[-1] += " " * room + tail
    else:
        wrapped += textwrap.wrap(tail, style.width, initial_indent=_INDENT, subsequent_indent=_INDENT + " ")
    return "\n".join(wrapped)


def _labelled(label: str, text: str, style: Style) -> str:
    first = f"{_INDENT}{label:<{_LABEL}}"
    after = " " * len(first)
    return textwrap.fill(text, style.width, initial_indent=first, subsequent_indent=after, break_on_hyphens=False)


def _expected_got(mismatch: MismatchEntry, style: Style) -> list[str]:
    """Returns two lines, or three with a mark below the first octet that differs."""
    what, at = mismatch["what"], mismatch["at"]
    room = style.width - len(_INDENT) - _LABEL - len(what) - 1
    texts = [mismatch["expected"], mismatch["got"]]
    parts = [marked(text, at) for text in texts]
    mark = ""
    if parts[1] is not None:
        texts = [text if part is None else window(part, room).text for text, part in zip(texts, parts, strict=True)]
        column = len(what) + 1 + len(window(parts[1], room).before)
        mark = f"{_INDENT}{'':<{_LABEL}}{'':<{column}}" + style.tint(f"^ octet {at}", "33")
    expected, got = (f"{what} {clipped(text, max(room, 20))}" for text in texts)
    if more := beside(mismatch):
        got = f"{got:<35} {more}"
    rows = [f"{_INDENT}{'expected':<{_LABEL}}{expected}", f"{_INDENT}{'got':<{_LABEL}}{got}"]
    return [*rows, mark] if mark else rows


def _brief(case: CaseResult, style: Style, blocks: Sequence[str] = ()) -> str:
    """Returns a case that did not pass in one line, or in two if it is long."""
    word = _WORD[case["verdict"]]
    head = f"{word:<8}{case['id']}"
    told = "; ".join(
        f"{item['what']}: expected {clipped(item['expected'], 60)}, got {clipped(item['got'], 60)}"
        for item in case["mismatches"][:1]
    )
    more = f" (+{len(case['mismatches']) - 1})" if len(case["mismatches"]) > 1 else ""
    more += f" (blocks {number_of_cases(len(blocks))})" if blocks else ""
    line = f"{head}  {told or case['title']}{more}"
    if len(line) > style.width:
        line = f"{head}\n        {told or case['title']}{more}"
    return line.replace(word, style.tint(word, _TINT[word]), 1)


def _stale(glob: str, file: str, reason: str, style: Style) -> str:
    return f'{style.tint("STALE", _TINT["STALE"])} {file}: "{glob}" matches no case ({reason})'


def _known(results: Results, style: Style) -> str:
    """Returns the known failures, one per line. If they are many, returns their number and where to read about them."""
    known = [case for case in results["cases"] if case["verdict"] == "expected"]
    if len(known) > _FEW:
        return style.tint(f"{len(known)} known failures{style.listed}", "2")
    blocks = blocked_by(results)
    told = []
    for case in known:
        blocking = f" (blocks {number_of_cases(len(blocks[case['id']]))})" if case["id"] in blocks else ""
        told.append(f"known   {case['id']}{blocking}  {case['note']}")
    return "\n".join(style.tint(line if len(line) <= style.width else line[: style.width - 1] + "…", "2") for line in told)


def _skips(results: Results, style: Style) -> str:
    """Returns the reasons for skipped cases with their numbers."""
    reasons: dict[str, int] = {}
    for case in results["cases"]:
        if case["verdict"] == "skip" and case.get("tried", True):
            reasons[case["note"]] = reasons.get(case["note"], 0) + 1
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{number_of_cases(count)} skipped: {reason}" for reason, count in ordered]
    return "\n".join(style.tint(line, "2") for line in told)


def _slowest(number: int, seconds: Mapping[str, float]) -> str:
    ordered = sorted(seconds.items(), key=lambda item: (-item[1], item[0]))[:number]
    return "\n".join(f"{spent:>8.3f} s  {case}" for case, spent in ordered)


def total(results: Results, style: Style) -> str:
    """Returns the last lines: server and profile, the number of each verdict, and the conclusion."""
    counts = results["totals"]
    untried = counts.get("untried", 0)
    shown = {**{verdict: counts[verdict] for verdict in VERDICTS}, "skip": counts["skip"] - untried, "not tried": untried}
    told = ", ".join(f"{count} {verdict}" for verdict, count in shown.items() if count)
    stale = f", {len(results['stale'])} stale" if results["stale"] else ""
    who = f"{server_line(results['server'])}, profile {results['profile']}, {started_by(results)}"
    verdict = style.tint(conclusion(results), "32;1" if exit_status(results) == 0 else "31;1")
    counted = f"{number_of_cases(counts['selected'])}: {told or 'none'}{stale}"
    wrapped = [textwrap.fill(told, style.width, break_on_hyphens=False) for told in (who, counted)]
    return "\n".join([*wrapped, verdict])
