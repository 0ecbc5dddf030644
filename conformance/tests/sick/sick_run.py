"""Runs cgi-conform on sick servers, with little memory and within a bound of time; and tells how it must judge them."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cgi_conform.cases.answer import Expectation
from cgi_conform.cases.load import load_cases
from cgi_conform.paths import REPO, fixtures

SERVER = Path(__file__).resolve().parent / "sick_server.py"
BOUND = 240.0  # seconds for a run: many times what it needs, as machines may be loaded
MEMORY = 1 << 21  # kibibytes of address space for each process
LIMITED = ("sh", "-c", f'ulimit -v {MEMORY} && exec "$@"', "sh")

SAMPLE = (
    "mapping/dot", "mapping/many-slashes", "mapping/query", "mapping/tilde", "meta-variables/request-method-of-get",
    "one-request/closed-after-a-file", "query-string/hash", "query-string/none", "routing/cgi-bin", "static/big-file",
    "static/empty-file", "version/http-1-0",
)  # fmt: skip
BRIEFLY = ("--timeout", "0.5", "--case-timeout", "1")
WAITED_FOR = ("never-answers", "trickles", "trickles-fields", "slow-endless-1xx")  # until a limit is reached
MUCH = "more than 33554432 octets"
LATE = r"no end within 1 s \(--case-timeout\)"
LACKING = "end: connection closed, lacking"

# By illness: the exit status, and a regular expression that matches the words of a mismatch or a note.
EXPECTED: dict[str, tuple[int, str]] = {
    "never-answers": (3, r"status: silent: nothing within 0.5 s \(--timeout\)"),
    "trickles": (3, f"end: {LATE}, lacking the empty line after the head"),
    "trickles-fields": (3, f"end: {LATE}, lacking the empty line after the head"),
    "10-gigabytes": (3, f"end: {MUCH}, lacking 10703863881 of the 10737418240 octets that"),
    "endless-content": (3, f"end: {MUCH}, lacking the end of the connection"),
    "endless-head": (3, f"end: {MUCH}, lacking the empty line after the head"),
    "endless-line": (3, rf"status: bare \(octets without a status line\): {MUCH}"),
    "endless-chunks": (3, f"end: {MUCH}, lacking a well-formed last chunk"),
    "endless-answers": (1, "count: 1000 responses"),
    "endless-1xx": (3, "interim: more"),
    "slow-endless-1xx": (3, f"status: silent: {LATE}"),
    "closes-at-random": (1, rf"{LACKING} \d+ of the \d+ octets that Content-Length promises"),
    "resets-at-random": (1, "end: connection reset, so that its end may be lost"),
    "tls": (1, r"status: bare \(a TLS record: the server speaks HTTPS\)"),
    "garbage": (1, r"status: bare \(octets without a status line\)"),
    "negative-length": (1, f'{LACKING} a valid Content-Length: it is "-5"'),
    "huge-length": (1, f'{LACKING} a valid Content-Length: it is "{"9" * 40}…"'),
    "two-lengths": (1, f'{LACKING} a valid Content-Length: it is "3" and "99"'),
    "negative-chunk": (1, f"{LACKING} a well-formed last chunk"),
    "huge-chunk": (1, f"{LACKING} a well-formed last chunk"),
    "deep-json": (1, r'body: "(\[)+…?"'),
    "dies": (3, r'server "command" died in case "[a-z/-]+": it exited with status 3'),
    "dies-and-comes-back": (3, "status: closed|no connection to"),
}


@dataclass(frozen=True)
class SickRun:
    """A run on a sick server, with its results."""

    status: int
    out: str
    err: str
    results: dict[str, Any]

    @property
    def passed(self) -> list[str]:
        """Returns the cases that passed."""
        return [case["id"] for case in self.results["cases"] if case["verdict"] == "pass"]

    @property
    def right(self) -> list[str]:
        """Returns the cases without a mismatch, blocked ones included."""
        return [case["id"] for case in self.results["cases"] if _is_right(case)]

    @property
    def told(self) -> set[str]:
        """Returns what the server did in the words of the mismatches, and the notes."""
        cases = self.results["cases"]
        return {found["what"] + ": " + found["got"] for case in cases for found in case["mismatches"]} | {case["note"] for case in cases}


def _is_right(case: dict[str, Any]) -> bool:
    return case["verdict"] not in ("skip", "error") and not case["mismatches"]


def run(illness: str, folder: Path, *words: str) -> SickRun:
    """Runs `cgi-conform run` with these words on a server with this illness."""
    server = f"--command={sys.executable} -B {SERVER} {illness} {{port}} {{root}}"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{REPO}/conformance", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*LIMITED, sys.executable, "-m", "cgi_conform", "run", server, "--report", str(folder / "report"), *words],
        env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOUND,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "Traceback" not in said and "the runner broke" not in said, said
    return SickRun(done.returncode, done.stdout, done.stderr, json.loads((folder / "report" / "results.json").read_text()))


def check_verdicts(illness: str, folder: Path) -> None:
    """Runs the sample on a sick server. No case may pass, and the verdict must name the illness."""
    found = run(illness, folder, *SAMPLE, "-j", "4", *(BRIEFLY if illness in WAITED_FOR else ()))
    status, told = EXPECTED[illness]
    assert found.status == status, found.out + found.err
    assert found.passed == found.right == []
    assert any(re.match(told, one) for one in found.told), sorted(found.told)


def need_no_answer(profile: str) -> set[str]:
    """Returns the cases that a server may pass without a right answer: they allow an outcome without a response."""
    cases = load_cases(fixtures() / "cases", validate=False)
    return {case.id for case in cases if profile in case.expect and not _asks(case.expect[profile])}


def _asks(expectation: Expectation) -> bool:
    return any(answer.status and answer.wants_response for answer in expectation.answers)
