"""Gates: conditions on the figures, for CI.

    cgi-hello/8: ref >= 1.2 * lighttpd                          compares requests per second
    cgi-hello/64 p99: ref <= 1.5 * lighttpd                     compares p99; METRICS lists the others
    cgi-hello/8: ref >= 1.5 * best(lighttpd, nginx, apache)     compares with the best of these that was measured
    slow-500/8 p99: ref <= 2 * ref@static-1k/8                  compares with another point
    idle-10000/1 p50: ref <= 5 ms                               compares with a number, in the unit of the metric

A comparison of two servers holds on any machine. A comparison with a number depends on the machine.
"""

import operator
import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from cgi_bench_report.compare import Ratio, ratio
from cgi_bench_report.results import METRICS, Metric, Point, ReportError, Results

_FORM = re.compile(
    r"(?P<point>[^\s:]+)(?:\s+(?P<metric>\S+))?\s*:\s*(?P<a>\S+)\s*(?P<op>>=|<=)\s*"
    r"(?:(?P<limit>[0-9.]+)(?:\s+(?P<unit>[^\s*]+))?"
    r"|(?:(?P<factor>[0-9.]+)\s*\*\s*)?(?:best\((?P<best>[^()]+)\)|(?P<b>[^\s()]*[^\s().0-9][^\s()]*)))"
)
_HOLDS: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}


class NotMeasured(ReportError):
    """A gate names a point or a server that was not measured."""


@dataclass(frozen=True)
class Gate:
    """One condition: A must be at least, or at most, `number` times the best of `others`, or `number` itself."""

    text: str
    point: str
    metric: Metric
    a: str
    op: str
    number: float
    others: tuple[str, ...]  # NAME or NAME@POINT; empty for a comparison with a number
    chooses_best: bool = False  # others that were not measured, or must not be compared, are left out


@dataclass(frozen=True)
class Verdict:
    """The verdict of a gate, and its reason."""

    gate: Gate
    holds: bool
    why: str


def parse_gate(text: str) -> Gate:
    """Returns the gate for its text on the command line."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ReportError(f"gate \"{text}\" is not of the form 'POINT: A >= NUMBER * B'")
    name = found["metric"] or "requests/s"
    if name not in METRICS:
        raise ReportError(f'gate "{text}": unknown metric "{name}" (known: {", ".join(METRICS)})')
    metric = METRICS[name]
    if found["limit"] and (found["unit"] or "") != metric.unit:
        raise ReportError(f'gate "{text}": the unit of {name} is "{metric.unit}", not "{found["unit"] or ""}"')
    number = found["limit"] or found["factor"] or "1"
    try:
        value = float(number)
    except ValueError:
        raise ReportError(f'gate "{text}": "{number}" is not a number') from None
    others = found["best"].split(",") if found["best"] else [found["b"]] if found["b"] else []
    names = tuple(other.strip() for other in others)
    return Gate(text.strip(), found["point"], metric, found["a"], found["op"], value, names, bool(found["best"]))


def judge(gate: Gate, results: Results) -> Verdict:
    """Judges a gate. It fails if a target must not be compared. Raises NotMeasured for a name that was not measured."""
    mine, problem = _values(gate, gate.a, results)
    if problem:
        return Verdict(gate, False, problem)
    if not gate.others:
        return _against_number(gate, mine)
    found: list[tuple[str, Ratio]] = []
    left_out: list[str] = []
    for other in gate.others:
        try:
            theirs, problem = _values(gate, other, results)
        except NotMeasured:
            if not gate.chooses_best:
                raise
            continue
        against = None if problem else ratio(mine, theirs)
        if against is not None:
            found.append((other, against))
        elif not gate.chooses_best:
            return Verdict(gate, False, problem or f"no {gate.metric.title} for both")
        else:
            left_out.append(problem or f"{other}: no {gate.metric.title}")
    if not found:
        raise NotMeasured(f'gate "{gate.text}": none of {", ".join(gate.others)} has a figure to compare with')
    # The best one is the one that makes the condition hardest.
    other, hardest = (min if gate.op == ">=" else max)(found, key=lambda each: each[1].value)
    why = "; ".join([_explanation(gate, other, hardest), *(f"without {each}" for each in left_out)])
    return Verdict(gate, _HOLDS[gate.op](hardest.value, gate.number), why)


def _values(gate: Gate, name: str, results: Results) -> tuple[list[float], str]:
    """Returns the values of NAME or NAME@POINT, and why they must not be compared."""
    target, _, place = name.partition("@")
    point = _point(gate, place or gate.point, results)
    measured = point.targets.get(target)
    if measured is None:
        raise NotMeasured(f'gate "{gate.text}": "{target}" was not measured there (measured: {", ".join(point.targets)})')
    if target in results.invalid:
        return [], f"{target} is INVALID: {results.invalid[target]}"
    if not measured.comparable:
        return [], f"{target}: {measured.problem or f'{measured.failures} requests failed'}"
    return measured.values(gate.metric.key), ""


def _point(gate: Gate, name: str, results: Results) -> Point:
    point = results.points.get(name)
    if point is None:
        raise NotMeasured(f'gate "{gate.text}": "{name}" was not measured (measured: {", ".join(results.points)})')
    return point


def _against_number(gate: Gate, values: list[float]) -> Verdict:
    if not values:
        return Verdict(gate, False, f"no {gate.metric.title}")
    median = statistics.median(values)
    low, high = min(values), max(values)
    told = f"{gate.a}: {median:.3g}{_unit(gate)} ({low:.3g}–{high:.3g})"
    return Verdict(gate, _HOLDS[gate.op](median, gate.number), told)


def _unit(gate: Gate) -> str:
    return f" {gate.metric.unit}" if gate.metric.unit else ""


def _explanation(gate: Gate, other: str, found: Ratio) -> str:
    told = f"{gate.a} / {other} = {found}"
    if found.low is None or found.high is None:
        return f"{told}; too few repetitions for an interval"
    return f"{told}; the threshold is inside the interval" if found.low < gate.number < found.high else told
