"""Writes documents as cgi-bench does, for the tests."""

import json
from pathlib import Path
from typing import Any


def run(point: str, target: str, rates: list[float], **more: Any) -> list[dict[str, Any]]:
    """Returns one benchmark with a repetition for each rate."""
    name = f"{point}/{target}/iterations:1/manual_time"
    return [
        {
            "name": name,
            "run_name": name,
            "run_type": "iteration",
            "repetition_index": index,
            "real_time": 1e6 / rate,
            "requests_per_second": rate,
            "p50_ms": 1000.0 / rate,
            "p99_ms": 3000.0 / rate,
            "failures": 0.0,
            **more,
        }
        for index, rate in enumerate(rates)
    ]


def broken(point: str, target: str, why: str) -> list[dict[str, Any]]:
    """Returns one benchmark that failed with a message."""
    name = f"{point}/{target}/iterations:1/manual_time"
    return [{"name": name, "run_name": name, "run_type": "iteration", "error_occurred": True, "error_message": why}]


def write(folder: Path, runs: list[dict[str, Any]], **context: str) -> Path:
    """Writes the runs to results.json and returns its path."""
    file = folder / "results.json"
    file.write_text(json.dumps({"context": {"num_cpus": 2, **context}, "benchmarks": runs}), "utf-8")
    return file
