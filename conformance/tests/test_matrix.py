"""The matrix: equal runs give equal octets, known failures count as failures, and no server is left out."""

import json
from pathlib import Path
from typing import Any

import pytest

from cgi_conform.errors import UserError
from cgi_conform.judging import matrix as model
from cgi_conform.judging.matrix import Absent, Matrix, distinct
from cgi_conform.judging.results import Results, assembled
from sample_run import CLAUSES, case_of, cut_short, mixed, passing, result_of


def run_of(name: str, *verdicts: str, profile: str = "cgihttpserver", **more: Any) -> Results:
    """Returns a run of the server `name` with a case topic/VERDICT for each verdict."""
    cases = [result_of(case_of(f"topic/{verdict}"), verdict, **more) for verdict in verdicts]
    return assembled({"name": name, "title": name.title(), "version": "1"}, profile, "user", 9, cases)


def matrix_of(*runs: Results, absent: tuple[Absent, ...] = ()) -> Matrix:
    return model.assembled(runs, absent, CLAUSES)


GONE = Absent({"name": "gone", "title": "Gone", "version": ""}, "rfc3875", "not installed (looked for gone)")


def test_the_order_of_the_runs_does_not_change_the_file(tmp_path: Path) -> None:
    runs = [run_of("b", "pass", "fail"), run_of("a", "pass"), run_of("a", "warn", profile="rfc3875")]
    model.write(matrix_of(*runs), tmp_path / "one.json")
    model.write(matrix_of(*reversed(runs)), tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    told = json.loads((tmp_path / "one.json").read_text("utf-8"))
    rows = [(row["server"]["name"], row["profile"]) for row in told["runs"]]
    assert rows == [("a", "cgihttpserver"), ("a", "rfc3875"), ("b", "cgihttpserver")]


def test_servers_are_sorted_by_the_numbers_in_their_names() -> None:
    names = ["b", "cpython-3.9", "cpython-3.10", "cpython-2.7", "a"]
    rows = matrix_of(*(run_of(name, "pass") for name in names))["runs"]
    assert [row["server"]["name"] for row in rows] == ["a", "b", "cpython-2.7", "cpython-3.9", "cpython-3.10"]


@pytest.mark.parametrize(
    ("verdict", "level", "found"),
    [
        ("expected", "required", "fail"),
        ("expected", "recommended", "warn"),
        ("expected", "observed", "differs"),
        ("unexpected-pass", "required", "pass"),
        ("blocked", "required", "blocked"),
        ("skip", "observed", "skip"),
    ],
)
def test_a_case_counts_by_what_the_server_does(verdict: str, level: str, found: str) -> None:
    run = run_of("a", verdict, level=level, clauses=["cgi/x", "seed/y"])
    assert matrix_of(run)["runs"][0]["areas"] == {"cgi": {level: {found: 1}}}


def test_a_case_names_the_verdict_of_each_server_and_rules_name_their_cases() -> None:
    matrix = matrix_of(run_of("a", "pass"), run_of("b", "pass", "fail"))
    passed = next(case for case in matrix["cases"] if case["id"] == "topic/pass")
    assert passed["profiles"]["cgihttpserver"]["verdicts"] == {"a": "pass", "b": "pass"}
    assert [(rule["id"], rule["cases"]) for rule in matrix["rules"]] == [
        ("seed/post-outside-cgi-is-501", ["topic/fail", "topic/pass"])
    ]


def test_a_server_that_was_not_judged_is_a_row_with_the_reason() -> None:
    rows = matrix_of(run_of("a", "pass"), absent=(GONE,))["runs"]
    assert [(row["server"]["name"], row["conclusion"], row["reason"]) for row in rows] == [
        ("a", "conforms", ""),
        ("gone", "not judged", "not installed (looked for gone)"),
    ]
    assert "totals" not in rows[1]


@pytest.mark.parametrize(
    ("runs", "absent", "status"),
    [
        ([run_of("a", "pass", "expected")], (), 0),
        ([run_of("a", "pass"), run_of("b", "fail")], (), 1),
        ([run_of("a", "fail"), run_of("b", "error")], (), 3),
        ([run_of("a", "fail"), {**cut_short("pass"), "profile": "rfc3875"}], (), 3),
        ([run_of("a", "skip")], (), 5),
        ([run_of("a", "skip"), run_of("b", "pass")], (), 0),
        ([], (GONE,), 5),
        ([run_of("a", "pass")], (GONE,), 0),
        ([run_of("a", "pass")], (Absent(GONE.server, "rfc3875", "not installed", 3),), 3),
    ],
)
def test_the_exit_status_is_that_of_the_worst_run(runs: list[Results], absent: tuple[Absent, ...], status: int) -> None:
    assert model.overall_status(matrix_of(*runs, absent=absent)) == status


def test_a_run_that_ended_early_or_died_gives_the_reason() -> None:
    assert matrix_of(cut_short("pass"))["runs"][0]["reason"] == "the server <did> not start"
    assert matrix_of(run_of("a", "error", note="died: signal 11"))["runs"][0]["reason"] == "died: signal 11"


class TestDistinct:
    def test_one_server_twice_in_a_profile_is_an_error_that_names_both_files(self) -> None:
        pairs = [(Path("one.json"), passing(1)), (Path("two.json"), passing(2))]
        with pytest.raises(UserError) as error:
            distinct(pairs)
        assert error.value.message.startswith('"one.json" and "two.json" both hold server "cpython-3.13" in profile')

    def test_two_versions_of_the_suite_are_an_error(self) -> None:
        other = run_of("b", "pass")
        other["suite"]["version"] = "9.9"
        with pytest.raises(UserError) as error:
            distinct([(Path("one.json"), mixed()), (Path("two.json"), other)])
        assert '"two.json" of 9.9 (judge both servers with the same version)' in error.value.message

    def test_one_server_in_two_profiles_is_accepted(self) -> None:
        runs = [run_of("a", "pass"), run_of("a", "pass", profile="rfc3875")]
        assert distinct([(Path(f"{number}.json"), run) for number, run in enumerate(runs)]) == runs
