"""`cgi-conform run --format`: text, TAP, and text with annotations for GitHub."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from case_files import case, corpus
from whole_run import SERVE, cgi_conform, command_of, environment, get

ANNOUNCES = SERVE.replace('print("one last word"', 'print("::error::forged"')


def in_github(folder: Path, *words: str, workspace: Path) -> subprocess.CompletedProcess[str]:
    summary = folder / "summary"
    more = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_WORKSPACE": str(workspace)}
    command = [sys.executable, "-m", "cgi_conform", "run", *words]
    return subprocess.run(command, env=environment(folder, more), cwd=workspace, capture_output=True, text=True, timeout=120)


def obeyed(output: str) -> list[str]:
    """Returns the commands that GitHub's runner obeys: it ignores blanks before them, and stops where it is told to."""
    found, word = [], ""
    for line in map(str.strip, output.splitlines()):
        if word:
            word = "" if line == f"::{word}::" else word
        elif stop := re.match("::stop-commands::(.*)", line):
            word = stop[1]
        elif re.match("::|.*##\\[", line):
            found.append(line)
    return found


def test_in_a_workflow_the_text_is_followed_by_annotations_and_a_summary(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"), case("a/c", more=get("/other")))
    done = in_github(folder, command_of(folder), workspace=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    [told] = obeyed(done.stdout)
    assert told.startswith("::error file=cases/a.toml,line=13,title=a/c (fail)::")
    assert "\nFAIL  a/c" in done.stdout and (tmp_path / "summary").read_text().startswith("## ❌")
    assert cgi_conform(folder, "run", command_of(folder), "--format", "github").stdout.count("\n::error ") == 1


def test_a_summary_that_cannot_be_written_does_not_change_the_verdict(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"))
    (tmp_path / "summary").mkdir()
    done = in_github(folder, command_of(folder), workspace=tmp_path)
    said = f'cgi-conform: GITHUB_STEP_SUMMARY: cannot write "{tmp_path}/summary": Is a directory (the step gets no summary)\n'
    assert (done.returncode, done.stderr) == (0, said) and "\n1 case: 1 pass\n" in done.stdout


def test_a_server_that_does_not_exist_gets_an_annotation_and_a_summary(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"))
    (tmp_path / "site").mkdir()
    for word, sought in {"./none": "./none", "./site": "./site, which is a folder: name a program in it"}.items():
        said = f'command "{word} {{port}}" names no program (looked for {sought})'
        done = in_github(folder, f"--command={word} {{port}}", workspace=tmp_path)
        assert (done.returncode, done.stderr) == (3, f"cgi-conform: {said}\n")
        assert done.stdout == f"::error title=cgi-conform::{said}\n"
        assert (tmp_path / "summary").read_text().endswith(f"## ⚠️ The server was not judged\n\n{said}\n")


def test_the_log_of_a_server_gives_github_no_command(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"), case("a/deadly", more=get("/die")))
    command = command_of(folder)
    (folder / "serve.py").write_text(ANNOUNCES)
    done = in_github(folder, command, workspace=tmp_path)
    assert done.returncode == 3 and "::error::forged" in done.stdout and "forged" not in done.stderr
    assert obeyed(done.stdout) and not any("forged" in line for line in obeyed(done.stdout))


def test_the_format_text_prints_no_annotation_in_a_workflow(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/c", more=get("/other")))
    done = in_github(folder, command_of(folder), "--format", "text", workspace=tmp_path)
    assert done.returncode == 1 and "::" not in done.stdout and not (tmp_path / "summary").exists()


def test_tap_is_alone_on_standard_output(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"), case("a/c", more=get("/other")), case("a/d", more=get("/other"), level="recommended"))
    done = cgi_conform(folder, "run", command_of(folder), "--format", "tap", "--shuffle=3", "--write-expect", str(tmp_path / "known"))
    assert (done.returncode, done.stderr) == (1, "order: --shuffle=3\n")
    lines = [line for line in done.stdout.splitlines() if not line.startswith(("  ", "#"))]
    assert [re.sub("GET.*content", "T", line) for line in lines] == [
        "TAP version 13", "1..3", "ok 1 - a/b T", "not ok 2 - a/c T", "not ok 3 - a/d T # TODO recommended",
    ]  # fmt: skip
    assert re.search(r"^# 2 expectations written to ", done.stdout, re.MULTILINE)


@pytest.mark.skipif(shutil.which("prove") is None, reason="prove is not installed")
def test_prove_runs_the_suite(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"))
    script = tmp_path / "conforms.t"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m cgi_conform run "{command_of(folder)}" --format tap\n')
    script.chmod(0o755)
    more = {"PERL5LIB": os.environ.get("PERL5LIB", "")}
    done = subprocess.run(["prove", "--exec", "sh", script], env=environment(folder, more), capture_output=True, text=True)
    assert done.returncode == 0 and "Tests=1" in done.stdout, done.stdout + done.stderr


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    done = cgi_conform(corpus(tmp_path, case("a/b")), "run", command_of(tmp_path), "--format", "tapp")
    assert done.returncode == 2 and 'unknown value "tapp" (did you mean "tap"?)' in done.stderr
