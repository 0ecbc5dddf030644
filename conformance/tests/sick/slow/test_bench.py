"""cgi-bench on sick servers: bounded, and the server is INVALID and has no figures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cgi_conform.paths import REPO
from cgi_conform.servers.ports import free_port, held_by, accepts
from sick_run import BOUND, LIMITED, SERVER
from sick_server import ILLNESSES

PROGRAM = Path(os.environ.get("CGI_CONFORM_BUILD") or REPO / "build") / "bench" / "cgi-bench"
BRIEFLY = (
    "--timeout", "1", "--benchmark_filter=static-1k/1/", "--benchmark_repetitions=1", "--benchmark_min_time=0.01",
    "--benchmark_format=json",
)  # fmt: skip
LATE = "no complete answer in time"
UNREADABLE = "cannot read a response"

# The reasons that cgi-bench may give. The others are cut short: timing decides between a close and a reset.
EXPECTED = {
    "never-answers": LATE, "trickles": LATE, "trickles-fields": LATE, "10-gigabytes": LATE, "endless-content": LATE,
    "endless-head": UNREADABLE, "endless-1xx": LATE, "slow-endless-1xx": LATE, "endless-chunks": LATE,
    "tls": "cannot read a TLS record: the server speaks HTTPS", "negative-length": UNREADABLE, "huge-length": UNREADABLE,
    "two-lengths": UNREADABLE, "negative-chunk": UNREADABLE, "huge-chunk": UNREADABLE,
}  # fmt: skip

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built (ci/build --tests)")


@pytest.mark.parametrize("illness", [*(one for one in ILLNESSES if one != "healthy"), "dies-and-comes-back"])
def test_a_sick_server_is_invalid_and_has_no_figures(illness: str, tmp_path: Path) -> None:
    site = tmp_path / "site"
    subprocess.run([PROGRAM, "--lay-out", site], check=True, stdout=subprocess.DEVNULL, timeout=BOUND)
    port = free_port()
    words = [sys.executable, "-B", SERVER, illness, str(port), site]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, process_group=0) as server:
        try:
            while not (accepts(port) and held_by(port, server.pid)):
                assert server.poll() is None
            done = subprocess.run(
                [*LIMITED, PROGRAM, f"sick=http://127.0.0.1:{port}", *BRIEFLY], capture_output=True, text=True, timeout=60
            )
        finally:
            os.killpg(server.pid, 9)
    assert done.returncode == 1 and "requests_per_second" not in done.stdout
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("cgi-bench: sick is INVALID: check ")
    assert EXPECTED.get(illness, "") in done.stderr
