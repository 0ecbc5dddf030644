"""Defines results.json, which holds the results of a run. All reports are made from it.

Two equal runs give the same octets: the file is sorted, and has no times, ports, paths or dates (normalise.py). Readers
get dictionaries that fixtures/schema/results.schema.json has checked.

A run may end before all cases were tried. Then `incomplete` gives the reason. A case that was not tried has the verdict
"skip" and `tried` false, so a reader that does not know these keys counts it as skipped.

A run may be a part of a run that several machines share. Then `shard` says which part it is, and what
`cgi-conform merge` needs beside the results (shards.py).
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from cgi_conform import __version__, schema
from cgi_conform.did_you_mean import nearest_path
from cgi_conform.errors import NOTHING_RAN, SERVER, UserError
from cgi_conform.numbers import counted
from cgi_conform.parsed import json_in

FORMAT = 1
VERDICTS = ("pass", "fail", "warn", "differs", "blocked", "expected", "unexpected-pass", "skip", "error")
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
    line: NotRequired[str]  # if `what` is "status": the status line that was judged
    connection: NotRequired[str]  # the connection that was judged, if the case opens several


class Sent(TypedDict):
    connection: str
    bytes: str


class Received(TypedDict):
    connection: str
    bytes: str
    end: str


class CaseResult(TypedDict):
    id: str
    digest: NotRequired[str]  # of the case in this profile (cases/digest.py); older results have none
    title: str
    topic: str
    level: str
    clauses: list[str]
    fault: str
    verdict: str
    note: str
    blocked: NotRequired[str]  # the red case that this one presupposes; only with the verdict "blocked"
    saw: Saw
    mismatches: list[MismatchEntry]
    sent: list[Sent]
    received: list[Received]
    again: str
    curl: str | None
    seconds: NotRequired[float]
    tried: NotRequired[bool]  # False if the run ended before this case; otherwise absent


class Stale(TypedDict):
    glob: str
    reason: str
    file: str


class Shard(TypedDict):
    part: int
    parts: int
    chosen: str  # a digest of the cases of all parts
    delivery: str
    suffix: str  # of --script-suffix
    reach: dict[str, Any]  # the fields of cases/reproduce.py: Reach
    note: str  # the note about the release of the server, or ""
    messages: list[str]  # about servers that did not start or died, and about an early end


class Results(TypedDict):
    format: int
    suite: Suite
    server: Server
    profile: str
    user: str
    red: NotRequired[list[str]]
    incomplete: NotRequired[str]
    shard: NotRequired[Shard]
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
    """Returns the number of cases for each verdict, their sum as "selected", and the number of untried ones if any."""
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
    """Returns how many cases were judged: neither skipped nor blocked."""
    counts = results["totals"]
    return counts["selected"] - counts["skip"] - counts["blocked"]


def is_red(results: Results) -> bool:
    """Returns whether a case or a stale entry turns the run red."""
    return bool(red_cases(results) or results["stale"])


def exit_status(results: Results) -> int:
    """Returns 0 if the server conforms, 1 if the run is red, 3 if it is incomplete, 5 if nothing ran."""
    if "incomplete" in results:
        return SERVER
    if is_red(results):
        return 1
    return 0 if judged(results) else NOTHING_RAN


def started_by(results: Results) -> str:
    """Returns in words which user started the server."""
    known = {"root": "started by root", "user": "started by an ordinary user"}
    return known.get(results["user"], "not started by cgi-conform")


def part_in_words(results: Results) -> str:
    """Returns words to begin a conclusion with if the run is a part, or ""."""
    return f"part {results['shard']['part']} of {results['shard']['parts']}: " if "shard" in results else ""


def refuse_part(path: Path, results: Results) -> None:
    """Raises UserError if a file holds only a part of a run."""
    if part := part_in_words(results).removesuffix(": "):
        raise UserError(f'"{path}" holds only {part} of a run (cgi-conform merge makes the whole)')


def conclusion(results: Results) -> str:
    """Returns the result of the run in a few words."""
    return part_in_words(results) + _conclusion(results)


def _conclusion(results: Results) -> str:
    if "incomplete" in results:
        return f"{'does not conform, and is ' if is_red(results) else ''}incomplete: {results['incomplete']}"
    if is_red(results):
        return "does not conform"
    if not judged(results):
        return "nothing ran"
    counts, known = results["totals"], results["totals"]["expected"]
    told = f"conforms ({counted(known, 'known failure')})" if known else "conforms"
    told += f", {counts['blocked']} blocked" if counts["blocked"] else ""
    return told + (f", {counts['skip']} of {counts['selected']} skipped" if counts["skip"] else "")


def server_line(server: Server) -> str:
    """Returns the server's title and exact version, or only the version if it contains the title."""
    title, version = server["title"] or server["name"], server["version"]
    if not version or title.lower() in version.lower():
        return version or title
    return f"{title} ({version})"


def text(results: Results) -> str:
    """Returns the JSON text, the same octets for the same results."""
    return json.dumps(results, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write(results: Results, path: Path) -> None:
    """Writes results.json: the same octets for the same results."""
    schema.write_json(results, path, "results.schema.json")


def read(path: Path) -> Results:
    """Returns the results in a file. UserError if the file holds something else."""
    results = cast(Results, read_json(path, "results.schema.json", "results of a run"))
    if contradiction := _contradiction(results):
        raise UserError(f'"{path}" contradicts itself: {contradiction} (cgi-conform run --report DIR writes it anew)')
    return results


def _contradiction(results: Results) -> str:
    """Returns what no run can have written, though the schema allows it, or ""."""
    cases, counted = results["cases"], totals(results["cases"])
    for name, times in Counter(case["id"] for case in cases).items():
        if times > 1:
            return f'the case "{name}" is in it {times} times'
    if unfounded := next((case["id"] for case in cases if (case["verdict"] == "blocked") != ("blocked" in case)), ""):
        return f'the verdict of "{unfounded}" does not fit its key "blocked"'
    for name in {**counted, **results["totals"]}:
        told, found = results["totals"].get(name, 0), counted.get(name, 0)
        if told != found:
            return f'"totals.{name}" is {told}, but the cases give {found}'
    return ""


def result_files(given: Iterable[Path]) -> list[Path]:
    """Returns the files, and for each folder the files results.json below it."""
    files: list[Path] = []
    for path in given:
        below = sorted(path.rglob("results.json")) if path.is_dir() else [path]
        if not below:
            raise UserError(f'no results.json below "{path}" (cgi-conform run --report DIR writes one)')
        files += below
    return list(dict.fromkeys(files))


def read_json(path: Path, against: str, kind: str) -> dict[str, Any]:
    """Returns a JSON document of this suite, checked against its schema. Messages call it `kind`."""
    try:
        document = json_in(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f'cannot read "{path}": {error.strerror}{nearest_path(path)}') from None
    except ValueError as error:
        raise UserError(f'"{path}" cannot be read as JSON: {error}') from None
    if not isinstance(document, dict) or "format" not in document:
        raise UserError(f'"{path}" does not hold {kind} (no "format" in it)')
    if document["format"] != FORMAT:
        found = json.dumps(document["format"])
        raise UserError(f'"{path}" is of format {found}, cgi-conform {__version__} reads format {FORMAT}')
    faults = schema.faults(document, against)
    if faults:
        raise UserError(f'"{path}" does not hold {kind}: {faults[0]}')
    return document
