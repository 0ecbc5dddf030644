"""Prepares the figures of a point for the page and the table: numbers, shares, ratios and notes."""

import itertools
import statistics
from dataclasses import dataclass

from cgi_bench_report.compare import Ratio, ratio
from cgi_bench_report.results import CEILING, METRICS, Measured, Point, Results


@dataclass(frozen=True)
class Row:
    """One target at one point."""

    target: str
    is_ceiling: bool
    problem: str
    notes: tuple[str, ...]
    rate: float | None  # requests per second
    low: float  # the slowest repetition
    high: float  # the fastest repetition
    share: Ratio | None  # compared with the ceiling
    versus: Ratio | None  # compared with the reference
    cpu_versus: Ratio | None  # processor time per request, compared with the reference
    counters: dict[str, float]  # medians

    def median(self, key: str) -> float | None:
        return self.counters.get(key)


def rows(point: Point, results: Results, reference: str) -> list[Row]:
    """Returns the targets of a point in the order of the command line, the ceiling last."""
    names = [name for name in [*results.targets, CEILING] if name in point.targets]
    return [_row(point.targets[name], point, results, reference) for name in names]


def _row(measured: Measured, point: Point, results: Results, reference: str) -> Row:
    problem = results.invalid.get(measured.target, "")
    problem = f"INVALID: {problem}" if problem else measured.problem
    rates = [] if problem else measured.values("requests_per_second")
    # Leaves out percentiles for which some repetitions had too few answers.
    whole = {key: values for key, values in measured.counters.items() if len(values) == len(rates)}
    medians = {} if problem else {key: statistics.median(values) for key, values in whole.items()}
    return Row(
        target=measured.target,
        is_ceiling=measured.target == CEILING,
        problem=problem,
        notes=_notes(measured),
        rate=statistics.median(rates) if rates else None,
        low=min(rates, default=0.0),
        high=max(rates, default=0.0),
        share=_against(measured, point, CEILING, results),
        versus=None if measured.target == CEILING else _against(measured, point, reference, results),
        cpu_versus=_against(measured, point, reference, results, METRICS["cpu"].key),
        counters=medians,
    )


def _against(measured: Measured, point: Point, other: str, results: Results, key: str = "") -> Ratio | None:
    """Returns the ratio of requests per second; in the open loop, where all rates are equal, that of p99."""
    base = point.targets.get(other)
    if base is None or other == measured.target or {other, measured.target} & set(results.invalid):
        return None
    if not (base.comparable and measured.comparable):
        return None
    key = key or METRICS["p99" if point.is_open_loop else "requests/s"].key
    return ratio(measured.values(key), base.values(key))


def _notes(measured: Measured) -> tuple[str, ...]:
    notes = []
    if measured.failures:
        notes.append(f"{measured.failures} requests failed ({measured.label.removeprefix('FAILURES: ')}): not compared")
    if measured.client_at_its_limit:
        notes.append("the client was at its limit: the server may be faster")
    return tuple(notes)


def said(versus: Ratio, other: str, *, latency: bool = False) -> str:
    """Returns a ratio in words."""
    what = "its p99 is " if latency else ""
    if versus.low is None:
        return f"{what}{versus} × {other}; too few repetitions to be sure"
    if versus.is_one:
        return f"these runs show no difference from {other}: {versus} ×"
    return f"{what}{versus} × {other}"


def noise(results: Results) -> list[str]:
    """Returns a sentence for each pair of targets that are the same server: how much noise alone separates them."""
    told = []
    for first, second in itertools.combinations(results.targets, 2):
        if not results.about(first) or results.about(first) != results.about(second):
            continue
        found = [_against(point.targets[second], point, first, results)
                 for point in results.points.values() if second in point.targets and not point.is_open_loop]
        ratios = sorted(each.value for each in found if each is not None)
        if ratios:
            told.append(
                f"{second} is the same server as {first}, so their difference is noise: {ratios[0]:.2f} to "
                f"{ratios[-1]:.2f} ×, median {statistics.median(ratios):.2f}."
            )
    return told


def number(value: float | None, unit: str = "") -> str:
    """Returns a number with three significant digits and a thin space between thousands."""
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}".replace(",", "\u202f") + (f"\u202f{unit}" if unit else "")


def percent(share: Ratio | None) -> str:
    return "–" if share is None else f"{share.value:.0%}"


def facts(results: Results) -> list[tuple[str, str]]:
    """Returns the facts about the machine, the software and the run."""
    context = results.context
    known = {
        "machine": f"{context.get('num_cpus', '?')} × {context.get('processor', 'unknown processor')}",
        "kernel": context.get("kernel", ""),
        "commit": context.get("commit", ""),
        "client": f"{context.get('client', '')}; run by {context.get('user', 'an unknown user')}",
        "load before": ", ".join(f"{value:.2f}" for value in context.get("load_avg", [])),
        "date": context.get("date", ""),
    }
    return [(key, str(value)) for key, value in known.items() if value]
