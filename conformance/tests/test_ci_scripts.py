"""The scripts in ci/: their --help, their progress, and their messages about wrong calls."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).resolve().parents[2] / "ci"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bare-machine", "--suite", "sid"], 'ci/bare-machine: --suite "sid" is unknown (bookworm or trixie)'),
        (["bare-machine", "--as", "nobody"], 'ci/bare-machine: --as "nobody" is unknown (root, user or both)'),
        (["bare-machine", "--suite"], "ci/bare-machine: --suite needs a value (see --help)"),
        (["bare-machine", "sid"], 'ci/bare-machine: unknown argument "sid" (see --help)'),
        (["bare-machine", "--"], 'ci/bare-machine: no command follows "--"'),
        (["test", "--minutes", "soon"], 'ci/test: --minutes "soon" is not a whole number from 1 to 9999'),
        (["test", "--minutes"], 'ci/test: --minutes "" is not a whole number from 1 to 9999'),
        (["test", "--minute=9"], 'ci/test: unknown argument "--minute=9" (see --help)'),
        (["conform", "--report"], "ci/conform: --report needs a folder"),
        (["conform", "--"], 'ci/conform: no command follows "--" (e.g. -- ./my-server --port {port} --root {root})'),
        (["sanitize", "memory"], 'ci/sanitize: unknown sanitizer "memory" (address or thread)'),
        (["lint", "grammar"], 'ci/lint: unknown linter "grammar"'),
        (["setup", "everything"], 'ci/setup: unknown argument "everything"'),
    ],
)
def test_a_wrong_call_is_reported_in_one_line(tmp_path: Path, words: list[str], message: str) -> None:
    command = [str(CI / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message) and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "name", [path.name for path in sorted(CI.iterdir()) if path.is_file() and not path.suffix]
)
def test_help_prints_the_opening_comment(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [str(CI / name), "--help"], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"ci/{name}")
    assert "shellcheck" not in done.stdout.replace("shellcheck on every", "")


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
        assert os.read(ours, 4096).decode() == begin + lines
    finally:
        os.close(ours)
        os.close(theirs)
