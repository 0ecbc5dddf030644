"""cgi_bench_report/targets.py: the table of targets, and bench/targets.toml, which names points and servers that exist."""

import re
import tomllib
from pathlib import Path

import pytest
from bench_json import broken, run, write

from cgi_bench_report.cli import main
from cgi_bench_report.results import ReportError
from cgi_bench_report.targets import read_targets

CHECKOUT = Path(__file__).resolve().parents[2]
FILE = CHECKOUT / "bench" / "targets.toml"
FAST, SLOW = [120.0, 121, 119, 122, 118], [100.0, 101, 99, 102, 98]
ROWS = """
[[row]]
title = "hello"
gates = ["a/1: x >= 1.1 * y", "a/1: x >= 1.5 * y"]
[[row]]
title = "memory"
gates = ["b/1 memory: x <= 5 MB"]
"""


def report(folder: Path, *words: str, rows: str = ROWS) -> int:
    (folder / "targets.toml").write_text(rows, "utf-8")
    file = write(folder, [*run("a/1", "x", FAST), *run("a/1", "y", SLOW), *broken("b/1", "z", "gone")])
    return main([str(file), "--report", str(folder / "out"), *words])


def test_each_condition_is_met_or_not_met_or_not_measured(tmp_path: Path) -> None:
    assert report(tmp_path, "--targets", str(tmp_path / "targets.toml")) == 0
    lines = (tmp_path / "out/summary.md").read_text("utf-8").splitlines()
    row = next(number for number, line in enumerate(lines) if line.startswith("| hello | `a/1: x >= 1.1 * y` | x / y = 1.20 "))
    assert lines[row].endswith(" | met |")
    assert lines[row + 1].startswith("|  | `a/1: x >= 1.5 * y` |") and lines[row + 1].endswith(" | not met |")
    assert lines[row + 2] == "| memory | `b/1 memory: x <= 5 MB` | – | not measured |"
    assert "1 met, 1 not met, 1 not measured" in lines
    page = (tmp_path / "out/index.html").read_text("utf-8")
    assert page.count("<b>met</b>") == page.count("<b>not met</b>") == page.count("<b>not measured</b>") == 1


def test_a_table_without_a_measured_condition_is_left_out(tmp_path: Path) -> None:
    assert report(tmp_path, "--targets", str(tmp_path / "targets.toml"), rows=ROWS.replace("a/1", "c/1")) == 0
    assert "not measured" not in (tmp_path / "out/summary.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("kept", "status"),
    [('"a/1: x >= 1.1 * y"', 0), ('"a/1: x >= 1.1 * y", "a/1: x >= 1.5 * y"', 1), ('"a/2: x >= y"', 2)],
)
def test_a_file_of_targets_as_a_gate_decides_the_exit_status(tmp_path: Path, kept: str, status: int) -> None:
    rows = f'[[row]]\ntitle = "t"\ngates = [{kept}]\n'
    assert report(tmp_path, "--gate", f"@{tmp_path / 'targets.toml'}", rows=rows) == status


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[row", '"FILE": '),
        ("", '"FILE" is no file of targets'),
        ('[[row]]\ntitle = "t"\n', '"FILE" is no file of targets'),
        ('[[row]]\ntitle = "t"\ngates = ["x"]\n', 'gate "x" is not of the form'),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "targets.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ReportError) as raised:
        read_targets(file)
    assert told.replace("FILE", str(file)) in str(raised.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="none.toml.*No such file"):
        read_targets(tmp_path / "none.toml")


def test_the_targets_of_the_project_name_points_and_servers_that_exist() -> None:
    scenarios = tomllib.loads((CHECKOUT / "fixtures/scenarios.toml").read_text("utf-8"))["scenario"]
    points = {f"{each['name']}/{clients}" for each in scenarios for clients in each.get("clients", [1, 8, 64])}
    starts = re.findall(r"([\w-]+)=|folder/([\w-]+)", (CHECKOUT / "ci/bench").read_text("utf-8"))
    servers = {name for each in starts for name in each if name}
    for goal in read_targets(FILE):
        for name in (goal.gate.a, *goal.gate.others):
            target, _, place = name.partition("@")
            assert (place or goal.gate.point) in points, goal.gate.text
            assert target in servers, goal.gate.text
