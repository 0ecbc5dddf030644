"""The wheel, as users have it: installed without network in a fresh environment, and used by three files of theirs."""

import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

import cgi_server
from cgi_conform.servers.find_program import find_on_path
from conftest import CHECKOUT, PROGRAM

BUILT_WITH = ("pip", "setuptools", "wheel", "venv")
pytestmark = [
    *(
        pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"Python module {name} is not installed")
        for name in BUILT_WITH
    ),
    pytest.mark.xdist_group("wheel"),  # building and installing takes seconds
]


def pythons() -> "dict[str, str]":
    """Returns the Pythons of this machine that the package works with: version and program."""
    found = {f"3.{minor}": find_on_path(f"python3.{minor}") for minor in range(8, 16)}
    return {version: str(program) for version, program in found.items() if program is not None}


@dataclass(frozen=True)
class Installed:
    """The wheel, and a virtual environment that has it."""

    wheel: Path
    venv: Path

    @property
    def packages(self) -> Path:
        [folder] = self.venv.glob("lib/python3*/site-packages")
        return folder

    def start(self, site: Path, *words: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            words,
            cwd=site,
            env={"PATH": f"{self.venv}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, site: Path, *words: str, **environment: str) -> "tuple[int, str]":
        """Returns the exit status of a command and what it printed."""
        with self.start(site, *words, **environment) as process:
            printed, _ = process.communicate(timeout=60)
        return process.returncode, printed


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    if not PROGRAM.exists():
        pytest.skip("cgi-server is not built (ci/build)")
    base = Path(tempfile.mkdtemp(prefix="cgi-server-wheel-"))
    try:
        subprocess.run([CHECKOUT / "ci" / "wheel", "--program", PROGRAM, "--output", base], check=True, capture_output=True)
        [wheel] = base.glob("*.whl")
        subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", base / "venv"], check=True)
        pip = [sys.executable, "-I", "-m", "pip", "--isolated", "--python", base / "venv/bin/python"]
        subprocess.run([*pip, "install", "--no-index", wheel], check=True, capture_output=True)
        found = Installed(wheel, base / "venv")
        assert pytest.__file__ is not None
        (found.packages / "pytest.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
        yield found
    finally:
        shutil.rmtree(base)


def test_the_wheel_holds_the_package_and_the_program(installed: Installed) -> None:
    package = CHECKOUT / "server/python/cgi_server"
    ours = {f"cgi_server/{path.name}" for path in package.iterdir() if path.name != "__pycache__"}
    machine = os.uname().machine
    assert installed.wheel.name == f"cgi_server-{cgi_server.__version__}-py3-none-linux_{machine}.whl"
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert names == ours | {"cgi_server/cgi-server"}
        assert wheel.read("cgi_server/cgi-server") == PROGRAM.read_bytes()
        assert stat.S_IMODE(wheel.getinfo("cgi_server/cgi-server").external_attr >> 16) & 0o555 == 0o555
        tags = wheel.read(f"cgi_server-{cgi_server.__version__}.dist-info/WHEEL").decode()
    assert f"Root-Is-Purelib: false\nTag: py3-none-linux_{machine}\n" in tags


def test_the_program_is_on_path(installed: Installed, site: Path) -> None:
    said = 0, f"cgi-server {cgi_server.__version__}\n"
    assert installed.run(site, "cgi-server", "--version") == said
    assert installed.run(site, "python", "-m", "cgi_server", "--version") == said


def serves_until_ctrl_c(process: "subprocess.Popen[str]") -> None:
    """Holds a run of serve.py to what a user sees."""
    assert process.stdout is not None
    with process:
        try:
            printed = ""  # first, an ordinary user reads that scripts have no other user
            while not (line := process.stdout.readline()).startswith("Serving on "):
                assert line, printed
                printed += line
            url = line.strip().rpartition(" ")[2]
            with urlopen(f"{url}/scripts/query?a=1", timeout=20) as response:
                assert response.read() == b"a=1\n"
        finally:
            process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    assert url.startswith("http://127.0.0.1:")
    assert '"GET /scripts/query?a=1 HTTP/1.1" 200 -\n' in printed and "Stopped\n" in printed
    assert process.returncode == 0


def test_a_script_serves_until_ctrl_c(installed: Installed, site: Path) -> None:
    serves_until_ctrl_c(installed.start(site, "python", "serve.py", "0"))


def test_a_suite_for_unittest_passes(installed: Installed, site: Path) -> None:
    status, printed = installed.run(site, "python", "-m", "unittest", "test_form", GREETING="Good day")
    assert (status, printed.splitlines()[-1]) == (0, "OK"), printed
    status, printed = installed.run(site, "python", "-m", "unittest", "test_form", GREETING="Good night")
    assert (status, printed.splitlines()[-1]) == (1, "FAILED (failures=1)"), printed


def test_a_suite_for_pytest_passes_and_a_failure_shows_the_log(installed: Installed, site: Path) -> None:
    words = ["python", "-m", "pytest", "-p", "no:cacheprovider", "-q", "test_pages.py"]
    status, printed = installed.run(site, *words)
    assert status == 0 and "2 passed" in printed, printed
    (site / "scripts/query").write_text("#!/bin/sh\necho 'no sense' >&2\n")
    status, printed = installed.run(site, *words)
    assert status == 1 and "2 failed" in printed, printed
    assert "Captured stderr teardown" in printed and "CGI script '/scripts/query' says: no sense\n" in printed


# Python 3.8 sends a signal to a process that is no child, too.
FORK = """
import os, urllib.request, cgi_server
with cgi_server.serve() as server:
    child = os.fork()
    if child == 0:
        server.close()
        os._exit(0)
    os.waitpid(child, 0)
    urllib.request.urlopen(server.url).close()
"""


@pytest.mark.parametrize("version", PYTHONS := pythons())
def test_each_python_starts_servers(installed: Installed, site: Path, version: str) -> None:
    words = PYTHONS[version], "-X", "dev", "-W", "error"
    environment = {"PYTHONPATH": str(installed.packages), "GREETING": "Good day"}
    status, printed = installed.run(site, *words, "-m", "unittest", "test_form", **environment)
    assert (status, printed.splitlines()[-1]) == (0, "OK"), printed
    assert installed.run(site, *words, "-c", FORK, **environment) == (0, "")
    serves_until_ctrl_c(installed.start(site, *words, "serve.py", "0", **environment))


@pytest.mark.skipif(shutil.which("objdump") is None, reason="package binutils is not installed")
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/bin/true", r'ci/wheel: "/bin/true" needs glibc 2\.\d+, but must run with 2\.31\n'),
        (PROGRAM, r'ci/wheel: ".*" needs the library libcpp-httplib\.so\S+, which not every machine has\n'),
    ],
)
def test_a_program_that_not_every_machine_can_start_is_refused(path: str, message: str) -> None:
    done = subprocess.run([CHECKOUT / "ci" / "wheel", "--check", path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(message, done.stderr)
