"""However a command ends, nothing that it has started is left behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from case_files import case, corpus
from cgi_conform import processes
from test_incomplete import command, wait_for_silence
from toy_server import SERVER, toy
from whole_run import SERVE, command_of, environment, get


def begun(folder: Path, temporary: Path, *words: str) -> subprocess.Popen[str]:
    here = environment(folder, {"TMPDIR": str(temporary)})
    told = [sys.executable, "-m", "cgi_conform", *words]
    return subprocess.Popen(told, env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_gone(pid: int) -> bool:
    return processes.stat(pid)[:1] in ([], [b"Z"])


@pytest.mark.usefixtures("hangup")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("words", [["replay", "a/b"], ["diff"], ["bisect"]], ids=lambda words: str(words[0]))
def test_a_signal_ends_the_command_and_its_server(
    tmp_path: Path, temporary: Path, number: int, words: list[str]
) -> None:
    corpus(tmp_path, case("a/b", more=get("/silence")))
    (tmp_path / "levels.toml").write_text('[[level]]\nname = "all"\nabout = "everything"\nadds = ["*"]\n')
    server = command_of(tmp_path)
    told = [server.removeprefix("--command="), "none.json"] if words == ["diff"] else [server]
    with begun(tmp_path, temporary, *words, *told, "--timeout", "600") as process:
        wait_for_silence(process, temporary, 1)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.startswith("cgi-conform: interrupted") and err.count("\n") == 1


@pytest.mark.usefixtures("hangup")
def test_two_hangups_leave_a_report(tmp_path: Path, temporary: Path) -> None:
    """A shell that ends and the terminal that it had may each send one."""
    corpus(tmp_path, case("a/b", more=get("/silence")))
    told = tmp_path / "told"
    lasting = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: open(sys.argv[2], 'w').write('x'))\n"
    words = ["run", "--report", f"{tmp_path}/report", "--timeout", "600", command(tmp_path, lasting + SERVE, str(told))]
    with begun(tmp_path, temporary, *words) as process:
        wait_for_silence(process, temporary, 1)
        process.send_signal(signal.SIGHUP)
        while not told.exists():  # the server has been told to end, and takes its time
            assert process.poll() is None
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads((tmp_path / "report" / "results.json").read_text())["incomplete"] == "interrupted"


@pytest.mark.usefixtures("hangup")
def test_a_hangup_of_the_terminal_leaves_a_report(tmp_path: Path, temporary: Path) -> None:
    corpus(tmp_path, case("a/0"), case("a/b", more=get("/silence")))
    ours, theirs = os.openpty()
    words = ["run", "--report", f"{tmp_path}/report", "--timeout", "600", command_of(tmp_path), "-j", "1"]
    with subprocess.Popen(
        [sys.executable, "-c", "import fcntl, os, sys, termios\nfcntl.ioctl(0, termios.TIOCSCTTY, 0)\nos.execv(sys.executable, sys.argv[1:])",
         sys.executable, "-m", "cgi_conform", *words],
        env=environment(tmp_path, {"TMPDIR": str(temporary)}),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, text=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        wait_for_silence(process, temporary, 1)
        os.close(ours)
        assert process.wait(60) == 130
    assert json.loads((tmp_path / "report" / "results.json").read_text())["totals"]["pass"] == 1


def test_a_hangup_that_is_ignored_stays_ignored(tmp_path: Path, temporary: Path) -> None:
    corpus(tmp_path, case("a/b", more=get("/silence")))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = begun(tmp_path, temporary, "run", command_of(tmp_path), "--timeout", "600")
    finally:
        signal.signal(signal.SIGHUP, before)
    with process:
        wait_for_silence(process, temporary, 1)
        status = Path(f"/proc/{process.pid}/status").read_text()
        [ignored] = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigIgn:")]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert ignored & 1 << signal.SIGHUP - 1


@pytest.mark.usefixtures("hangup")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_proof(tmp_path: Path, temporary: Path, number: int) -> None:
    corpus(tmp_path, case("a/b", more=get("/stubborn")))
    told = tmp_path / "told"
    text = f"    status = status\n    open({str(told)!r}, 'w').write(str(os.getpid()))\n    while True: signal.pause()\n"
    server = SERVER.replace("import os,", "import os, signal,", 1)
    folder = toy(tmp_path / "mine", "file-missing", server=server.replace("    status = status\n", text))
    with begun(tmp_path, temporary, "prove", "--server", f"{folder}/", "-j", "1") as process:
        while not (told.exists() and told.read_text()):
            assert process.poll() is None, process.communicate()
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "cgi-conform: interrupted\n")
    assert is_gone(int(told.read_text()))
