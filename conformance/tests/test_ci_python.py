"""The Python scripts in ci/: their --help, and their messages about wrong calls."""

import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).resolve().parents[2] / "ci"


def called(name: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, CI / name, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", sorted(path.name for path in CI.glob("*.py")))
def test_help_prints_the_docstring(name: str) -> None:
    (docstring,) = (CI / name).read_text("utf-8").split('"""')[1:2]
    done = called(name, "--help")
    assert (done.returncode, done.stderr) == (0, "") and docstring in done.stdout


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("figures.py", ["--chek"], 'unknown option "--chek" (did you mean "--check"?)'),
        ("figures.py", ["README.md"], 'unexpected word "README.md" ('),
        ("releases.py", ["--chek"], 'unknown option "--chek" (did you mean "--check"?)'),
        ("same_verdicts.py", ["--chek"], "two results.json, not 1 ("),
    ],
)
def test_a_wrong_call_is_reported_in_one_line(name: str, words: list[str], message: str) -> None:
    done = called(name, *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"ci/{name}: {message}")
