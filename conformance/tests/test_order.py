"""results.json must be the same octets for every order of the cases and every number of workers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cgi_conform.cases.answer import PROFILES
from cgi_conform.paths import build
from whole_run import CONFORMANCE

SERVER = build() / "server" / "cgi-server"


@pytest.mark.long
@pytest.mark.skipif(not SERVER.exists(), reason="cgi-server is not built")
@pytest.mark.parametrize("profile", PROFILES)
def test_results_do_not_depend_on_the_order_or_the_number_of_workers(profile: str, tmp_path: Path) -> None:
    here = {**os.environ, "PYTHONPATH": str(CONFORMANCE)}
    command = [sys.executable, "-m", "cgi_conform", "run", "--server", "cgi-server", "--profile", profile]
    written = {}
    for words in (["-j1"], ["-j8"], ["--shuffle=7"]):
        report = tmp_path / "-".join(words)
        done = subprocess.run(
            [*command, "--strict", "--sample", "20", "--report", str(report), *words],
            env=here, capture_output=True, text=True, timeout=200,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        written[" ".join(words)] = (report / "results.json").read_text()
    assert written["-j1"].count('"verdict": "pass"') > 30
    for words, text in written.items():
        assert text.splitlines() == written["-j1"].splitlines(), words
