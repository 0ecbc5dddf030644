"""Reads the JSON of cgi-bench (Google Benchmark's format): the figures of each target, load point and repetition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cgi_conform.did_you_mean import nearest_path
from cgi_conform.parsed import json_in

CEILING = "ceiling"
CLIENT_AT_ITS_LIMIT = 0.9  # share of a core


class ReportError(Exception):
    """An error of the user, with exit status 2."""


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
    "memory": Metric("server_memory_mb", "memory of the server and its scripts", "MB"),
    "threads": Metric("server_threads", "threads of the server and its scripts", ""),
    "rest-memory": Metric("rest_memory_mb", "memory of the server before its first request", "MB"),
    "rest-threads": Metric("rest_threads", "threads of the server before its first request", ""),
    "slowest-beside": Metric("beside_max_ms", "slowest answer to the requests beside the load", "ms"),
}


@dataclass
class Measured:
    """One target at one load point: the values of each counter, one per repetition, or why there are none."""

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
        """Returns False if answers were wrong or missing, because such answers make a server look fast."""
        return not self.problem and not self.failures and bool(self.counters)


@dataclass
class Point:
    """One load of one scenario, such as cgi-hello/8, and its targets."""

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

    def rest(self, target: str) -> str:
        """Returns the processes and threads of a target before its first request, or ""."""
        return str(self.context.get(f"rest {target}", ""))


def read_results(files: Sequence[Path]) -> Results:
    """Returns the runs of all files together, with the context of the first file."""
    documents = [_read(file) for file in files]
    context = documents[0]["context"]
    points: dict[str, Point] = {}
    for file, document in zip(files, documents, strict=True):
        try:
            # The runs have a random order; the numbers of the families follow the order of the scenarios.
            for run in sorted(document["benchmarks"], key=lambda run: int(run.get("family_index", 0))):
                _take(run, points)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            raise _no_results(file) from None
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
        document = json_in(file.read_text("utf-8"))
        document["context"].items(), document["benchmarks"]
    except OSError as error:
        raise ReportError(f'"{file}": {error.strerror}{nearest_path(file)}') from None
    except (AttributeError, ValueError, KeyError, TypeError):
        raise _no_results(file) from None
    return document


def _no_results(file: Path) -> ReportError:
    return ReportError(f'"{file}" is not JSON of cgi-bench (cgi-bench --benchmark_out=FILE writes it)')


def _take(run: Mapping[str, Any], points: dict[str, Point]) -> None:
    if run.get("run_type") != "iteration":  # skips means and other aggregates
        return
    words = str(run["run_name"]).split("/")  # SCENARIO/LOAD/TARGET, then options of Google Benchmark
    if len(words) < 3:
        raise ReportError(f'"{run["run_name"]}" is not a benchmark of cgi-bench (which are SCENARIO/LOAD/TARGET)')
    name, target = "/".join(words[:2]), words[2]
    measured = points.setdefault(name, Point(name)).targets.setdefault(target, Measured(target))
    if run.get("error_occurred"):
        measured.problem = str(run.get("error_message", "failed"))
        return
    measured.label = str(run.get("label", "")) or measured.label
    for key, value in run.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            measured.counters.setdefault(key, []).append(float(value))
