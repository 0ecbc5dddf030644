"""The suite on every sick server: the sample, and a part of all cases in both profiles."""

from pathlib import Path

import pytest

from sick_run import BRIEFLY, EXPECTED, WAITED_FOR, check_verdicts, need_no_answer, run
from test_sick_servers import QUICK

PROFILES = ("cgihttpserver", "rfc3875")


@pytest.mark.parametrize("illness", [one for one in EXPECTED if one not in QUICK])
def test_no_case_passes_and_the_verdict_names_the_illness(illness: str, tmp_path: Path) -> None:
    check_verdicts(illness, tmp_path)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("illness", EXPECTED)
def test_a_case_that_asks_for_an_answer_never_passes(illness: str, profile: str, tmp_path: Path) -> None:
    limits = BRIEFLY if illness in WAITED_FOR else ()
    found = run(illness, tmp_path, "--profile", profile, "--sample", "20", *limits)
    assert found.status == EXPECTED[illness][0], found.out + found.err
    assert set(found.passed) <= need_no_answer(profile)
