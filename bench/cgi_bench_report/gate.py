"""Gates: conditions on ratios, for CI. They never use absolute times, which depend on the machine.

    cgi-hello/8: ref >= 1.2 * lighttpd          compares requests per second
    cgi-hello/8: ref >= 0.7 * ceiling
    cgi-hello/64 p99: ref <= 1.5 * lighttpd     compares p99; also p50, p90, p99.9, cpu, memory
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from cgi_bench_report.compare import Ratio, ratio
from cgi_bench_report.results import METRICS, Metric, ReportError, Results

_FORM = re.compile(
    r"(?P<point>[^\s:]+)(?:\s+(?P<metric>\S+))?\s*:\s*(?P<a>\S+)\s*(?P<op>>=|<=)\s*(?:(?P<factor>[0-9.]+)\s*\*\s*)?(?P<b>\S+)"
)
_HOLDS: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Gate:
    """One condition."""

    text: str
    point: str
    metric: Metric
    a: str
    op: str
    factor: float
    b: str


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
    metric = found["metric"] or "requests/s"
    if metric not in METRICS:
        raise ReportError(f'gate "{text}": unknown metric "{metric}" (known: {", ".join(METRICS)})')
    try:
        factor = float(found["factor"] or 1)
    except ValueError:
        raise ReportError(f'gate "{text}": "{found["factor"]}" is not a number') from None
    return Gate(text.strip(), found["point"], METRICS[metric], found["a"], found["op"], factor, found["b"])


def judge(gate: Gate, results: Results) -> Verdict:
    """Judges a gate. It fails if a target must not be compared. Raises ReportError for a name that was not measured."""
    point = results.points.get(gate.point)
    if point is None:
        raise ReportError(f'gate "{gate.text}": "{gate.point}" was not measured (measured: {", ".join(results.points)})')
    for name in (gate.a, gate.b):
        measured = point.targets.get(name)
        if measured is None:
            raise ReportError(f'gate "{gate.text}": "{name}" was not measured there (measured: {", ".join(point.targets)})')
        if name in results.invalid:
            return Verdict(gate, False, f"{name} is INVALID: {results.invalid[name]}")
        if not measured.comparable:
            return Verdict(gate, False, f"{name}: {measured.problem or f'{measured.failures} requests failed'}")
    found = ratio(point.targets[gate.a].values(gate.metric.key), point.targets[gate.b].values(gate.metric.key))
    if found is None:
        return Verdict(gate, False, f"no {gate.metric.title} for both")
    return Verdict(gate, _HOLDS[gate.op](found.value, gate.factor), _explanation(gate, found))


def _explanation(gate: Gate, found: Ratio) -> str:
    told = f"{gate.a} / {gate.b} = {found}"
    if found.low is None or found.high is None:
        return f"{told}; too few repetitions for an interval"
    return f"{told}; the threshold is inside the interval" if found.low < gate.factor < found.high else told
