"""cgi-server --demo: what it leaves behind, and its scripts in each shell. test_demo_pages.py clicks through the site."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cgi_conform.cases.docroot import reachable_tmp
from documents import CHECKOUT
from test_cgi_server import LONG, PROGRAM, launched

SCRIPTS = CHECKOUT / "server/demo/cgi-bin"
MARKUP = "\"><script>alert(1)</script>&'"
IN_QUERY = "%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E%26%27"
ESCAPED = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;"

needs_server = pytest.mark.skipif(not PROGRAM.exists(), reason="cgi-server is not built (ci/build)")


@contextmanager
def demo_place() -> Iterator[Path]:
    """Yields a folder for a demo, which scripts can enter. Fails if it is not empty at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cgi-server-", dir=reachable_tmp()))
    folder.chmod(0o755)
    try:
        yield folder
        assert list(folder.iterdir()) == []
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yields the folder that is TMPDIR of the server."""
    with demo_place() as folder:
        monkeypatch.setenv("TMPDIR", str(folder))
        yield folder


@needs_server
@pytest.mark.usefixtures("hangup")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_is_removed_at_the_end(place: Path, number: signal.Signals) -> None:
    with launched(PROGRAM, "0", "--demo") as server:
        assert len(list(place.iterdir())) == 1
        assert b"<h1>" in server.get("/")
        assert server.end(number)[0] == 0
    assert list(place.iterdir()) == []


@needs_server
def test_the_demo_is_removed_if_the_server_does_not_start(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run([PROGRAM, str(taken.getsockname()[1]), "--demo"], capture_output=True, timeout=LONG)
    assert done.returncode == 1 and b"is in use" in done.stderr
    assert list(place.iterdir()) == []


@needs_server
def test_a_demo_that_cannot_be_unpacked_ends_the_server_with_a_message(place: Path) -> None:
    environment = {**os.environ, "TMPDIR": f"{place}/none"}
    done = subprocess.run([PROGRAM, "0", "--demo"], capture_output=True, text=True, timeout=LONG, env=environment)
    told = f'cannot unpack the demo into "{place}/none": No such file or directory (try: TMPDIR=/var/tmp)'
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, f"cgi-server: {told}")


@pytest.mark.long
@needs_server
def test_the_source_of_a_script_is_on_the_page_only(place: Path) -> None:
    with launched(PROGRAM, "0", "--demo") as server:
        for script in sorted(SCRIPTS.iterdir()):
            answer = server.get(f"/cgi-bin/{script.name}")
            assert (b"#!/bin/sh" in answer, b" 403 " in answer) == (False, script.name == "locked"), script.name
        assert server.end()[0] == 0


@pytest.fixture(params=["dash", "bash", "busybox"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """Returns the command of a shell. That of busybox finds the programs of busybox first; Debian's has no cksum."""
    name = request.param
    if shutil.which(name) is None:
        pytest.skip(f"package {name} is not installed")
    if name == "busybox":
        subprocess.run(["busybox", "--install", "-s", tmp_path], check=True)
        return ["env", f"PATH={tmp_path}:{os.environ['PATH']}", "sh"]
    return [name]


def run(shell: list[str], name: str, body: bytes = b"", **variables: str) -> bytes:
    """Returns what a script prints."""
    method = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body))} if body else {"REQUEST_METHOD": "GET"}
    environment = {"PATH": os.environ["PATH"], **method, **variables}
    script = SCRIPTS / name
    done = subprocess.run([*shell, script], input=body, env=environment, capture_output=True, timeout=LONG, check=True)
    assert done.stderr == b""
    return done.stdout


def test_form_shows_what_was_sent_and_never_as_markup(shell: list[str]) -> None:
    sent = f"name=A+b%2bc%20d%C3%A9{IN_QUERY}&other=1"
    for answer in (run(shell, "form", QUERY_STRING=sent), run(shell, "form", sent.encode())):
        assert f'value="A b+c dé{ESCAPED}"' in answer.decode()
        assert f"Hello, A b+c dé{ESCAPED}!" in answer.decode()
        assert b"<script" not in answer
    raw = run(shell, "form", f"name={MARKUP}".encode())
    assert ESCAPED.split("&amp;")[0].encode() in raw and b"<script" not in raw
    assert b"Hello" not in run(shell, "form")


def test_form_reads_no_more_than_its_limit(shell: list[str]) -> None:
    answer = run(shell, "form", b"name=" + b"x" * 20_000)
    assert answer.count(b"x" * 9_995) == 3 and b"x" * 9_996 not in answer


def uploaded(content: bytes, name: str = "a b.bin", boundary: str = "----x") -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    return f"{head}Content-Type: x/y\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()


def cksum(content: bytes) -> str:
    done = subprocess.run(["cksum"], input=content, capture_output=True, check=True)
    return done.stdout.decode().split()[0]


CONTENTS = {"empty": b"", "text": b"text\n", "binary": bytes(range(256)) * 300, "boundary": b"\r\n------x--\r\n"}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_upload_tells_size_and_checksum_of_any_file(shell: list[str], content: bytes) -> None:
    told = f"name   a b.bin\nsize   {len(content)} octets\ncksum  {cksum(content)}\n"
    answer = run(shell, "upload", uploaded(content)).decode()
    assert answer.endswith(f"\n\n{told}") and answer.startswith("Content-Type: text/plain;")


def test_upload_shows_a_name_as_plain_text_and_refuses_other_bodies(shell: list[str]) -> None:
    answer = run(shell, "upload", uploaded(b"x", "<script>é")).decode()
    assert "name   <script>é\n" in answer and "X-Content-Type-Options: nosniff\n\n" in answer
    for body in (b"x", b"a=b&c=d", b"--x\r\n\r\n"):
        assert b"This body holds no file." in run(shell, "upload", body)


def test_image_takes_a_digit_only(shell: list[str]) -> None:
    assert run(shell, "image", QUERY_STRING="9").count(b"<ellipse ") == 9
    for query in ("", "1", "10", "<script>"):
        answer = run(shell, "image", QUERY_STRING=query)
        assert answer.count(b"<ellipse ") == 7 and b"<script" not in answer


def test_environment_and_redirect_print_what_they_say(shell: list[str]) -> None:
    assert b"\nQUERY_STRING=<a>\n" in run(shell, "environment", QUERY_STRING="<a>")
    assert run(shell, "redirect").startswith(b"Status: 303 See Other\nLocation: /landed.html\n")
    assert run(shell, "redirect", QUERY_STRING="local").startswith(b"Location: /landed.html\n")
