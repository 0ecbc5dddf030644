"""ci/stages.sh: how ci/test reports stages that fail, are skipped, or have no time left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).resolve().parents[2] / "ci"

TWO_PROGRAMS = """<testsuites><testsuite>
<testcase name="git/clone"/>
<testcase name="cgit/index"><skipped message="package cgit is not installed (no cgit)"/></testcase>
<testcase name="php/form"><skipped message="package php-cgi is not installed; package curl is not installed"/></testcase>
</testsuite></testsuites>
"""


class Gate:
    """Runs shell lines as ci/test does: after sourcing gate.sh and stages.sh, in a separate build tree."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "out"
        self.out.mkdir()
        python = folder / "build" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        self.environment = {**os.environ, "CGI_CONFORM_BUILD": str(folder / "build")}

    def run(self, lines: str) -> tuple[int, str]:
        """Returns the exit status and the whole output; "$out" is the folder of the stages."""
        sources = f'. "{CI}/gate.sh"; . "{CI}/stages.sh"; cd "{CI.parent}"\ndeadline=$((SECONDS + 3600)) full=yes out="{self.out}"\n'
        done = subprocess.run(
            ["bash", "-c", sources + lines, "ci/test"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def stages(self, lines: str) -> tuple[int, list[str]]:
        """Declares the stages and runs them. Returns the exit status and the lines of the output."""
        status, text = self.run(f"{lines}\nchoose_stages\nrun_stages\nconclude")
        return status, [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def test_a_stage_that_needs_a_failed_one_is_skipped(gate: Gate) -> None:
    status, said = gate.stages("stage a - - false\nstage b - a true\nstage c - b true\nstage d - - true")
    assert status == 1
    assert "skip b needs a, which failed" in said
    assert "skip c needs b, which was skipped" in said
    assert said[-1] == "1 passed, 1 failed, 2 skipped"


def test_a_run_without_all_says_that_it_ran_a_sample(gate: Gate) -> None:
    told = "this was a sample of the stages, cases and tests that take long; ci/test --all runs all of them"
    assert told not in gate.stages("stage a - - true")[1]
    assert gate.stages("full=''\nstage b - - true")[1][-2] == told


def test_a_stage_waits_for_a_stage_beside_others_that_it_needs(gate: Gate) -> None:
    status, said = gate.stages('beside a - - sh -c "exit 3"\nbeside b - a true')
    assert status == 1
    assert "skip b needs a, which failed" in said


def test_a_stage_runs_beside_others_once_those_that_it_needs_have_ended(gate: Gate) -> None:
    fifo = f"{gate.out}/fifo"
    lines = f"cores=2 stage_limit=20; mkfifo {fifo}\nstage a - - true\nbeside b - - cat {fifo}\nbeside c - a sh -c 'echo >{fifo}'"
    status, said = gate.stages(lines)
    assert (status, said[-1]) == (0, "3 passed, 0 failed, 0 skipped")


def test_stages_in_the_background_take_no_place_of_stages_beside_others(gate: Gate) -> None:
    fifos = f"{gate.out}/first", f"{gate.out}/second"
    lines = [f"cores=1 stage_limit=20; mkfifo {' '.join(fifos)}", *(f"background {fifo[-5:]} - - cat {fifo}" for fifo in fifos)]
    writes = "; ".join(f"echo >{fifo}" for fifo in fifos)
    status, said = gate.stages("\n".join([*lines, f"beside c - - sh -c '{writes}'"]))
    assert (status, said[-1]) == (0, "3 passed, 0 failed, 0 skipped")


@pytest.mark.parametrize("way", ["stage", "beside"])
def test_a_stage_without_time_is_late_and_turns_the_run_red(gate: Gate, way: str) -> None:
    status, said = gate.stages(f"{way} a {gate.out}/a.xml - touch {gate.out}/ran\n{way} b - a true\ndeadline=$SECONDS")
    assert status == 1
    assert "late a not run: out of time" in said and "late b not run: out of time" in said
    assert "out of time (--minutes N gives more): a b" in said
    assert said[-1] == "0 passed, 0 failed, 2 skipped"
    assert not any("tally" in line or "failed stages" in line for line in said)
    assert not (gate.out / "ran").exists()


@pytest.mark.parametrize("status", [124, 137])  # ended by timeout, killed by timeout
def test_a_stage_that_the_end_of_the_run_stops_is_late(gate: Gate, status: int) -> None:
    code, said = gate.run(f"stage a {gate.out}/a.xml - true\ndeadline=$SECONDS\njudge_stage a {status} 7 '7.0 s'")
    assert (code, said.split()) == (0, "late a stopped: out of time after 7 s".split())


@pytest.mark.parametrize("status", [124, 137])
def test_a_stage_that_hangs_fails_without_a_tally(gate: Gate, status: int) -> None:
    _, said = gate.run(f"stage a {gate.out}/a.xml - true\njudge_stage a {status} 7 '7.0 s'\ncat {gate.out}/a.log")
    assert said.split() == "FAIL a stopped after 7 s stopped after 7 s".split()


def test_a_stage_that_cannot_run_says_why(gate: Gate) -> None:
    status, said = gate.stages("stage a - - sh -c 'echo the tool is not here; exit 77'")
    assert (status, said[0]) == (0, "skip a the tool is not here")
    assert said[-1] == "0 passed, 0 failed, 1 skipped"


def test_a_runner_that_exits_with_an_error_without_a_failed_case_counts_as_a_failure(gate: Gate) -> None:
    (gate.out / "a.xml").write_text("<testsuite><testcase name='x'/></testsuite>")
    status, said = gate.stages(f"stage a {gate.out}/a.xml - sh -c 'exit 3'")
    assert (status, said[-1]) == (1, "1 passed, 1 failed, 0 skipped")


def test_the_closing_line_names_the_packages_that_are_missing(gate: Gate) -> None:
    (gate.out / "a.xml").write_text(TWO_PROGRAMS)
    status, said = gate.stages(f"stage a {gate.out}/a.xml - true\nstage b {gate.out}/a.xml - true")
    assert (status, said[-1]) == (0, "2 passed, 0 failed, 4 skipped (not installed: cgit curl php-cgi)")


def test_globs_choose_stages_and_the_stages_that_these_need(gate: Gate) -> None:
    status, said = gate.stages("only=('c*')\nstage a - - true\nstage b - - false\nstage c1 - a true\nstage d - c1 true")
    assert (status, said[-1]) == (0, "2 passed, 0 failed, 0 skipped")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("stage a - - true\nstage a - - true", 'stage "a" is declared twice'),
        ("stage b - 'a' true", 'stage "b" needs "a", which is not declared before it'),
        ("stage a - - true\nonly=(x)\nchoose_stages", 'no stage matches "x" (ci/test --list shows their names)'),
    ],
)
def test_a_wrong_declaration_or_glob_exits_with_2(gate: Gate, lines: str, message: str) -> None:
    assert gate.run(lines) == (2, f"ci/test: {message}\n")


@pytest.mark.parametrize(("servers", "chosen"), [("", ""), ("a\n", "a\n"), ("a\nb\n", "a\nb\n"), ("a\nb\nc\n", "a\nc\n")])
def test_first_and_last_prints_a_single_line_once(gate: Gate, servers: str, chosen: str) -> None:
    assert gate.run(f"printf %s '{servers}' | first_and_last") == (0, chosen)


def test_a_command_runs_with_exactly_the_words_of_its_declaration(gate: Gate) -> None:
    words = ["a b", "it's", "$HOME", "*", "--x={port}", ""]
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    gate.stages(f"stage a - - printf '<%s>' {quoted}")
    assert (gate.out / "a.log").read_text() == "".join(f"<{word}>" for word in words)
