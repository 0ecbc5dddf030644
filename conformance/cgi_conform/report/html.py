"""index.html: the whole run on one page that loads no other file, for readers who did not run it.

Autoescaping is on, and the page shows octets as printable text only, so the octets of a hostile server stay text.
The page stays below 1.5 MB for 1,300 cases: long exchanges are cut until it does. The page always shows the rule,
the expectation, the mismatches and the line that repeats the case. A browser gets few elements: cases that did not turn
the run red are one line each, and a script adds their details when a reader opens them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from cgi_conform.cases.answer import LEVELS
from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import Clause
from cgi_conform.cases.wording import asked
from cgi_conform.escaped import clipped, marked
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
from cgi_conform.report.causes import by_topic, causes
from cgi_conform.report.page import filled, inserted, plain
from cgi_conform.report.rule import rules

LARGEST = 1_500_000
_SHOWN = 60  # of more red cases, the list where to begin shows so many, and no case is open at first
_ESCAPES = re.compile(r"(?:\\(?:x[0-9a-fA-F]{2}|&\w+;|.))+")  # for text that is already HTML
MEANING = {
    "pass": "the server does what the rule asks",
    "fail": "the server breaks a required rule",
    "warn": "the server breaks a recommended rule",
    "differs": "the server behaves differently from CPython; no rule asks for either",
    "blocked": "a case that it presupposes is red, so its own answer proves nothing",
    "expected": "a known failure, listed with its reason",
    "unexpected-pass": "a known failure, but the case passed",
    "skip": "the case could not be judged",
    "error": "the suite or the server failed",
}
CONTRACT = {
    "cgihttpserver": "the behaviour of Python's CGIHTTPServer (python3 -m http.server --cgi)",
    "rfc3875": "CGI/1.1 as RFC 3875 defines it",
}


@dataclass(frozen=True)
class Detail:
    """The number of characters of an exchange that the page shows: `quiet` for passed and skipped cases, else `found`."""

    found: int
    quiet: int


_DETAILS = (Detail(4096, 1500), Detail(4096, 400), Detail(2000, 0), Detail(600, 0), Detail(200, 0), Detail(0, 0))


def text(results: Results, cases: Mapping[str, Case], clauses: Mapping[str, Clause]) -> str:
    """Returns the page with as much of the exchanges as fits into its size limit."""
    page = ""
    for detail in _DETAILS:
        page = _page(results, cases, clauses, detail)
        if len(page.encode()) <= LARGEST:
            break
    return page


def _page(results: Results, cases: Mapping[str, Case], clauses: Mapping[str, Clause], detail: Detail) -> str:
    red, found = red_verdicts(results), causes(results)
    views = [_view(case, cases.get(case["id"]), results["profile"], clauses, detail) for case in results["cases"]]
    used = {name for case in results["cases"] for name in case["clauses"]}
    return filled(
        "page.html.jinja",
        css=inserted("page.css"),
        script=inserted("copy.js") + inserted("filter.js") + inserted("page.js"),
        results=results,
        server=server_line(results["server"]),
        conclusion=conclusion(results),
        started_by=started_by(results),
        status=exit_status(results),
        verdicts=[verdict for verdict in VERDICTS if results["totals"][verdict]],
        meanings=MEANING,
        contract=CONTRACT[results["profile"]],
        red=red,
        topics=_by_topic(views),
        broken=found,
        shown=_SHOWN,
        full={cause.case["id"] for cause in found[:_SHOWN]},
        by_topic=by_topic(found),
        levels=LEVELS,
        clauses={name: (clause.text, clause.link) for name, clause in clauses.items() if name in used},
        shortened=not detail.quiet,
    )


def _by_topic(views: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    topics: dict[str, list[dict[str, Any]]] = {}
    for view in views:
        topics.setdefault(view["topic"], []).append(view)
    return topics


def _view(
    result: CaseResult, case: Case | None, profile: str, clauses: Mapping[str, Clause], detail: Detail
) -> dict[str, Any]:
    """Returns a case as the template shows it."""
    quiet = result["verdict"] in ("pass", "skip")
    limit = detail.quiet if quiet else detail.found
    expectation = case.expect.get(profile) if case is not None else None
    broken = {item["what"] for item in result["mismatches"]}
    wanted = asked(expectation) if expectation is not None else []
    return {
        **result,
        "rules": rules(result, clauses),
        "wanted": [(what, clipped(told, 300)) for what, told in wanted if what not in broken],
        "mismatches": [mismatch_view(item) for item in result["mismatches"]],
        "sent": [(each["connection"], octets(clipped(each["bytes"], limit))) for each in result["sent"] if limit],
        "received": [
            (each["connection"], octets(clipped(each["bytes"], limit)), each["end"])
            for each in result["received"]
            if limit
        ],
        "again": clipped(result["again"], max(limit, 600)),
        "curl": result["curl"] if limit else None,
        "needs": (*case.needs, *case.presupposes) if case is not None else (),
    }


def mismatch_view(item: MismatchEntry) -> dict[str, Any]:
    return {
        "what": item["what"],
        "expected": with_mark(clipped(item["expected"], 400), item["at"]),
        "got": with_mark(clipped(item["got"], 400), item["at"]),
        "at": item["at"],
        "beside": beside(item),
    }


def with_mark(told: str, at: int | None) -> Markup:
    """Returns the text with the first differing octet in a <mark>."""
    part = marked(told, at)
    if part is None:
        return escape(told)
    return Markup("{}<mark>{}</mark>{}").format(part.before, part.octet or "⌁", part.after)


def octets(told: str) -> Markup:
    """Returns the octets line by line, with dimmed escapes."""
    return Markup(_ESCAPES.sub(_dimmed, plain(told)).replace("<i></i>", "").rstrip("\n"))


def _dimmed(escapes: re.Match[str]) -> str:
    return f"<i>{escapes[0]}</i>".replace("\\n", "\\n</i>\n<i>")
