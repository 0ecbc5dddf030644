"""Compares two runs case by case, and returns only the differences.

The input is that of results.json, where normalise.py has replaced dates, ports, paths and process ids. This module
also replaces the value of a Server field. It ignores the order of fields and the case of their names. It ignores
lengths that are right in both answers: if they differ, the bodies differ too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NotRequired, TypedDict

from cgi_conform.cases.matcher import Value, first_difference
from cgi_conform.errors import UserError
from cgi_conform.escaped import clipped
from cgi_conform.http.request_methods import request_methods
from cgi_conform.http.response import Parsed, Response, parse
from cgi_conform.judging.new_failures import NewFailure
from cgi_conform.judging.probe import NotTheProbe, Probe, read_probe
from cgi_conform.judging.results import FORMAT, CaseResult, Received, Results, Server, Suite
from cgi_conform.octets import decode, printable

LEFT_OUT = "…"
_BROKEN = {"required": "fail", "recommended": "warn", "observed": "differs"}
_BEFORE, _SHOWN = 12, 60


class Difference(TypedDict):
    what: str
    a: str
    b: str


class CaseComparison(TypedDict):
    id: str
    title: str
    topic: str
    level: str
    differences: list[Difference]
    again: str


class Untried(TypedDict):
    id: str
    a: str
    b: str


class Side(TypedDict):
    server: Server
    user: str


class Comparison(TypedDict):
    format: int
    suite: Suite
    profile: str
    a: Side
    b: Side
    totals: dict[str, int]
    cases: list[CaseComparison]
    untried: list[Untried]
    new_failures: NotRequired[list[NewFailure]]  # only if A is an earlier run


@dataclass(frozen=True)
class ParsedExchange:
    """The octets received on a connection, parsed. `cut` says that the results do not contain their end."""

    parsed: Parsed
    end: str
    cut: bool


def compared(a: Results, b: Results) -> Comparison:
    """Returns the comparison of two runs, over the cases that both tried."""
    if a["profile"] != b["profile"]:
        raise UserError(f"one run is of profile {a['profile']}, the other of {b['profile']}")
    ours, theirs = ({case["id"]: case for case in results["cases"]} for results in (a, b))
    names = sorted(ours.keys() | theirs.keys())
    why = {name: (_untried(ours.get(name)), _untried(theirs.get(name))) for name in names}
    both = [name for name in names if why[name] == ("", "")]
    cases = [_case(ours[name], list(differences(ours[name], theirs[name]))) for name in both]
    differing = [case for case in cases if case["differences"]]
    return {
        "format": FORMAT,
        "suite": a["suite"],
        "profile": a["profile"],
        "a": {"server": a["server"], "user": a["user"]},
        "b": {"server": b["server"], "user": b["user"]},
        "totals": {
            "selected": len(names),
            "compared": len(both),
            "agree": len(both) - len(differing),
            "differ": len(differing),
            **{what: sum(_is_in(what, case) for case in differing) for what in ("verdict", "status")},
        },
        "cases": differing,
        "untried": [{"id": name, "a": why[name][0], "b": why[name][1]} for name in names if name not in set(both)],
    }


def _untried(case: CaseResult | None) -> str:
    """Returns the reason why a run has no answer to a case, or "" if it has one."""
    if case is None:
        return "not in this run"
    return case["note"] or case["verdict"] if case["verdict"] in ("skip", "error") else ""


def _is_in(what: str, case: CaseComparison) -> bool:
    return any(each["what"] == what for each in case["differences"])


def _case(case: CaseResult, found: list[Difference]) -> CaseComparison:
    return {
        "id": case["id"],
        "title": case["title"],
        "topic": case["topic"],
        "level": case["level"],
        "differences": found,
        "again": case["again"],
    }


def differences(a: CaseResult, b: CaseResult) -> Iterator[Difference]:
    """Yields the differences: first the verdict, then the status that decided, then those of each connection."""
    status = a["saw"] != b["saw"]
    found = False
    for what, ours, theirs in (("verdict", verdict(a), verdict(b)), ("status", str(a["saw"]), str(b["saw"]))):
        if ours != theirs:
            yield {"what": what, "a": ours, "b": theirs}
    several = len(a["received"]) > 1
    for one, other in zip(_exchanges(a), _exchanges(b), strict=False):
        where = f"{one[0]}: " if several else ""
        for what, ours, theirs in _of_connection(one[1], other[1]):
            found = True
            if not (status and what == "status line"):  # "status" has said it already
                yield {"what": where + what, "a": ours, "b": theirs}
    if not found and a["mismatches"] != b["mismatches"]:
        yield {"what": "found", "a": _found(a), "b": _found(b)}


def verdict(case: CaseResult) -> str:
    """Returns the verdict of a case without regard to known failures."""
    if case["verdict"] in ("skip", "error"):
        return case["verdict"]
    return _BROKEN[case["level"]] if case["mismatches"] else "pass"


def _found(case: CaseResult) -> str:
    return "; ".join(f"{item['what']} {clipped(item['got'], _SHOWN)}" for item in case["mismatches"]) or "nothing"


def _exchanges(case: CaseResult) -> list[tuple[str, ParsedExchange]]:
    sent = {each["connection"]: decode(each["bytes"].removesuffix(LEFT_OUT)) for each in case["sent"]}
    return [(each["connection"], _exchange(each, sent.get(each["connection"], b""))) for each in case["received"]]


def _exchange(received: Received, sent: bytes) -> ParsedExchange:
    octets = decode(received["bytes"].removesuffix(LEFT_OUT))
    parsed = parse(octets, request_methods(sent), ended=received["end"] != "open")
    named = replace(parsed, responses=tuple(map(with_names, parsed.responses)))
    return ParsedExchange(named, received["end"], received["bytes"].endswith(LEFT_OUT))


def with_names(response: Response) -> Response:
    """Returns the response with {length} for a right Content-Length, and {server} for the value of the Server field."""
    fields, body = list(response.fields), response.body
    if response.values("Content-Length") == [str(len(body)).encode()]:
        fields = [(name, b"{length}" if name.lower() == b"content-length" else value) for name, value in fields]
    for server in response.values("Server"):
        if len(server) > 2:
            fields = [(name, value.replace(server, b"{server}")) for name, value in fields]
            body = body.replace(server, b"{server}")
    return replace(response, fields=tuple(fields), body=body)


def _of_connection(a: ParsedExchange, b: ParsedExchange) -> Iterator[tuple[str, str, str]]:
    ours, theirs = a.parsed.responses, b.parsed.responses
    many = max(len(ours), len(theirs)) > 1
    for number in range(max(len(ours), len(theirs))):
        where = f"response {number + 1}" if many else ""
        if number >= min(len(ours), len(theirs)):
            yield where or "response", _nth(ours, number), _nth(theirs, number)
            continue
        for what, one, other in response_differences(ours[number], theirs[number], a.cut or b.cut):
            yield f"{where} {what}".strip(), one, other
    if [_line(each) for each in a.parsed.interim] != [_line(each) for each in b.parsed.interim]:
        yield "interim", _lines(a.parsed.interim), _lines(b.parsed.interim)
    if (difference := _of_octets(a.parsed.rest, b.parsed.rest, a.cut or b.cut)) is not None:
        yield f"beyond the responses, octet {difference[0]}", *difference[1:]
    if a.end != b.end:
        yield "end", a.end, b.end


def _line(response: Response) -> str:
    return printable(response.status_line)


def _lines(responses: Sequence[Response]) -> str:
    return ", ".join(map(_line, responses)) or "none"


def _nth(responses: Sequence[Response], number: int) -> str:
    return _lines(responses[number : number + 1])


def response_differences(a: Response, b: Response, cut: bool) -> Iterator[tuple[str, str, str]]:
    """Yields the differences of two responses: what differs, and both values. `cut` says that a body lacks its end."""
    if a.status_line != b.status_line:
        yield "status line", _line(a), _line(b)
    for name in sorted({name.lower().decode("latin-1") for name, _ in (*a.fields, *b.fields)}):
        one, other = a.values(name), b.values(name)
        if one != other:
            yield f"header.{name.title()}", _values(one), _values(other)
    if a.stray != b.stray:
        yield "head", _values(list(a.stray)), _values(list(b.stray))
    try:
        yield from _of_probes(read_probe(a.body), read_probe(b.body))
    except NotTheProbe:
        if (difference := _of_octets(a.body, b.body, cut)) is not None:
            yield f"body octet {difference[0]}", *difference[1:]


def _values(values: list[bytes]) -> str:
    return clipped(", ".join(map(printable, values)), 200) if values else "absent"


def _of_octets(a: bytes, b: bytes, cut: bool) -> tuple[int, str, str] | None:
    if cut:
        a, b = a[: len(b)], b[: len(a)]
    at = first_difference(a, b)
    if at is None:
        return None
    start = max(0, at - _BEFORE)
    lead = LEFT_OUT if start else ""
    ours, theirs = (clipped(lead + printable(each[start : at + _SHOWN]), _SHOWN + _BEFORE) for each in (a, b))
    return at, ours or "nothing", theirs or "nothing"


def _of_probes(a: Probe, b: Probe) -> Iterator[tuple[str, str, str]]:
    yield from _of_mappings("env.", a.env, b.env)
    if a.argv != b.argv:
        yield "argv", _words(a.argv), _words(b.argv)
    yield from _of_mappings("probe.", a.seen, b.seen)


def _words(words: Sequence[bytes]) -> str:
    return " ".join(f'"{printable(word)}"' for word in words) or "none"


def _of_mappings(prefix: str, a: Mapping[str, Value], b: Mapping[str, Value]) -> Iterator[tuple[str, str, str]]:
    for name in sorted(a.keys() | b.keys()):
        if a.get(name) != b.get(name):
            yield prefix + name, _value(a.get(name)), _value(b.get(name))


def _value(value: Value | None) -> str:
    if value is None:
        return "absent"
    return clipped(f'"{printable(value)}"', 200) if isinstance(value, bytes) else str(value)
