"""The end of a command: every process that it started must be ended, and its report must be written."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cgi_conform import processes

from case_files import case, corpus
from test_incomplete import command, wait_for_silence
from toy_server import SERVER, toy
from whole_run import SERVE, begun, command_of, environment, get, has_ended

# The daemon goes on once its parent has ended.
DAEMON = """
import os
ready, tell = os.pipe()
gone, alive = os.pipe()
if os.fork():
    os.read(ready, 1)
    os._exit(0)
os.setsid()
open(os.environ["PIDS"], "a").write(f"{os.getpid()} ")
os.write(tell, b"!")
os.close(alive)
os.read(gone, 1)
"""
LISTENING = DAEMON.replace("import os\n", 'import os, socket, sys\nlistener = socket.create_server(("127.0.0.1", int(sys.argv[1])))\n')


def daemon(folder: Path, text: str) -> tuple[str, Path]:
    """Writes a server that leaves its session. Returns its definition and the file with its process ids."""
    pids = folder / "pids"
    (folder / "server.py").write_text(text)
    (folder / "server.toml").write_text(
        f'title = "Mine"\nprogram = ["{sys.executable}"]\nprofiles = ["cgihttpserver"]\n'
        f'command = ["{{program}}", "{{here}}/server.py", "{{port}}"]\nenvironment.PIDS = "{pids}"\n'
    )
    return f"{folder}/", pids


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LISTENING + "while True: listener.accept()", id="listens"),
        pytest.param(DAEMON + "import signal\nsignal.pause()", id="does not listen"),
        pytest.param(
            LISTENING + "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: listener.accept()",
            id="ignores SIGTERM",
        ),
    ],
)
@pytest.mark.parametrize("words", [["run", "-j", "3"], ["replay", "a/b"], ["serve"]], ids=lambda words: str(words[0]))
def test_a_server_that_becomes_a_daemon_is_killed_and_exits_with_3(
    tmp_path: Path, temporary: Path, words: list[str], text: str
) -> None:
    corpus(tmp_path, case("a/b"))
    server, pids = daemon(tmp_path, text)
    with begun(tmp_path, temporary, *words, "--server", server) as process:
        _, err = process.communicate(timeout=120)
    assert process.returncode == 3 and "it must stay in the foreground" in err
    found = [int(word) for word in pids.read_text().split()]
    left = [pid for pid in found if not has_ended(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert found and not left


def test_children_that_the_command_did_not_start_are_not_killed(tmp_path: Path) -> None:
    """A shell that execs the command leaves its jobs to the command as children."""
    corpus(tmp_path, case("a/b"))
    job = f"{sys.executable} -c 'import os; os.setpgid(0, 0); print(os.getpid(), flush=True); os.read(0, 1)'"
    text = f"exec 3<&0; {job} <&3 & exec {sys.executable} -m cgi_conform list"
    with subprocess.Popen(
        ["sh", "-c", text], env=environment(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as shell:
        assert shell.stdout is not None and shell.stdin is not None
        assert shell.wait(60) == 0
        pid = next(int(line) for line in shell.stdout if line.strip().isdecimal())
        assert not has_ended(pid)
        shell.stdin.close()


@pytest.mark.usefixtures("hangup")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("words", [["replay", "a/b"], ["diff"], ["bisect"]], ids=lambda words: str(words[0]))
def test_a_signal_ends_the_command_and_its_server(
    tmp_path: Path, temporary: Path, number: int, words: list[str]
) -> None:
    corpus(tmp_path, case("a/b", more=get("/silence")))
    (tmp_path / "levels.toml").write_text('[[level]]\nname = "all"\nabout = "everything"\nadds = ["*"]\n')
    server = command_of(tmp_path)
    told = [server.removeprefix("--command=")] * 2 if words == ["diff"] else [server]
    with begun(tmp_path, temporary, *words, *told, "--timeout", "600") as process:
        wait_for_silence(process, temporary, 1)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.startswith("cgi-conform: interrupted") and err.count("\n") == 1


def test_a_killed_run_takes_its_workers_and_servers_along(tmp_path: Path, temporary: Path) -> None:
    corpus(tmp_path, *(case(f"a/{name}", more=get("/silence")) for name in range(2)))
    with begun(tmp_path, temporary, "run", command_of(tmp_path), "-j", "2", "--timeout", "600") as process:
        wait_for_silence(process, temporary, 2)
        started = [pid for pid in processes.below(process.pid) if pid != process.pid]
        process.kill()
        left = [pid for pid in started if not has_ended(pid, within=20)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    for folder in temporary.iterdir():  # the killed run could not remove them
        shutil.rmtree(folder)
    assert len(started) >= 4 and not left


@pytest.mark.long
@pytest.mark.usefixtures("hangup")
def test_a_run_that_gets_sighup_twice_writes_its_report(tmp_path: Path, temporary: Path) -> None:
    """A terminal that closes and its shell may each send SIGHUP."""
    corpus(tmp_path, case("a/b", more=get("/silence")))
    told = tmp_path / "told"
    lasting = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: open(sys.argv[2], 'w').write('x'))\n"
    words = ["run", "--report", f"{tmp_path}/report", "--timeout", "600", command(tmp_path, lasting + SERVE, str(told))]
    with begun(tmp_path, temporary, *words) as process:
        wait_for_silence(process, temporary, 1)
        process.send_signal(signal.SIGHUP)
        while not told.exists():  # waits until the server has got SIGTERM, which it ignores
            assert process.poll() is None
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads((tmp_path / "report" / "results.json").read_text())["incomplete"] == "interrupted"


@pytest.mark.usefixtures("hangup")
def test_a_run_whose_terminal_closes_writes_its_report(tmp_path: Path, temporary: Path) -> None:
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


def test_a_run_under_nohup_keeps_ignoring_sighup(tmp_path: Path, temporary: Path) -> None:
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
def test_a_signal_ends_prove_and_its_server(tmp_path: Path, temporary: Path, number: int) -> None:
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
    assert has_ended(int(told.read_text()))
