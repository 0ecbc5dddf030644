"""server/fuzz/wire: its oracle finds the faults of the second server, and finds nothing wrong without a fault."""

import subprocess
import sys

import pytest

from cgi_conform.paths import FAULTY, REPO

assert REPO is not None
WIRE = REPO / "server" / "fuzz" / "wire"
SERVER = f"env PYTHONPATH={FAULTY.parent} {sys.executable} -P -m faulty {{port}} -b 127.0.0.1 -d {{root}} -p HTTP/1.1"


def wire(*words: str) -> tuple[int, str, str]:
    command = [sys.executable, str(WIRE), "--quiet", "0.3", "--seed", "test", *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.long
def test_nothing_is_wrong_with_the_second_server() -> None:
    status, printed, errors = wire("--command", SERVER, "--profile", "cgihttpserver", "--connections", "300")
    assert (status, errors) == (0, ""), printed
    assert printed.startswith("wire: --seed test\nwire: 300 connections in ") and printed.count("\n") == 2


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("dots-climb", "it holds the octets of a file outside the root"),
        ("not-executable-served-as-file", "it holds the source of a script"),
        ("error-tells-the-path", "it names the document root"),
        ("reads-on-after-malformed-request", " responses to "),
        ("length-wins-over-chunked", "the server accepts a request with both a length and a coding"),
        ("head-sends-body", "the content of a good request is wrong"),
        ("error-length-wrong", "the response lacks "),
        ("log-unescaped", "in the log: "),
    ],
)
def test_a_fault_is_found_and_can_be_repeated(fault: str, told: str) -> None:
    command = f"{SERVER} --fault {fault}"
    status, printed, errors = wire("--command", command, "--profile", "cgihttpserver", "--connections", "800")
    assert (status, errors) == (1, ""), printed
    assert told in printed
    assert fault == "log-unescaped" or "\n  printf '" in printed


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "wire: name a server: --server NAME or --command 'CMD {port} {root}' (wire --help)"),
        (("--server", "cgi-server", "--connections", "0"), 'wire: --connections "0" is not a positive number (wire --help)'),
        (("--server", "none"), 'wire: no server "none" (known: '),
    ],
)
def test_a_wrong_call_is_reported(words: tuple[str, ...], told: str) -> None:
    status, printed, errors = wire(*words)
    assert (status, printed) == (2, "")
    assert errors.splitlines()[-1].startswith(told)
