"""Runs `python -m cgi_conform` as a user does, on a small corpus and a simple server."""

import os
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cgi_conform.paths import REPO

CONFORMANCE = REPO / "conformance"
SERVE = r"""
import os, socket, subprocess, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
texts = {b"/hello.txt": b"hello static\n", b"/env": os.environb.get(b"A", b"none")}
while True:
    client = listener.accept()[0]
    request = b""
    while b"\r\n\r\n" not in request and (more := client.recv(100)):
        request += more
    path = (request.split() + [b"", b""])[1]
    if path:  # no path: the suite only checked whether the server listens; a log line might go to another case
        print("asked for", path.decode("latin-1"), file=sys.stderr, flush=True)
    if path == b"/die":
        print("one last word", file=sys.stderr, flush=True)
        os._exit(3)
    if path == b"/write":
        open("written", "w").close()
    texts[b"/write"] = b"written: %d" % os.path.exists("written")
    texts[b"/there"] = texts[b"/write"]
    if path == b"/silence":
        client.recv(1)
    elif path == b"/stay":  # waits for a script that does not end, and answers no other request
        with subprocess.Popen(["sleep", "600"]) as script:
            client.sendall(b"HTTP/1.0 200 OK\r\n\r\npid=%d\n" % script.pid)
    elif path != b"/close" and path:
        status = b"200 OK" if path in texts else b"404 Not Found"
        client.sendall(b"HTTP/1.0 " + status + b"\r\n\r\n" + texts.get(path, b"no"))
    client.close()
    if path == b"/die-after":
        os._exit(3)
"""


def get(path: str) -> str:
    return f"send = 'GET {path} HTTP/1.0\\r\\n\\r\\n'"


def environment(fixtures: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    here = {"PYTHONPATH": str(CONFORMANCE), "CGI_CONFORM_FIXTURES": str(fixtures), "PYTHONDONTWRITEBYTECODE": "1"}
    return {"PATH": os.environ["PATH"], **here, **(more or {})}


def cgi_conform(fixtures: Path, *words: str, cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cgi_conform", *words]
    return subprocess.run(command, env=environment(fixtures), cwd=cwd, capture_output=True, text=True, timeout=120)


def begun(fixtures: Path, temporary: Path, *words: str) -> subprocess.Popen[str]:
    """Starts a command whose temporary files go into the folder `temporary`."""
    command = [sys.executable, "-m", "cgi_conform", *words]
    here = environment(fixtures, {"TMPDIR": str(temporary)})
    return subprocess.Popen(command, env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def has_ended(pid: int, within: float = 0) -> bool:
    """Returns whether a process has ended, and waits for its end up to `within` seconds. It may be a zombie."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], within)[0])
    finally:
        os.close(process)


def command_of(folder: Path) -> str:
    script = folder / "serve.py"
    script.write_text(SERVE)
    return f"--command={sys.executable} {script} {{port}}"
