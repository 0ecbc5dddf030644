"""cgi_bench_report/gate.py: conditions on ratios, which fail for targets that must not be compared."""

from pathlib import Path

import pytest
from bench_json import broken, run, write

from cgi_bench_report.cli import main
from cgi_bench_report.gate import judge, parse_gate
from cgi_bench_report.results import ReportError, Results, read_results

FAST, SLOW = [120.0, 121, 119, 122, 118], [100.0, 101, 99, 102, 98]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    runs = [
        *run("cgi-hello/8", "ref", FAST),
        *run("cgi-hello/8", "peer", SLOW),
        *run("cgi-hello/8", "ceiling", [200.0] * 5),
        *run("cgi-hello/8", "failing", [500.0] * 5, failures=1.0),
        *broken("cgi-hello/8", "cheat", "INVALID: check query: 404"),
        *run("cgi-hello/64", "ref", [60.0] * 5, server_memory_mb=20.0, server_threads=3.0),
    ]
    return read_results([write(tmp_path, runs, **{"INVALID cheat": "check query: 404"})])


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("cgi-hello/8: ref >= 1.1 * peer", True),
        ("cgi-hello/8: ref >= 1.3 * peer", False),
        ("cgi-hello/8: ref >= peer", True),
        ("cgi-hello/8: peer >= ref", False),
        ("cgi-hello/8: ref>=0.55*ceiling", True),
        ("cgi-hello/8: ref >= 0.65 * ceiling", False),
        ("cgi-hello/8 p99: ref <= 0.9 * peer", True),
        ("cgi-hello/8 p99: ref <= 0.7 * peer", False),
        ("cgi-hello/8: cheat >= 0.1 * peer", False),
        ("cgi-hello/8: ref >= 0.1 * cheat", False),
        ("cgi-hello/8: failing >= 0.1 * peer", False),
        ("cgi-hello/8 memory: ref <= 2 * peer", False),
        ("cgi-hello/8: ref >= 1.1 * best(peer, failing, cheat, absent)", True),
        ("cgi-hello/8: ref >= 1.1 * best(peer,ceiling)", False),
        ("cgi-hello/8 p99: peer <= 1.1 * best(ref, ceiling)", False),
        ("cgi-hello/8 p99: ceiling <= best(ref, peer)", True),
        ("cgi-hello/8 p99: ref <= 0.6 * ref@cgi-hello/64", True),
        ("cgi-hello/8 p99: ref <= 0.4 * ref@cgi-hello/64", False),
        ("cgi-hello/64 memory: ref <= 20 MB", True),
        ("cgi-hello/64 memory: ref <= 19.9 MB", False),
        ("cgi-hello/64 threads: ref <= 3", True),
        ("cgi-hello/64 threads: ref >= 4", False),
        ("cgi-hello/8 memory: ref <= 20 MB", False),
        ("cgi-hello/8: ref >= 100 /s", True),
    ],
)
def test_a_gate_holds_if_its_ratio_meets_the_threshold(results: Results, text: str, holds: bool) -> None:
    assert judge(parse_gate(text), results).holds is holds


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cgi-hello/8: ref > 1.2 * peer", "is not of the form"),
        ("cgi-hello/8 p98: ref >= peer", 'unknown metric "p98"'),
        ("cgi-hello/8: ref >= 1.2.3 * peer", '"1.2.3" is not a number'),
        ("cgi-hello/9: ref >= peer", '"cgi-hello/9" was not measured (measured: cgi-hello/8, cgi-hello/64)'),
        ("cgi-hello/8: ref >= ref@cgi-hello/9", '"cgi-hello/9" was not measured'),
        ("cgi-hello/8: ref >= best(pear, failing)", "none of pear, failing has a figure to compare with"),
        ("cgi-hello/64 memory: ref <= 20 ms", 'the unit of memory is "MB", not "ms"'),
        ("cgi-hello/64 threads: ref <= 20 MB", 'the unit of threads is "", not "MB"'),
        ("cgi-hello/8: ref >= 1.2 lighttpd", 'the unit of requests/s is "/s", not "lighttpd"'),
        ("cgi-hello/8: ref >= 1.2.3 /s", '"1.2.3" is not a number'),
        ("cgi-hello/8: ref >= pear", '"pear" was not measured there'),
    ],
)
def test_an_error_in_a_gate_is_named(results: Results, text: str, told: str) -> None:
    with pytest.raises(ReportError) as raised:
        judge(parse_gate(text), results)
    assert told in str(raised.value)


def test_the_explanation_says_if_the_threshold_is_inside_the_interval(results: Results) -> None:
    verdict = judge(parse_gate("cgi-hello/8: ref >= 1.2 * peer"), results)
    assert verdict.why.endswith("the threshold is inside the interval")


def test_the_explanation_names_the_best_and_those_left_out(results: Results) -> None:
    why = judge(parse_gate("cgi-hello/8: ref >= 0.1 * best(failing, peer, ceiling)"), results).why
    assert why.startswith("ref / ceiling = 0.60")
    assert why.endswith("without failing: 5 requests failed")


@pytest.mark.parametrize(("gate", "status"), [("a/1: x >= y", 0), ("a/1: y >= x", 1), ("a/1: y >= z", 2)])
def test_the_exit_status_follows_from_the_gates(tmp_path: Path, gate: str, status: int) -> None:
    file = write(tmp_path, [*run("a/1", "x", FAST), *run("a/1", "y", SLOW)])
    assert main([str(file), "--gate", gate]) == status
