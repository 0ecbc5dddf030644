"""The recorded media types of CPython, with which the tests of cgi-server compare its table."""

import subprocess
import sys

import pytest

from cgi_conform.paths import REPO
from cgi_conform.servers.find_program import find_on_path

TESTS = REPO / "server" / "tests"
RECORDER = TESTS / "record_mime_types.py"


def recorded_by(program: object) -> str:
    command = [str(program), "-I", str(RECORDER)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_recorded_types_are_those_of_the_recorded_release() -> None:
    recording = (TESTS / "mime_types_3.13.txt").read_text()
    program = find_on_path("python3.13")
    found = recorded_by(program) if program else ""
    if found.partition(",")[0] != recording.partition(",")[0]:
        pytest.skip(f"{recording.partition(',')[0].lstrip('# ')} is not installed")
    assert found == recording


def test_the_recorder_ignores_the_types_of_the_system() -> None:
    rows = dict(line.split(" ") for line in recorded_by(sys.executable).splitlines()[1:])
    assert rows[".html"] == "text/html"
    assert ".xyz" not in rows  # /etc/mime.types has a type for it
