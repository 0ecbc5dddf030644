"""Google Benchmark's JSON as cgi-bench writes it: what each target did at each load point, run by run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CEILING = "ceiling"
CLIENT_AT_ITS_LIMIT = 0.9  # of a core


class ReportError(Exception):
    """A mistake of the user: exit status 2."""


@dataclass(frozen=True)
class Metric:
    """A counter that can be compared."""

    key: str
    title: str
    unit: str
    more_is_better: bool = False


METRICS = {
    "requests/s": Metric("requests_per_second", "requests per second", "/s", more_is_better=True),
    "p50": Metric("p50_ms", "median latency", "ms"),
    "p90": Metric("p90_ms", "90th percentile of latency", "ms"),
    "p99": Metric("p99_ms", "99th percentile of latency", "ms"),
    "p99.9": Metric("p99.9_ms", "99.9th percentile of latency", "ms"),
    "cpu": Metric("server_cpu_us", "processor time of server and scripts per request", "µs"),
    "memory": Metric("server_pss_mb", "memory of the server (PSS)", "MB"),
}


@dataclass
class Measured:
    """One target at one load point: a counter's values, one for each repetition; or why there are none."""

    target: str
    counters: dict[str, list[float]] = field(default_factory=dict)
    problem: str = ""
    label: str = ""

    def values(self, key: str) -> list[float]:
        return self.counters.get(key, [])

    @property
    def failures(self) -> int:
        return round(sum(self.values("failures")))

    @property
    def client_at_its_limit(self) -> bool:
        return any(share >= CLIENT_AT_ITS_LIMIT for share in self.values("client_cpu"))

    @property
    def comparable(self) -> bool:
        """Whether its figures say something: answers that were wrong or did not come make a server fast."""
        return not self.problem and not self.failures and bool(self.counters)


@dataclass
class Point:
    """One load of one scenario, such as cgi-hello/8, and every target there."""

    name: str
    targets: dict[str, Measured] = field(default_factory=dict)

    @property
    def scenario(self) -> str:
        return self.name.partition("/")[0]

    @property
    def load(self) -> str:
        return self.name.partition("/")[2]

    @property
    def is_open_loop(self) -> bool:
        return self.load.startswith("at-")


@dataclass
class Results:
    """A run of cgi-bench."""

    context: Mapping[str, Any]
    points: dict[str, Point]
    targets: list[str]  # in the order of the command line, without the ceiling
    invalid: dict[str, str]  # target: why

    def about(self, target: str) -> str:
        return str(self.context.get(f"target {target}", ""))


def read_results(files: Sequence[Path]) -> Results:
    """The runs in several files, as one; the context is that of the first."""
    documents = [_read(file) for file in files]
    context = documents[0]["context"]
    points: dict[str, Point] = {}
    for document in documents:
        # They were done in random order; families are numbered in that of the scenarios.
        for run in sorted(document["benchmarks"], key=lambda run: int(run.get("family_index", 0))):
            _take(run, points)
    seen = {name for point in points.values() for name in point.targets}
    targets = [name for name in str(context.get("targets", "")).split() if name in seen]
    targets += sorted(seen - {*targets, CEILING})
    invalid = {
        key.removeprefix("INVALID "): str(why)
        for document in documents
        for key, why in document["context"].items()
        if key.startswith("INVALID ")
    }
    for point in points.values():
        for measured in point.targets.values():
            if measured.problem.startswith("INVALID: "):
                invalid.setdefault(measured.target, f"{point.name}: {measured.problem.removeprefix('INVALID: ')}")
    return Results(context, points, targets, invalid)


def _read(file: Path) -> Any:
    try:
        document = json.loads(file.read_text("utf-8"))
        document["context"], document["benchmarks"]
    except OSError as error:
        raise ReportError(f'"{file}": {error.strerror}') from None
    except (ValueError, KeyError, TypeError):
        raise ReportError(f'"{file}" is no JSON of cgi-bench (make one with --benchmark_out=FILE)') from None
    return document


def _take(run: Mapping[str, Any], points: dict[str, Point]) -> None:
    if run.get("run_type") != "iteration":  # means and the like are for other readers
        return
    words = str(run["run_name"]).split("/")  # and, behind these three, how Google Benchmark was told to measure
    if len(words) < 3:
        raise ReportError(f'"{run["run_name"]}" is no benchmark of cgi-bench (SCENARIO/LOAD/TARGET)')
    name, target = "/".join(words[:2]), words[2]
    measured = points.setdefault(name, Point(name)).targets.setdefault(target, Measured(target))
    if run.get("error_occurred"):
        measured.problem = str(run.get("error_message", "failed"))
        return
    measured.label = str(run.get("label", "")) or measured.label
    for key, value in run.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            measured.counters.setdefault(key, []).append(float(value))
