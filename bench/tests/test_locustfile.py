"""bench/locustfile.py: reads the scenarios, checks answers, runs with a master and a worker. Skipped without Locust."""

import csv
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CGI_CONFORM_BUILD") or CHECKOUT / "build")
LOCUST = shutil.which("locust", path="/usr/bin:" + os.environ.get("PATH", ""))
FILE = CHECKOUT / "bench" / "locustfile.py"

pytestmark = [
    pytest.mark.skipif(LOCUST is None, reason="package python3-locust is not installed (ci/setup bench)"),
    pytest.mark.skipif(not (BUILD / "bench/cgi-bench").exists(), reason="cgi-bench is not built (ci/build --tests)"),
]


def serve(server: str, root: Path, *words: str) -> subprocess.Popen[str]:
    command = [str(BUILD / "bin/cgi-conform"), "serve", server, "--root", str(root), *words]
    return subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    told = [line for line in iter(process.stdout.readline, "ready\n") if line]
    return next(line.split()[1] for line in told if line.startswith("url "))


@pytest.fixture
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = Path("/tmp") / f"cgi-bench-locust-{os.getpid()}"  # not tmp_path: the user nobody must be able to enter it
    subprocess.run([str(BUILD / "bench/cgi-bench"), "--lay-out", str(base)], stdout=subprocess.DEVNULL, check=True)
    yield base
    shutil.rmtree(base)


def locust(*words: str, scenarios: str = "mix") -> subprocess.Popen[str]:
    environment = {**os.environ, "CGI_BENCH_SCENARIOS": scenarios}
    command = [str(LOCUST), "-f", str(FILE), "--headless", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def counts(prefix: Path) -> dict[str, tuple[int, int]]:
    """Requests and failures by name."""
    with Path(f"{prefix}_stats.csv").open(newline="") as file:
        return {row["Name"]: (int(row["Request Count"]), int(row["Failure Count"])) for row in csv.DictReader(file)}


def test_a_master_and_a_worker_run_the_mix(root: Path, tmp_path: Path) -> None:
    with serve("cgi-server", root, "--profile", "rfc3875") as process, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        taken.close()
        where = ("--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--expect-workers", "1")
        load = ("--host", url(process), "-u", "4", "-r", "4", "-t", "3s", "--csv", str(tmp_path / "out"))
        master = locust("--master", *where, *load)
        worker = locust("--worker", "--master-host", "127.0.0.1", "--master-port", port)
        said, _ = master.communicate(timeout=60)
        worker.communicate(timeout=60)
        assert process.stdin is not None
        process.stdin.close()
    assert master.returncode == 0, said
    seen = counts(tmp_path / "out")
    assert set(seen) == {"static-1k", "cgi-hello", "not-found", "Aggregated"}
    assert all(asked > 0 and failed == 0 for asked, failed in seen.values()), seen


def test_wrong_answers_are_failures(root: Path, tmp_path: Path) -> None:
    with serve("bench/servers/wrong", root) as process:
        load = ("--host", url(process), "-u", "1", "-r", "1", "-t", "2s", "--csv", str(tmp_path / "out"))
        one = locust(*load, scenarios="static-1k")
        said, _ = one.communicate(timeout=60)
        assert process.stdin is not None
        process.stdin.close()
    assert one.returncode == 1, said
    asked, failed = counts(tmp_path / "out")["static-1k"]
    assert asked == failed > 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("no-such", 'unknown scenario "no-such"'),
        ("idle-10000", 'scenario "idle-10000" has a crowd, which only cgi-bench makes'),
    ],
)
def test_a_scenario_that_locust_cannot_send_is_named_in_the_message(name: str, told: str) -> None:
    said, _ = locust("--host", "http://127.0.0.1:1", "-t", "1s", scenarios=name).communicate(timeout=60)
    assert told in said
