"""The scripts in ci/: their --help, their progress, and their messages about wrong calls."""

import os
import pty
import re
import select
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).resolve().parents[2] / "ci"
SCRIPTS = sorted(path for path in CI.iterdir() if path.is_file() and os.access(path, os.X_OK))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bare-machine", "--suite", "sid"], '--suite "sid" is unknown (bookworm or trixie)'),
        (["bare-machine", "--suite", "bokworm"], '--suite "bokworm" is unknown (did you mean "bookworm"?)'),
        (["bare-machine", "--as", "nobody"], '--as "nobody" is unknown (root, user or both)'),
        (["bare-machine", "--suite"], "--suite needs a value (see --help)"),
        (["bare-machine", "--suit", "sid"], 'unknown argument "--suit" (did you mean "--suite"?)'),
        (["bare-machine", "sid"], 'unknown argument "sid" (see --help)'),
        (["bare-machine", "--"], 'no command follows "--"'),
        (["build", "--test"], 'unknown argument "--test" (did you mean "--tests"?)'),
        (["causes", "missing-fil-200"], 'no fault "missing-fil-200" (did you mean "missing-file-200"?)'),
        (["causes", "m.*"], 'no fault "m.*" (conformance/faulty/faults/ has them)'),
        (["test", "--minutes", "soon"], '--minutes "soon" is not a whole number from 1 to 9999'),
        (["test", "--minutes"], '--minutes "" is not a whole number from 1 to 9999'),
        (["test", "--minute=9"], 'unknown argument "--minute=9" (did you mean "--minutes"?)'),
        (["test", "lnt-shell"], 'no stage matches "lnt-shell" (did you mean "lint-shell"?)'),
        (["test", "zzz"], 'no stage matches "zzz" (ci/test --list shows their names)'),
        (["conform", "--report"], "--report needs a folder"),
        (["conform", "--"], 'no command follows "--" (e.g. -- ./my-server --port {port} --root {root})'),
        (["attack", "no-such-attack"], 'no attack matches "no-such-attack" (ci/attack --list shows their names)'),
        (["attack", "clock/the-clock-is-sett"], 'no attack matches "clock/the-clock-is-sett" (did you mean "clock/'),
        (["attack", "--lst"], 'unknown argument "--lst" (did you mean "--list"?)'),
        (["soak", "--minutes", "soon"], '--minutes "soon" is not a whole number from 1 to 9999'),
        (["soak", "ten"], 'unknown argument "ten" (see --help)'),
        (["sanitize", "memory"], 'unknown sanitizer "memory" (address or thread)'),
        (["sanitize", "thraed"], 'unknown sanitizer "thraed" (did you mean "thread"?)'),
        (["fuzz", "verses"], 'unknown target "verses" (there are wire body '),
        (["fuzz", "rout"], 'unknown target "rout" (did you mean "route"?)'),
        (["fuzz", "--seconds", "long"], '--seconds "long" is not a whole number above 0'),
        (["build", "--target"], "--target needs a name (see --help)"),
        (["lint", "verses"], 'unknown linter "verses" (there are shell python '),
        (["lint", "shel"], 'unknown linter "shel" (did you mean "shell"?)'),
        (["debs", "--out"], "--out needs a folder"),
        (["install-check", "sid"], 'unknown argument "sid"'),
        (["install-check", "--debs", "no"], '--debs "no" is not a folder'),
        (["release"], "a version is missing (see --help)"),
        (["release", "9.9"], 'version "9.9" is not that of CMakeLists.txt, which says "'),
        (["release", "--suite", "sid", "9.9"], '--suite "sid" is unknown (bookworm, trixie or none)'),
        (["setup", "everything"], 'unknown argument "everything" (see --help)'),
        (["setup", "tests"], 'unknown argument "tests" (did you mean "test"?)'),
        (["setup", "--package-only"], 'unknown argument "--package-only" (did you mean "--packages-only"?)'),
        (["wheel", "--program"], "--program needs a path (see --help)"),
        (["wheel", "--program", "nothing"], '--program "nothing" is no program (ci/build makes '),
        (["wheel", "--try", "nothing"], '--try "nothing" is no file (ci/wheel prints the path '),
        (["wheel", "everything"], 'unknown argument "everything" (see --help)'),
        (["windows", "everything"], 'unknown argument "everything" (see --help)'),
    ],
)
def test_a_wrong_call_is_reported_in_one_line(tmp_path: Path, words: list[str], message: str) -> None:
    command = [str(CI / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"ci/{words[0]}: {message}") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", [path.name for path in SCRIPTS])
def test_help_prints_the_opening_comment(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [str(CI / name), "--help"], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"ci/{name}")
    assert "shellcheck" not in done.stdout.replace("shellcheck on every", "")


# Scripts that hand options on: the program that gets them names the nearest option.
HANDED_ON = ("bench", "conform", "matrix")


@pytest.mark.parametrize("name", [path.name for path in SCRIPTS if path.name not in HANDED_ON])
def test_each_misspelt_option_gets_one_line_with_the_right_one(tmp_path: Path, name: str) -> None:
    manual = subprocess.run([str(CI / name), "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^ +(--[a-z-]+)|^ci/\S+.*?\[(--[a-z-]+)", manual, re.MULTILINE))
    for option in {first or second for first, second in options}:
        misspelt = f"{option[:4]}{option[3:]}"  # a letter twice
        done = subprocess.run(
            [str(CI / name), misspelt], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
        assert done.stderr.endswith(f' "{misspelt}" (did you mean "{option}"?)\n')


SPEAKS = f'. "{CI}/gate.sh"; show "compiling 1 of 2"; show "compiling 2 of 2"; say built'


def test_without_a_terminal_each_step_is_one_line() -> None:
    done = subprocess.run(["bash", "-c", SPEAKS, "ci/build"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "ci/build: built\n")


@pytest.mark.parametrize(
    ("terminal", "begin", "lines"),
    [
        ("xterm", "\r\x1b[Kci/build: compiling 1 of 2\r\x1b[Kci/build: compiling 2 of 2\r\x1b[K", "ci/build: built\r\n"),
        ("dumb", "", "ci/build: built\r\n"),
    ],
)
def test_on_a_terminal_one_line_shows_the_progress(terminal: str, begin: str, lines: str) -> None:
    ours, theirs = pty.openpty()
    try:
        command = ["bash", "-c", SPEAKS, "ci/build"]
        subprocess.run(command, stderr=theirs, env={**os.environ, "TERM": terminal}, check=True)
        shown = b""
        while not shown.endswith(b"built\r\n"):  # a read may return a part
            shown += os.read(ours, 4096)
        assert shown.decode() == begin + lines
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_script_that_is_ended_ends_its_tests() -> None:
    lines = f". {CI}/gate.sh; within 60 sh -c 'echo $$; exec sleep 60'"
    with subprocess.Popen(["bash", "-c", lines, "x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as script:
        assert script.stdout is not None
        test = os.pidfd_open(int(script.stdout.readline()))
        script.terminate()
        assert script.wait(30) == 130
        assert select.select([test], [], [], 30)[0]
        os.close(test)


def test_a_command_of_a_script_ends_in_time() -> None:
    done = subprocess.run(["bash", "-c", f". {CI}/gate.sh; within 0.01 sleep 60", "x"], check=False, timeout=30)
    assert done.returncode == 124
