"""The runner writes nothing outside its temporary folder and --report: it works if all else is read-only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cgi_conform.paths import REPO
from sick_run import BOUND, SERVER

# Makes every mount read-only except those of the kernel, the two folders and /dev, and then runs the command.
READ_ONLY = """
set -eu
temporary=$1 report=$2
shift 2
mount --make-rprivate /
for folder in "$temporary" "$report"; do mount --bind "$folder" "$folder"; done
awk '{ print $2 }' /proc/self/mounts | sort -u | while read -r place; do
  case $place in "$temporary" | "$report" | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) continue ;; esac
  mount -o remount,bind,ro "$place"
done
if touch "$temporary/../written" 2>/dev/null; then echo "still writable"; exit 78; fi
exec "$@"
"""


def read_only(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command for which all is read-only but folder/tmp, its TMPDIR, and folder/report."""
    places = [folder / "tmp", folder / "report"]
    for place in places:
        place.mkdir()
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": f"{REPO}/conformance", "TMPDIR": str(places[0]), "HOME": str(folder),
    }  # fmt: skip
    words = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", *map(str, places), *command]
    return subprocess.run(words, env=environment, cwd="/", capture_output=True, text=True, timeout=BOUND)


def why_not() -> str:
    """Returns the reason why this machine cannot make everything read-only for a command, or ""."""
    if os.geteuid() != 0:
        return "needs root: only root may make a mount namespace"
    try:
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", "mount --make-rprivate / && mount --bind /tmp /tmp"], capture_output=True, text=True
        )
    except OSError as error:
        return f"cannot run unshare: {error.strerror}"
    return f"cannot make a mount namespace: {done.stderr.strip()}" if done.returncode else ""


@pytest.mark.long
@pytest.mark.parametrize(("illness", "status"), [("healthy", 0), ("closes-at-random", 1), ("dies", 3)])
def test_a_run_works_if_all_but_its_temporary_folder_is_read_only(illness: str, status: int, temporary: Path) -> None:
    if reason := why_not():
        pytest.skip(reason)
    report, tmp = temporary / "report", temporary / "tmp"
    server = f"--command={sys.executable} -B {SERVER} {illness} {{port}} {{root}}"
    words = ["run", "static/big-file", "mapping/dot", "routing/cgi-bin", "process/no-zombies", "-j", "2", server]
    done = read_only(temporary, sys.executable, "-m", "cgi_conform", *words, "--report", str(report))
    written, left = sorted(path.name for path in report.iterdir()), list(tmp.iterdir())
    for path in report.iterdir():
        path.unlink()
    report.rmdir()
    tmp.rmdir()
    assert (done.returncode, left) == (status, []), done.stdout + done.stderr
    assert "Traceback" not in done.stderr and {"index.html", "junit.xml", "results.json"} <= set(written)
