"""judging/results.py: writing results.json, reading it, and what follows from the verdicts."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from cgi_conform.errors import UserError
from cgi_conform.judging import results
from cgi_conform.judging.results import (
    ALWAYS_RED,
    VERDICTS,
    conclusion,
    exit_status,
    read,
    red_cases,
    server_line,
    write,
)
from cgi_conform.paths import SCHEMAS
from sample_run import mixed, passing


def test_results_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "results.json"
    write(mixed(), path)
    assert read(path) == mixed()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(path.parent) == ["results.json"]


def test_the_text_does_not_depend_on_the_order_of_the_cases() -> None:
    run = mixed()
    again = results.assembled(
        run["server"], run["profile"], run["user"], 9, reversed(run["cases"]), reversed(run["stale"])
    )
    assert results.text(again) == results.text(run)


def test_the_totals_add_up_to_the_selected_cases() -> None:
    totals = mixed()["totals"]
    assert sum(totals[verdict] for verdict in VERDICTS) == totals["selected"] == len(VERDICTS)


def test_red_verdicts_depend_on_strict_and_strict_observed() -> None:
    run = mixed(stale=False)
    assert {case["verdict"] for case in red_cases(run)} == set(ALWAYS_RED)
    strict = mixed(strict=True, strict_observed=True)
    assert {case["verdict"] for case in red_cases(strict)} == {*ALWAYS_RED, "warn", "differs"}


@pytest.mark.parametrize(
    ("verdict", "status", "said"),
    [
        ("pass", 0, "conforms"),
        ("warn", 0, "conforms"),
        ("expected", 0, "conforms (2 known failures)"),
        ("fail", 1, "does not conform"),
        ("error", 1, "does not conform"),
        ("unexpected-pass", 1, "does not conform"),
        ("skip", 5, "nothing ran"),
    ],
)
def test_each_verdict_has_its_exit_status_and_conclusion(verdict: str, status: int, said: str) -> None:
    run = passing(2, verdict)
    assert (exit_status(run), conclusion(run)) == (status, said)


def test_a_stale_expectation_turns_a_green_run_red() -> None:
    run = passing(1)
    run["stale"] = mixed()["stale"]
    assert exit_status(run) == 1


def test_the_conclusion_names_skipped_cases() -> None:
    run = passing(3)
    run["cases"][0]["verdict"] = "skip"
    run["totals"] = results.totals(run["cases"])
    assert conclusion(run) == "conforms, 1 of 3 skipped"


def test_the_server_line_names_the_server_once() -> None:
    assert server_line({"name": "x", "title": "cgi-server", "version": "cgi-server 0.1"}) == "cgi-server 0.1"
    assert server_line({"name": "x", "title": "CPython", "version": "Python 3.13"}) == "CPython (Python 3.13)"
    assert server_line({"name": "x", "title": "", "version": ""}) == "x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read as JSON: "),
        ("[]", 'does not hold results of a run (no "format" in it)'),
        ('{"format": 2}', "is of format 2"),
        ("[" * 100_000, "cannot be read as JSON: it is nested more than 100 levels deep"),
        ("[" * 101 + "]" * 101, "cannot be read as JSON: it is nested more than 100 levels deep"),
        ("[" * 100 + "]" * 100, 'does not hold results of a run (no "format" in it)'),
        ('{"format": 1}', "does not hold results of a run: missing key"),
        ("\xff", "cannot be read as JSON: "),
    ],
)
def test_a_file_that_holds_no_results_is_reported_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError) as error:
        read(path)
    assert said in error.value.message and "\n" not in error.value.message
    assert error.value.status == 2


def test_a_missing_file_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read .*No such file"):
        read(tmp_path / "none.json")


def test_results_with_an_unknown_key_are_not_written(tmp_path: Path) -> None:
    run = mixed()
    run["cases"][0]["elapsed"] = 3  # type: ignore[typeddict-item]
    with pytest.raises(AssertionError, match='unknown key "elapsed"'):
        write(run, tmp_path / "results.json")


def test_a_path_that_cannot_be_written_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        write(mixed(), tmp_path / "file" / "results.json")


def test_the_schema_lists_the_same_verdicts() -> None:
    schema = json.loads((SCHEMAS / "results.schema.json").read_text())
    assert schema["$defs"]["verdict"]["enum"] == list(VERDICTS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"totals": {**passing(2)["totals"], "pass": 1}}, '"totals.pass" is 1, but the cases give 2'),
        ({"totals": {**passing(2)["totals"], "untried": 1}}, '"totals.untried" is 1, but the cases give 0'),
        ({"cases": [*passing(2)["cases"], passing(1)["cases"][0]]}, f'the case "{passing(1)["cases"][0]["id"]}" is in it 2 times'),
        (
            {"cases": [{**passing(1)["cases"][0], "verdict": "blocked"}]},
            f'the verdict of "{passing(1)["cases"][0]["id"]}" does not fit its key "blocked"',
        ),
    ],
)
def test_results_that_contradict_themselves_are_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**passing(2), **change}))
    with pytest.raises(UserError, match="contradicts itself") as refused:
        read(path)
    assert refused.value.message == f'"{path}" contradicts itself: {said} (cgi-conform run --report DIR writes it anew)'
