"""results.json: what a run found, the source of every report.

The same run gives the same octets: sorted, without times, ports, paths or dates (normalise.py).  Readers get
plain dictionaries whose shape fixtures/schema/results.schema.json has checked.

A run may end before all cases have been tried. `incomplete` then says why, and a case that was not tried is a skipped
one with `tried` false: a reader that knows neither key counts it as skipped, so as neither passed nor failed.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from cgi_conform import __version__, schema
from cgi_conform.errors import NOTHING_RAN, SERVER, UserError
from cgi_conform.write import write_whole

FORMAT = 1
VERDICTS = ("pass", "fail", "warn", "differs", "expected", "unexpected-pass", "skip", "error")
ALWAYS_RED = ("error", "fail", "unexpected-pass")

Saw = int | str | None


class Suite(TypedDict):
    version: str
    cases: int


class Server(TypedDict):
    name: str
    title: str
    version: str


class MismatchEntry(TypedDict):
    what: str
    expected: str
    got: str
    at: int | None
    line: NotRequired[str]  # of a status: the status line of the answer that was judged
    connection: NotRequired[str]  # the connection that was judged, where a case opens several


class Sent(TypedDict):
    connection: str
    bytes: str


class Received(TypedDict):
    connection: str
    bytes: str
    end: str


class CaseResult(TypedDict):
    id: str
    title: str
    topic: str
    level: str
    clauses: list[str]
    fault: str
    verdict: str
    note: str
    saw: Saw
    mismatches: list[MismatchEntry]
    sent: list[Sent]
    received: list[Received]
    again: str
    curl: str | None
    seconds: NotRequired[float]
    tried: NotRequired[bool]  # False where the run ended before it came to the case; absent else


class Stale(TypedDict):
    glob: str
    reason: str
    file: str


class Results(TypedDict):
    format: int
    suite: Suite
    server: Server
    profile: str
    user: str
    red: NotRequired[list[str]]
    incomplete: NotRequired[str]
    totals: dict[str, int]
    stale: list[Stale]
    cases: list[CaseResult]


def assembled(
    server: Server,
    profile: str,
    user: str,
    corpus: int,
    cases: Iterable[CaseResult],
    stale: Iterable[Stale] = (),
    strict: bool = False,
    strict_observed: bool = False,
    incomplete: str = "",
) -> Results:
    """Returns the results of a run. `corpus` counts all cases; `incomplete` says why the run ended early."""
    ordered = sorted(cases, key=lambda case: case["id"])
    results: Results = {
        "format": FORMAT,
        "suite": {"version": __version__, "cases": corpus},
        "server": server,
        "profile": profile,
        "user": user,
        "totals": totals(ordered),
        "stale": sorted(stale, key=lambda entry: (entry["file"], entry["glob"])),
        "cases": ordered,
    }
    if strict or strict_observed:
        asked = ["warn"] * strict + ["differs"] * strict_observed
        results["red"] = sorted([*ALWAYS_RED, *asked])
    if incomplete:
        results["incomplete"] = incomplete
    return results


def totals(cases: list[CaseResult]) -> dict[str, int]:
    """Returns the number of cases per verdict, which add up to "selected", and of those that were not tried."""
    counted = {verdict: sum(case["verdict"] == verdict for case in cases) for verdict in VERDICTS}
    untried = sum(not case.get("tried", True) for case in cases)
    return {**counted, "selected": len(cases), **({"untried": untried} if untried else {})}


def red_verdicts(results: Results) -> frozenset[str]:
    """Returns the verdicts that turn this run red."""
    return frozenset(results.get("red", ALWAYS_RED))


def red_cases(results: Results) -> list[CaseResult]:
    """Returns the cases that turned the run red."""
    red = red_verdicts(results)
    return [case for case in results["cases"] if case["verdict"] in red]


def judged(results: Results) -> int:
    """Returns how many cases were run and judged."""
    return results["totals"]["selected"] - results["totals"]["skip"]


def is_red(results: Results) -> bool:
    """Returns whether what was found turns the run red."""
    return bool(red_cases(results) or results["stale"])


def exit_status(results: Results) -> int:
    """0 conforms, 1 red, 3 the run is incomplete, 5 nothing ran."""
    if "incomplete" in results:
        return SERVER
    if is_red(results):
        return 1
    return 0 if judged(results) else NOTHING_RAN


def started_by(results: Results) -> str:
    """Returns who started the server, in words."""
    known = {"root": "started by root", "user": "started by an ordinary user"}
    return known.get(results["user"], "not started by cgi-conform")


def conclusion(results: Results) -> str:
    """Returns the run in a few words."""
    if "incomplete" in results:
        return f"{'does not conform, and is ' if is_red(results) else ''}incomplete: {results['incomplete']}"
    if is_red(results):
        return "does not conform"
    if not judged(results):
        return "nothing ran"
    skipped, known = results["totals"]["skip"], results["totals"]["expected"]
    told = f"conforms ({known} known failure{'s' * (known != 1)})" if known else "conforms"
    return f"{told}, {skipped} of {results['totals']['selected']} skipped" if skipped else told


def server_line(server: Server) -> str:
    """Returns the server's title and exact version; a version that says the title itself stands alone."""
    title, version = server["title"] or server["name"], server["version"]
    if not version or title.lower() in version.lower():
        return version or title
    return f"{title} ({version})"


def text(results: Results) -> str:
    """Returns the JSON text, the same octets for the same results."""
    return json.dumps(results, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write(results: Results, path: Path) -> None:
    """Write results.json; a result of the wrong shape is a defect of ours and crashes."""
    faults = schema.faults(results, "results.schema.json")
    assert not faults, faults
    write_whole(path, text(results))


def read(path: Path) -> Results:
    """Returns the results in a file, whoever wrote it; anything else is said in one line."""
    return cast(Results, read_json(path, "results.schema.json", "results of a run"))


def read_json(path: Path, against: str, kind: str) -> dict[str, Any]:
    """Returns a JSON document of this suite, checked against its schema; `kind` says what it should be."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f'cannot read "{path}": {error.strerror}') from None
    except ValueError as error:
        raise UserError(f'"{path}" is not JSON: {error}') from None
    if not isinstance(document, dict) or "format" not in document:
        raise UserError(f'"{path}" does not hold {kind} (no "format" in it)')
    if document["format"] != FORMAT:
        found = json.dumps(document["format"])
        raise UserError(f'"{path}" is of format {found}, cgi-conform {__version__} reads format {FORMAT}')
    faults = schema.faults(document, against)
    if faults:
        raise UserError(f'"{path}" does not hold {kind}: {faults[0]}')
    return document
