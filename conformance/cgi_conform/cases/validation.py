"""Checks what a schema cannot check in a case: unknown names, invalid regular expressions, steps in a wrong order."""

import re
from collections.abc import Iterable
from typing import Any

from cgi_conform.cases.case import Case
from cgi_conform.cases.matcher import Matcher
from cgi_conform.cases.variants import VARIANTS
from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.octets import BadEscape, decode


def case_errors(case: Case, known: set[str] | None) -> list[str]:
    """Returns the errors in a case that fits its schema.

    `known` holds the ids of all clauses; None skips that check.
    """
    wrong = []
    if case.topic != case.file.stem:
        wrong.append(f'belongs in {case.topic}.toml: the file is named after the part before "/"')
    for key in ("title", "fault"):
        own = [profile for profile, expectation in case.expect.items() if getattr(expectation, key)]
        if own and len(own) == len(case.expect):
            wrong.append(f'"{key}" of the case is never used: every profile sets its own (move it to the case)')
    if known is not None:
        if not all(map(case.clauses_in, case.expect)):
            wrong.append('names no clause: it needs "clauses", in the case or in each profile')
        for clause in case.clauses:
            if clause not in known:
                wrong.append(f'unknown clause "{clause}"{did_you_mean(clause, sorted(known))}')
    if case.ends_server and case.times > 1:
        wrong.append('"signal" ends the server: the steps cannot be played several times')
    wrong += _sent_after_large_bodies(case)
    wrong += _late_too_late(case)
    variants = [need for need in case.needs if need in VARIANTS]
    if len(variants) > 1:
        wrong.append(f"needs {' and '.join(variants)} at once: one variant per case")
    docroot = case.file.parent.parent / "docroot"
    for matcher in _matchers(case):
        try:
            re.compile(matcher.matches or b"")
        except re.error as error:
            wrong.append(f'"matches" is no regular expression: {error}')
        if matcher.file is not None and not (docroot / matcher.file).is_file():
            files = [path.relative_to(docroot).as_posix() for path in docroot.rglob("*") if path.is_file()]
            wrong.append(f'"file" is "{matcher.file}", which docroot/ does not have{did_you_mean(matcher.file, files)}')
    return wrong


def _sent_after_large_bodies(case: Case) -> list[str]:
    """Returns an error for each step that sends after a large body.

    exchange.py keeps only the first block of a large body. The judge could not find the requests behind it.
    """
    wrong: list[str] = []
    large: dict[str, int] = {}  # octets, by connection
    for number, step in enumerate(case.steps, 1):
        if (step.send or step.body) and step.connection in large:
            octets = f"{large[step.connection]} octets of a body"
            wrong.append(f"step {number} sends after the {octets}: the case cannot judge what follows a large body")
        if step.body is not None and len(step.body.blocks()) > 1:
            large[step.connection] = len(step.body.repeat) * step.body.times
    return wrong


def _late_too_late(case: Case) -> list[str]:
    """Returns an error for each step with `read-late` on a connection that is already open."""
    opened: set[str] = set()
    wrong: list[str] = []
    for number, step in enumerate(case.steps, 1):
        if step.read_late and step.connection in opened:
            name = step.connection
            wrong.append(f'step {number}: "read-late" on connection "{name}", which is open: put it into its first step')
        opened.add(step.connection)
    return wrong


def _matchers(case: Case) -> list[Matcher]:
    matchers: list[Matcher | None] = []
    for expectation in case.expect.values():
        matchers.append(expectation.log)
        for answer in expectation.answers:
            matchers += [answer.reason, answer.version, answer.body, answer.raw]
            matchers += [*answer.header.values(), *answer.env.values(), *answer.probe.values()]
    return [matcher for matcher in matchers if matcher is not None]


def key_with_escape(value: Any, escape: str, path: str = "") -> str:
    """Returns the quoted name of the key whose text has this bad escape, or ""."""
    if isinstance(value, str):
        try:
            decode(value)
        except BadEscape as error:
            return f'"{path.lstrip(".")}"' if str(error) == escape else ""
        return ""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value, 1)
    for key, inner in items:
        if key in ("matches", "id", "title", "clauses", "see", "fault"):
            continue
        found = key_with_escape(inner, escape, f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}")
        if found:
            return found
    return ""
