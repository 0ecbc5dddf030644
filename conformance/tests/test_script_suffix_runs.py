"""Runs with --script-suffix: the commands that take it, and the proof that a rewritten case can still fail."""

import json
import os
from pathlib import Path

import pytest

from cgi_conform.cases.docroot import remove
from cgi_conform.cli import main
from cgi_conform.paths import REPO
from whole_run import cgi_conform

FIXTURES = REPO / "fixtures"
PLAYED = ("script-uri/plain", "local-redirect/script", "script-uri/script-with-space", "disclosure-names/nul-and-suffix")
SKIPPED = ("routing/suffix-py-inside", "routing-root/script", "disclosure-files/data")


@pytest.mark.long
def test_a_run_plays_the_rewritten_cases(tmp_path: Path) -> None:
    words = ["--server", "faulty", "--profile", "rfc3875", "--script-suffix", ".cgi", "--report", str(tmp_path / "report")]
    done = cgi_conform(FIXTURES, "run", *PLAYED, *SKIPPED, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {one["id"]: one for one in json.loads((tmp_path / "report" / "results.json").read_text())["cases"]}
    assert [found[name]["verdict"] for name in (*PLAYED, *SKIPPED)] == ["pass"] * len(PLAYED) + ["skip"] * len(SKIPPED)
    plain = found["script-uri/plain"]
    for text in (plain["sent"][0]["bytes"], plain["again"], plain["curl"]):
        assert "/cgi-bin/probe.cgi/a/b?c=d" in text
    assert "Content-Length: 42" in found["local-redirect/script"]["sent"][0]["bytes"]
    assert all("suffix .cgi" in found[name]["note"] for name in SKIPPED)


@pytest.mark.long
@pytest.mark.parametrize("profile", ["rfc3875", "cgihttpserver"])
def test_rewritten_cases_still_die_by_their_faults(tmp_path: Path, profile: str) -> None:
    cases = ("script-uri/plain", "disclosure-names/nul-and-suffix", "mapping-cgi/encoded-percent", "problems/not-executable")
    cases += ("local-redirect/script", "framing/smuggled-behind-chunks") if profile == "rfc3875" else ("mapping-cgi/missing",)
    report = tmp_path / "report"
    words = ["--profile", profile, "--script-suffix", ".cgi", "--report", str(report)]
    done = cgi_conform(FIXTURES, "prove", *cases, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    kills = json.loads((report / "kills.json").read_text())
    assert sorted(one["id"] for one in kills["cases"] if one["verdict"] == "killed") == sorted(cases)


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """Returns the folder of a server that knows scripts by .py."""
    faulty = REPO / "conformance" / "servers" / "faulty"
    (tmp_path / "mine").mkdir()
    text = (faulty / "server.toml").read_text().replace("{here}", str(faulty))
    (tmp_path / "mine" / "server.toml").write_text('script-suffix = ".py"\n' + text)
    return str(tmp_path / "mine")


def test_a_server_can_name_its_suffix(mine: str) -> None:
    done = cgi_conform(FIXTURES, "replay", "script-uri/plain", "--server", mine, "--profile", "rfc3875")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "> GET /cgi-bin/probe.py/a/b?c=d" in done.stdout and '"SCRIPT_NAME":"/cgi-bin/probe.py"' in done.stdout


@pytest.mark.long
def test_a_matrix_and_a_diff_rewrite_the_cases(mine: str) -> None:
    done = cgi_conform(FIXTURES, "matrix", "script-uri/plain", "--server", mine, "--profile", "rfc3875")
    assert done.returncode == 0, done.stdout + done.stderr
    done = cgi_conform(FIXTURES, "diff", mine, "faulty", "script-framing/one-octet", "--profile", "rfc3875")
    assert done.returncode == 0 and "1 agree" in done.stdout, done.stdout + done.stderr


def test_answers_to_rewritten_cases_are_not_recorded(mine: str) -> None:
    done = cgi_conform(FIXTURES, "record", "script-uri/plain", "--server", mine)
    assert done.returncode == 2 and "suffix .py: answers to rewritten cases are not recorded" in done.stderr


def test_replay_says_why_a_case_does_not_suit_the_suffix(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "routing/suffix-cgi-outside", "--server", "faulty", "--script-suffix", ".cgi"]) == 2
    assert 'cannot be played here: its file has the suffix .cgi, so' in capsys.readouterr().err


def test_show_prints_the_rewritten_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "script-uri/plain", "--script-suffix", ".cgi"]) == 0
    out = capsys.readouterr().out
    assert "GET /cgi-bin/probe.cgi/a/b?c=d" in out and "--script-suffix .cgi" in out
    assert main(["show", "routing-root/script", "--script-suffix", ".cgi"]) == 0
    assert "skipped: its rule is about CGI directories" in " ".join(capsys.readouterr().out.split())


def test_list_leaves_out_what_does_not_suit_the_suffix(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "routing", "--script-suffix", ".py"]) == 0
    listed = capsys.readouterr().out
    assert "routing/suffix-cgi-outside " in listed and "routing/suffix-py-outside " not in listed


def test_fixtures_lays_out_the_suffix_and_a_run_checks_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fixtures", str(tmp_path / "site"), "--script-suffix", ".cgi"]) == 0
    assert "--root" in (out := capsys.readouterr().out) and out.rstrip().endswith("--script-suffix .cgi")
    assert os.access(tmp_path / "site" / "root" / "cgi-bin" / "hello.cgi", os.X_OK)
    at = ["--url", "http://127.0.0.1:1", "--root", str(tmp_path / "site" / "root")]
    assert main(["run", "static/head", *at, "--script-suffix", ".py"]) == 2
    told = capsys.readouterr().err
    assert "no cgi-bin/hello.py (" in told and "cgi-conform fixtures DIR --script-suffix .py lays it out)" in told
    remove(tmp_path / "site")


def test_a_bad_suffix_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "static/head", "--server", "faulty", "--script-suffix", "cgi"]) == 2
    assert '--script-suffix "cgi" is not a dot with letters and digits behind it' in capsys.readouterr().err
