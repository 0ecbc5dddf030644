"""`cmake --install`: the files that it lays out, and a program that is built on the installed package."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import cgi_conform
from cgi_conform.cases.docroot import remove
from cgi_conform.paths import REPO, build

assert REPO is not None
BUILD = build() or REPO / "build"
EXAMPLE = REPO / "server" / "example"
pytestmark = [
    pytest.mark.skipif(shutil.which("cmake") is None, reason="package cmake is not installed"),
    pytest.mark.skipif(not (BUILD / "server/libcgi-server.a").exists(), reason="cgi-server is not built (ci/build --tests)"),
    pytest.mark.xdist_group("installed"),  # one worker: the fixture installs for all
]


def run(*words: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([*map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yields the folder that everything is installed in."""
    folder = tmp_path_factory.mktemp("installed")
    for component in ("server", "dev", "conform", *(["bench"] if (BUILD / "bench/cgi-bench").exists() else [])):
        run("cmake", "--install", BUILD, "--prefix", folder, "--component", component)
    yield folder
    remove(folder)


@pytest.fixture(scope="module")
def example(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the example program, built on what is installed and not on the checkout."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder / "source")
    run("cmake", "-S", folder / "source", "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", folder)
    return folder / "example"


@pytest.mark.long
def test_the_example_has_15_lines_and_serves_the_current_folder(example: Path, temporary: Path) -> None:
    assert (EXAMPLE / "main.cc").read_text().count("\n") == 15
    site = temporary / "site"  # user nobody can enter it
    for folder in ("scripts", "htbin"):  # the example names scripts/ as a CGI directory, but not htbin/
        (site / folder).mkdir(parents=True)
        (site / folder / "hello").write_text("#!/bin/sh\necho\necho 'it ran'\n")
        (site / folder / "hello").chmod(0o755)
    with subprocess.Popen([example, "0"], cwd=site, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            found = re.fullmatch(r"Serving HTTP on 127\.0\.0\.1 port (\d+) \.\.\.\n", server.stdout.readline())
            assert found is not None
            for folder, answer in (("scripts", b"it ran\n"), ("htbin", (site / "htbin/hello").read_bytes())):
                with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/{folder}/hello", timeout=60) as response:
                    assert response.read() == answer
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=60) == 0
        finally:
            server.kill()
            remove(site)


@pytest.mark.long
def test_a_setting_that_cannot_be_is_refused_by_name(example: Path) -> None:
    source = example.parent / "source" / "main.cc"
    changed = source.read_text().replace('"/scripts"}', '"scripts/"}')
    source.write_text(changed)
    run("cmake", "--build", example.parent)
    done = subprocess.run([example, "0"], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "--cgi-directory \"scripts/\" does not begin with '/'" in done.stderr


def files(top: Path) -> dict[str, tuple[bytes, int]]:
    """Returns the octets and the executable bits of each file below a folder. Follows links to folders."""
    walk = [Path(folder, name) for folder, _, names in os.walk(top, followlinks=True) for name in names]
    return {
        path.relative_to(top).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o111)
        for path in walk
        if "__pycache__" not in path.parts
    }


def test_the_installed_package_is_that_of_the_checkout(prefix: Path) -> None:
    ours = files(Path(cgi_conform.__file__).parent)
    theirs = files(prefix / "lib/python3/dist-packages/cgi_conform")
    assert [name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)] == []


def test_the_installed_programs_run(prefix: Path, tmp_path: Path) -> None:
    program = [sys.executable, str(prefix / "bin/cgi-conform")]
    assert run(*program, "--version") == f"cgi-conform {cgi_conform.__version__}\n"
    server = f"{prefix}/bin/cgi-server {{port}} -d {{root}}"
    said = run(*program, "run", "post/plain-file", "--command", server, "--report", tmp_path / "report", cwd=tmp_path)
    assert "conforms\n" in said.splitlines(keepends=True)
    if (prefix / "bin/cgi-bench").exists():
        run(prefix / "bin/cgi-bench", "--lay-out", tmp_path / "site")
        assert os.access(tmp_path / "site/cgi-bin/hello-static", os.X_OK)
        assert "--report" in run(sys.executable, prefix / "bin/cgi-bench-report", "--help")


def test_the_unit_of_systemd_starts_the_program_that_is_installed(prefix: Path) -> None:
    where = re.search("^CMAKE_INSTALL_PREFIX:PATH=(.+)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)
    assert where is not None
    unit = (EXAMPLE.parent / "cgi-server.service").read_text().replace("/usr/bin", f"{where[1]}/bin")
    assert (prefix / "lib/systemd/system/cgi-server.service").read_text() == unit
