"""The suite on sick servers: bounded in time and memory, no traceback, no case passed, and the verdict names the illness.

Here are the quick ones. slow/ has the others, and ci/attack runs all of them.
"""

import re
from pathlib import Path

import pytest

from sick_run import EXPECTED, SAMPLE, check_verdicts, run
from sick_server import ILLNESSES

QUICK = ("never-answers", "10-gigabytes", "closes-at-random", "tls", "huge-length", "dies")


@pytest.mark.long
def test_the_sample_passes_on_a_healthy_server(tmp_path: Path) -> None:
    found = run("healthy", tmp_path, *SAMPLE, "-j", "4")
    assert found.status == 0 and set(found.passed) == set(SAMPLE)


@pytest.mark.long
@pytest.mark.parametrize("illness", QUICK)
def test_no_case_passes_and_the_verdict_names_the_illness(illness: str, tmp_path: Path) -> None:
    check_verdicts(illness, tmp_path)


@pytest.mark.long
def test_a_server_that_dies_after_right_answers_ends_the_run_with_3(tmp_path: Path) -> None:
    found = run("dies-after-its-answer", tmp_path, *SAMPLE[:3])
    told = r'cgi-conform: server "command" died (in|after) case "mapping/query": it exited with status 3'
    assert found.status == 3 and re.search(told, found.err), found.err


def test_every_illness_has_an_expected_verdict() -> None:
    assert set(ILLNESSES) - set(EXPECTED) == {"healthy", "dies-after-its-answer"}
