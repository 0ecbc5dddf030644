"""Latency curves for SVG: the percentiles of each target on a logarithmic scale. The axis stretches the tail."""

import math
from dataclasses import dataclass

from cgi_bench_report.view import Row

WIDTH, HEIGHT = 460.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 22.0, 10.0, 26.0
_PERCENTILES = {"p10_ms": 10.0, "p25_ms": 25.0, "p50_ms": 50.0, "p75_ms": 75.0, "p90_ms": 90.0, "p99_ms": 99.0, "p99.9_ms": 99.9}
_TICKS = (10.0, 50.0, 90.0, 99.0, 99.9)


@dataclass(frozen=True)
class Line:
    """The curve of one target."""

    target: str
    points: str


@dataclass(frozen=True)
class Tick:
    """A mark on an axis, and its label."""

    at: float
    text: str


@dataclass(frozen=True)
class Curves:
    """The curves and the marks that the template draws."""

    lines: list[Line]
    across: list[Tick]
    along: list[Tick]


def curves(rows: list[Row]) -> Curves | None:
    """Returns the curves, or None if no target has two percentiles."""
    known = {row.target: _known(row) for row in rows}
    known = {target: points for target, points in known.items() if len(points) > 1}
    if not known:
        return None
    values = [value for points in known.values() for _, value in points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    last = max(percent for points in known.values() for percent, _ in points)

    def x(percent: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * _stretched(percent) / _stretched(last)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(value)) / (high - low)

    return Curves(
        [
            Line(target, " ".join(f"{x(percent):.1f},{y(value):.1f}" for percent, value in points))
            for target, points in known.items()
        ],
        [Tick(y(10.0**power), _shown(power)) for power in range(low, high + 1)],
        [Tick(x(percent), f"p{percent:g}") for percent in _TICKS if percent <= last],
    )


def _known(row: Row) -> list[tuple[float, float]]:
    found = [(percent, row.median(key)) for key, percent in _PERCENTILES.items()]
    return [(percent, value) for percent, value in found if value is not None and value > 0]


def _stretched(percent: float) -> float:
    """Returns the place of a percentile. 90, 99 and 99.9 are equally far apart, because servers differ in the tail."""
    return -math.log10(1 - percent / 100)


def _shown(power: int) -> str:
    if power >= 3:
        return f"{10 ** (power - 3):g} s"
    return f"{10**power:g} ms" if power >= 0 else f"{10 ** (power + 3):g} µs"
