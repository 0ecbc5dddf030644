"""A reader who types the commands of a document, in a copy of the checkout."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cgi_conform.errors import UserError
from cgi_conform.paths import build
from cgi_conform.servers.definition import load_server
from documents import CHECKOUT

LONG = 120.0  # seconds after which a command hangs
BUILD = build() or CHECKOUT / "build"

MY_SERVER = """#!/bin/sh
# The reader's own server: takes the server.conf of init-server, or a port and a root.
if [ -f "$1" ]; then
  port=$(sed -n 's/^listen 127.0.0.1://p' "$1") root=$(sed -n 's/^root *"\\(.*\\)"/\\1/p' "$1")
  shift
else
  port=$1 root=$2
  shift 2
fi
PYTHONPATH={conformance} exec {python} -P -m faulty "$port" -d "$root" --cgi "$@"
"""


def reader_edits(folder: Path) -> None:
    """Does what a reader does with the files of init-server."""
    shutil.copy(folder.parent / "my-server", folder)
    text = (folder / "server.toml").read_text()
    assert text.count("# CHANGE") >= 4
    text = text.replace('version = ["{program}", "--version"]\n', "")
    (folder / "server.toml").write_text(text + '[profile.rfc3875]\narguments = ["--profile", "rfc3875"]\n')


def installed(name: str) -> str:
    """Returns a server that is installed here, as near to the named one as possible."""
    others = [f"cpython-3.{minor}" for minor in range(14, 5, -1)] if name.startswith("cpython-") else []
    for other in [name, *others]:
        try:
            if load_server(other).program is not None:
                return other
        except UserError:
            assert other != name, f'a document names server "{name}", which is not in conformance/servers'
    return "faulty"


class Reader:
    """A copy of the checkout, and the programs that a reader has there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "build" / "bin"
        folder.mkdir()
        for name in ("bench", "ci", "conformance", "fixtures", "server"):
            shutil.copytree(CHECKOUT / name, folder / name, symlinks=True)
        for path in folder.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)  # the checkout may be read-only
        self.bin.mkdir(parents=True)
        for path in BUILD.glob("*"):
            if path.name not in ("bin", "report", "Testing"):
                (folder / "build" / path.name).symlink_to(path)
        self._write_programs()
        (folder / "site").mkdir()
        (folder / "project").mkdir()
        (folder / "project" / "test_project.py").write_text("def test_of_the_project() -> None:\n    pass\n")

    def _write_programs(self) -> None:
        path = ":".join(f"{self.folder}/{name}" for name in ("conformance", "bench", "installed"))
        surroundings = f"PYTHONPATH={path} CGI_CONFORM_BUILD={self.folder}/build PYTHONNOUSERSITE=1 PYTHONSAFEPATH=1"
        modules = {"python": "", "cgi-conform": "-m cgi_conform", "cgi-bench-report": "-m cgi_bench_report",
                   "pytest": "-m pytest -p no:cacheprovider", "pip": "-I -m pip"}  # fmt: skip
        for name, words in modules.items():
            line = f'exec {sys.executable} {words} "$@"'
            (self.bin / name).write_text(f"#!/bin/sh\nexport {surroundings}\n{line}\n")
        text = MY_SERVER.replace("{conformance}", f"{self.folder}/conformance").replace("{python}", sys.executable)
        (self.folder / "my-server").write_text(text)
        done = [self.folder / "ci" / name for name in ("setup", "build")]
        for path in done:
            path.unlink()
            path.write_text("#!/bin/sh\n")
        for path in [*self.bin.iterdir(), self.folder / "my-server", *done]:
            path.chmod(0o755)

    def start(self, text: str) -> "subprocess.Popen[str]":
        path = f"{self.bin}:{self.folder}/build/server:{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        environment |= {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        environment |= {name: os.environ[name] for name in ("TMPDIR",) if name in os.environ}
        return subprocess.Popen(
            ["bash", "-c", text],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, text: str) -> tuple[int, str]:
        """Returns the exit status of a command and what it printed."""
        with self.start(text) as process:
            try:
                printed, _ = process.communicate("", LONG)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGTERM)
                raise
        return process.returncode, printed

    @contextmanager
    def running(self, text: str, first: str) -> Iterator[str]:
        """Starts a command that runs until Ctrl-C; gives what it printed up to the line that matches `first`."""
        with self.start(f"exec {text}") as process:
            try:
                assert process.stdout is not None
                printed = ""
                for line in process.stdout:
                    printed += line
                    if re.search(first, line):
                        break
                else:
                    raise AssertionError(f"{text} ended:\n{printed}")
                yield printed
            finally:
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=LONG)
        assert process.returncode == 0, f"{text} ended with {process.returncode} by Ctrl-C"
