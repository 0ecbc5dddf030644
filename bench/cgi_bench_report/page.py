"""index.html: bars, latency curves and ratios on one page that loads no other file."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cgi_bench_report.curve import HEIGHT, LEFT, RIGHT, WIDTH, curves
from cgi_bench_report.gate import Verdict
from cgi_bench_report.results import CEILING, Point, Results
from cgi_bench_report.targets import Outcome
from cgi_bench_report.view import Row, facts, noise, number, percent, rows, said
from cgi_conform.numbers import counted

_HERE = Path(__file__).parent
_COLOURS = 9


def page(results: Results, reference: str, verdicts: list[Verdict], targets: list[Outcome]) -> str:
    """Returns the text of the page."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["number"] = number
    environment.filters["percent"] = percent
    scenarios: dict[str, list[dict[str, Any]]] = {}
    for point in results.points.values():
        scenarios.setdefault(point.scenario, []).append(_view(point, results, reference))
    for views in scenarios.values():
        views.sort(key=lambda view: (view["is_open"], view["load"]))
    return environment.get_template("page.html.jinja").render(
        css=Markup((_HERE / "page.css").read_text("utf-8")),
        results=results,
        reference=reference,
        scenarios=scenarios,
        verdicts=verdicts,
        targets=targets,
        facts=facts(results),
        noise=noise(results),
        colours={name: f"t{number % _COLOURS}" for number, name in enumerate(results.targets)} | {CEILING: "ceiling"},
        frame={"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT},
        said=said,
    )


def _view(point: Point, results: Results, reference: str) -> dict[str, Any]:
    shown = rows(point, results, reference)
    largest = max([row.high for row in shown if row.rate is not None], default=0.0) or 1.0
    load = int(point.load.removeprefix("at-")) if point.load.removeprefix("at-").isdigit() else 0
    return {
        "name": point.name,
        "is_open": point.is_open_loop,
        "load": load,
        "heading": _heading(point, load),
        "rows": [(row, _bar(row, point, shown, largest)) for row in shown],
        "has_ceiling": any(row.share is not None for row in shown),
        "curves": curves(shown),
    }


def _heading(point: Point, load: int) -> str:
    if point.is_open_loop:
        return f"open loop, {load} requests/s"
    return counted(load, "client")


def _bar(row: Row, point: Point, shown: list[Row], largest: float) -> dict[str, float]:
    """Returns lengths in percent: for requests per second, or in the open loop for the 99th percentile."""
    if point.is_open_loop:
        tails = [tail for each in shown if (tail := each.median("p99_ms")) is not None]
        tail = row.median("p99_ms") or 0.0
        return {"length": 100 * tail / (max(tails, default=0.0) or 1.0), "low": 0.0, "high": 0.0}
    return {"length": 100 * (row.rate or 0.0) / largest, "low": 100 * row.low / largest, "high": 100 * row.high / largest}
