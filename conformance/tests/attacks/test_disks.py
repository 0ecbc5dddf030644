"""Disks that are full or closed to the server, roots and files that are replaced, and a log that is not read.

Mounts are made in a mount namespace of the server: no other process sees them, and they end with the server.
"""

import ctypes
import os
import re
import select
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from meanwhile import meanwhile
from test_cgi_server import IS_ROOT, PROGRAM, Started
from under_attack import COUNT, SOUND, Attack, await_line, get, responses_to, upload, write_script
from vitals import MB

RENAME_EXCHANGE = 2
AT_FDCWD = -100
LINES = 250_000  # of a large file
SWAPPED = 2.0  # seconds of swapping


def with_mounts(*mounts: str) -> Sequence[object]:
    """Returns the beginning of a command line that runs the server where these commands have mounted something."""
    if not IS_ROOT:
        pytest.skip("needs root to mount")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine gives no mount namespace")
    return ["unshare", "--mount", "sh", "-c", " && ".join([*mounts, 'exec "$0" "$@"']), PROGRAM]


def free_in(directory: str) -> int:
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize


def test_a_full_disk_for_stored_bodies(attack: Attack, tmp_path: Path) -> None:
    write_script(attack.root, "count", COUNT)
    program = with_mounts(f"mount -t tmpfs -o size=1m tmpfs {tmp_path}", f"export TMPDIR={tmp_path}")
    attack.log = attack.root / "log"
    with attack.on("-p", "HTTP/1.1", program=program) as server:
        disk = f"/proc/{server.process.pid}/root{tmp_path}"
        free = free_in(disk)
        with attack.watched(server):
            answers = [responses_to(server, upload(2_000_000)) for _ in range(20)]
        statuses = [response.status for responses in answers for response in responses]
        assert statuses == [503] * 20
        attack.figure("answers 503 to uploads of 2 MB", len(statuses), "")
        [response] = responses_to(server, upload(500_000))
        assert response.body.split() == [b"500000"]
        attack.figure("room not given back", (free - free_in(disk)) / MB, "MB", 0)
        attack.figure("files left", len(os.listdir(disk)), "", 0)


def test_a_full_disk_for_the_log(attack: Attack, tmp_path: Path) -> None:
    program = with_mounts(f"mount -t tmpfs -o size=256k tmpfs {tmp_path}")
    requests = 5000
    with attack.on(program=program) as server:
        disk = Path(f"/proc/{server.process.pid}/root{tmp_path}")
        with attack.watched(server):
            for number in range(requests):
                assert get(server, f"/hello.txt?{number}") == SOUND["/hello.txt"]
        assert free_in(str(disk)) == 0
        os.truncate(disk / "log", 0)
        await_line(server, disk / "log")
        attack.figure("answers while the disk is full", requests, "")


def test_a_device_that_takes_no_log(attack: Attack) -> None:
    attack.log = Path("/dev/full")
    with attack.on() as server, attack.watched(server):
        for _ in range(1000):
            assert get(server, "/hello.txt") == SOUND["/hello.txt"]
        attack.figure("answers without a log", 1000, "")


def test_a_log_reader_that_stops(attack: Attack, tmp_path: Path) -> None:
    attack.log = tmp_path / "fifo"
    os.mkfifo(attack.log)
    with os.fdopen(os.open(attack.log, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader, attack.on(peak=8) as server:
        os.set_blocking(reader.fileno(), True)
        lines_until(reader, b"/first", server)
        requests = 6000
        for _ in range(requests):
            assert get(server, "/hello.txt?" + "x" * 1000) == SOUND["/hello.txt"]
        lines = lines_until(reader, b"/last", server)
        written = sum(b"?xxx" in line for line in lines)
        lost = sum(int(found[1]) for line in lines if (found := re.search(rb"(\d+) lines of the log are lost", line)))
        attack.figure(f"lines lost and counted, of {requests}", lost, "")
        assert lost > 0 and written + lost == requests


def lines_until(log: BinaryIO, target: bytes, server: Started) -> list[bytes]:
    """Sends a request for `target`, and reads the log up to its line. A full log loses this line: it sends again."""
    lines: list[bytes] = []
    while not lines or target not in lines[-1]:
        if not select.select([log], [], [], 0.1)[0]:
            get(server, target.decode())
        lines.append(log.readline())
    return lines


def test_a_removed_root(attack: Attack) -> None:
    gone = dict.fromkeys([*SOUND, "/cgi-bin/", "/none"], 404)
    root = attack.root
    with attack.on(sound={}) as server:
        shutil.rmtree(root)
        assert {target: get(server, target)[0] for target in gone} == gone
        root.mkdir()
        (root / "cgi-bin").mkdir()
        (root / "hello.txt").write_text("another\n")
        write_script(root, "sound", "echo; echo another")
        assert {target: get(server, target)[0] for target in gone} == gone
        attack.figure("answers 404", 2 * len(gone), "")


def test_a_root_on_a_disk_that_is_read_only(attack: Attack) -> None:
    write_script(attack.root, "write", "echo; echo x >new && echo written")
    with attack.on(program=on_disk_with("ro", attack.root)) as server, attack.watched(server):
        assert b"written" not in get(server, "/cgi-bin/write")[1]


def test_a_root_on_a_disk_without_execution(attack: Attack) -> None:
    """The interpreter could read the script, but the system executes no file of this disk."""
    write_script(attack.root, "script", "echo; echo ran")
    with attack.running(program=on_disk_with("noexec", attack.root)) as server:
        assert get(server, "/hello.txt") == SOUND["/hello.txt"]
        status, content = get(server, "/cgi-bin/script")
        attack.figure("status of a script", status, "")
        assert status == 403 and b"ran" not in content


def on_disk_with(option: str, root: Path) -> Sequence[object]:
    return with_mounts(f"mount --bind {root} {root}", f"mount -o remount,bind,{option} {root}")


@contextmanager
def swapping(one: Path, other: Path, attack: Attack, figure: str) -> Iterator[None]:
    """Exchanges two files or directories about 1,000 times a second meanwhile. At the end each is where it was."""
    libc = ctypes.CDLL(None, use_errno=True)

    def swap(over: threading.Event) -> int:
        count = 0
        while count % 2 or not over.is_set():
            failed = libc.renameat2(AT_FDCWD, bytes(one), AT_FDCWD, bytes(other), RENAME_EXCHANGE)
            assert not failed, os.strerror(ctypes.get_errno())
            count += 1
            over.wait(0.001)
        return count

    with meanwhile(swap) as swaps:
        yield
    attack.figure(figure, swaps.result(), "")


def prepare_two(attack: Attack) -> tuple[Path, dict[bytes, str]]:
    """Fills the root, and another directory beside it. Returns that and the name of each content."""
    other = attack.root / "other"
    (other / "cgi-bin").mkdir(parents=True)
    for root, name in ((attack.root, "old"), (other, "new")):
        (root / "small").write_text(f"{name}\n")
        (root / "large").write_text(f"{name}\n" * LINES)
        write_script(root, "script", f"printf 'Content-Type: text/plain\\n\\n'; echo {name}")
    return other, {name * count: name.decode().strip() for name in (b"old\n", b"new\n") for count in (1, LINES)}


def note_answers(attack: Attack, server: Started, target: str, contents: dict[bytes, str], allowed: set[str]) -> None:
    """Asks for a target again and again. Each answer must be an allowed content, or have an allowed status."""
    found: Counter[str] = Counter()
    until = time.monotonic() + SWAPPED
    while time.monotonic() < until:
        status, content = get(server, target)
        found[contents.get(content, f"a mix: {content[:40]!r}") if status == 200 else str(status)] += 1
    for name, count in sorted(found.items()):
        attack.figure(f"answers {name} to {target}, of {sum(found.values())}", count, "")
    assert set(found) <= allowed


def test_files_that_are_swapped(attack: Attack) -> None:
    other, contents = prepare_two(attack)
    with attack.on("--profile", "rfc3875") as server:
        for name in ("small", "large", "cgi-bin/script"):
            with swapping(attack.root / name, other / name, attack, f"exchanges of {name}"):
                note_answers(attack, server, f"/{name}", contents, {"old", "new", "404"})


def test_files_that_are_swapped_for_links_out_of_the_root(attack: Attack, tmp_path: Path) -> None:
    """A link never leads to a file. The interpreter of a script opens its name again after the last check."""
    other, contents = prepare_two(attack)
    shutil.move(other, outside := attack.root.with_name(attack.root.name + "-outside"))
    try:
        with attack.on("--profile", "rfc3875") as server:
            for name in ("small", "large", "cgi-bin/script"):
                (link := outside / "link").symlink_to(outside / name)
                allowed = {"old", "403", "404"} | ({"new"} if name == "cgi-bin/script" else set())
                with swapping(attack.root / name, link, attack, f"exchanges of {name}"):
                    note_answers(attack, server, f"/{name}", contents, allowed)
                link.unlink()
    finally:
        shutil.rmtree(outside)


def test_a_root_that_is_swapped(attack: Attack) -> None:
    """The old root stays. The interpreter of a script opens its name again after the last check."""
    other, contents = prepare_two(attack)
    shutil.move(other, outside := attack.root.with_name(attack.root.name + "-other"))
    outside.chmod(0o755)
    try:
        with attack.on("--profile", "rfc3875") as server:
            with swapping(attack.root, outside, attack, "exchanges"):
                note_answers(attack, server, "/small", contents, {"old"})
                note_answers(attack, server, "/large", contents, {"old"})
                note_answers(attack, server, "/cgi-bin/script", contents, {"old", "new", "404"})
    finally:
        shutil.rmtree(outside)
