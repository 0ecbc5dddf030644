"""The output for GitHub Actions: the summary of the step, and an annotation for each red case.

GitHub keeps about ten annotations of a kind per step. If there are more, the last one says how many are left out.
An annotation names a file only if the repository of the workflow has it.

GitHub obeys a line of output that begins with "::", and the output holds octets of the server and lines of its log. So
GitHub must obey nothing until a random word, which the server cannot know.
"""

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.locations import line_of
from cgi_conform.escaped import clipped
from cgi_conform.judging.results import Results, Stale
from cgi_conform.octets import visible
from cgi_conform.report import markdown
from cgi_conform.report.beside import joined
from cgi_conform.report.causes import Cause, causes, number_of_cases

_KEPT = 10


@contextmanager
def commands_stopped() -> Iterator[None]:
    """Prints lines before and after the output of this block, between which GitHub obeys no command."""
    word = secrets.token_hex(16)
    print(f"::stop-commands::{word}", flush=True)
    try:
        yield
    finally:
        print(f"::{word}::", flush=True)


def write_summary(text: str, environment: Mapping[str, str] = os.environ) -> None:
    """Appends the text to the summary of the step, if there is one.

    If the file cannot be written, prints a warning: the verdict stays as it is.
    """
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            told = f'cannot write "{visible(summary)}": {error.strerror}'
            print(f"cgi-conform: GITHUB_STEP_SUMMARY: {told} (the step gets no summary)", file=sys.stderr)


def tell_refusal(message: str) -> None:
    """Prints the annotation, and writes the summary, of a run in which the server could not be judged."""
    print(_error({"title": "cgi-conform"}, message), flush=True)
    write_summary(markdown.refusal(message))


def annotations(
    results: Results,
    cases: Mapping[str, Case],
    expectations: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> list[str]:
    """Returns the ::error lines, at most as many as GitHub keeps. `expectations` is the file of the known failures."""
    repository = Path(environment.get("GITHUB_WORKSPACE") or ".").resolve()
    found = [_error({"title": "incomplete"}, results["incomplete"])] if "incomplete" in results else []
    found += [_annotation(cause, cases.get(cause.case["id"]), repository) for cause in causes(results)]
    found += [_of_stale(entry, expectations, repository) for entry in results["stale"]]
    if len(found) <= _KEPT:
        return found
    return [*found[: _KEPT - 1], _error({}, f"and {len(found) - _KEPT + 1} more: see the summary of this step")]


def _of_stale(entry: Stale, expectations: Path | None, repository: Path) -> str:
    where = {"title": "stale expectation"}
    if expectations is not None and entry["file"] == f"{expectations.absolute().parent.name}/{expectations.name}":
        lines = expectations.read_text("utf-8", "replace").splitlines()
        line = next((number for number, text in enumerate(lines, 1) if entry["glob"] in text), 1)
        where = {**_file(expectations, line, repository), **where}
    return _error(where, f'{entry["file"]}: "{entry["glob"]}" matches no case ({entry["reason"]})')


def _annotation(cause: Cause, case: Case | None, repository: Path) -> str:
    result = cause.case
    where = {"title": f"{result['id']} ({result['verdict']})"}
    if case is not None:
        where = {**_file(case.file, line_of(case), repository), **where}
    told = [result["title"], *([result["note"]] if result["note"] else [])]
    told += [f"blocks {number_of_cases(len(cause.blocks))}"] if cause.blocks else []
    for item in result["mismatches"][:3]:
        got = joined(clipped(item["got"], 200), item)
        told.append(f"{item['what']}: expected {clipped(item['expected'], 200)}, got {got}")
    return _error(where, "\n".join(told))


def _file(path: Path, line: int, repository: Path) -> dict[str, str]:
    """Returns file and line for GitHub, or nothing for a file outside the repository of the workflow."""
    whole = path.resolve()
    if not whole.is_relative_to(repository):
        return {}
    return {"file": whole.relative_to(repository).as_posix(), "line": str(line)}


def _error(where: Mapping[str, str], message: str) -> str:
    properties = ",".join(f"{name}={_property(value)}" for name, value in where.items())
    return f"::error{' ' if properties else ''}{properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
