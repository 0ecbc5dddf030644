"""server/MOVING.md: the command lines of its table serve the same, and its recipe for nginx shows scripts the client."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cgi_conform.servers.definition import load_server
from cgi_conform.servers.ports import free_port
from documents import read
from scripted import read_until
from test_cgi_server import LONG, PROGRAM, root

__all__ = ["root"]  # a fixture
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="cgi-server is not built (ci/build)")
GUIDE = read("server/MOVING.md")
ROWS = re.findall(r"^\| `(python[23] .*?)` \| `(cgi-server .*?)` \|$", GUIDE, re.MULTILINE)
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")  # not on the PATH of every user
RECIPES = re.findall(r"^```\n(server \{\n.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
SCRIPT = "#!/bin/sh\necho Content-Type: text/plain\necho\necho $REQUEST_METHOD $QUERY_STRING\nenv | grep -i 'forw\\|real'\n"
CLAIMS = ["Forwarded: for=192.0.2.66", "X-Forwarded-For: 192.0.2.66", "X-Forwarded-Host: evil.example",
          "X-Forwarded-Proto: gopher", "X-Real-IP: 192.0.2.66", "X_Forwarded_For: 192.0.2.66"]  # fmt: skip


def python_for(words: str) -> Path:
    """Returns the newest Python that is installed and knows these words."""
    names = ["cpython-2.7"] if words.startswith("python2") else [f"cpython-3.{minor}" for minor in range(14, 10, -1)]
    for name in names:
        if program := load_server(name).program:
            return Path(program)
    pytest.skip(f"no Python for this command is installed (looked for {', '.join(names)})")


def answer(address: str, port: int, target: str, *fields: str) -> tuple[str, bytes]:
    """Returns the status and the content of a response."""
    with socket.create_connection((address, port), LONG) as client:
        lines = [f"GET {target} HTTP/1.0", "Host: example.org", *fields, "", ""]
        client.sendall("\r\n".join(lines).encode())
        head, content = re.split(rb"\r?\n\r?\n", read_until(client, b"never"), maxsplit=1)
    return head.decode("latin-1").split(" ")[1], content


@contextmanager
def running(folder: Path, port: int, *command: object, address: str = "127.0.0.1") -> Iterator[None]:
    """Starts a server in a folder, and waits until it accepts connections."""
    words = [*map(str, command)]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + LONG
            while True:
                try:
                    socket.create_connection((address, port), LONG).close()
                    break
                except ConnectionRefusedError:
                    assert process.poll() is None and time.monotonic() < deadline, words
            yield
        finally:
            process.terminate()
            process.wait(LONG)


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def write_site(folder: Path) -> None:
    for place in (folder, folder / "site"):
        (place / "cgi-bin").mkdir(parents=True, exist_ok=True)
        (place / "cgi-bin/script").write_text(SCRIPT + f"echo {place.name}\n")
        (place / "cgi-bin/script").chmod(0o755)
        (place / "file.txt").write_text(f"file of {place.name}\n")


@pytest.mark.parametrize(("before", "after"), ROWS)
def test_both_command_lines_of_a_row_serve_the_same(root: Path, before: str, after: str) -> None:
    write_site(root)
    addresses = ["127.0.0.1", "::1"] if after.endswith("--bind ::") else ["127.0.0.1"]
    if "::1" in addresses and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    answers = []
    for line, program in ((before, python_for(before)), (after, PROGRAM)):
        port = free_port()
        words = line.replace("8000", str(port)).split()[1:]
        with running(root, port, program, *words, address=addresses[0]):
            got = [answer(one, port, target) for one in addresses for target in ("/file.txt", "/cgi-bin/script?a=b")]
        answers.append(got)
    assert answers[0] == answers[1]
    assert [status for status, _ in answers[0]] == ["200"] * len(answers[0])


def test_the_table_has_its_rows() -> None:
    assert len(ROWS) >= 6 and all("8000" in before and "8000" in after for before, after in ROWS)
    assert len(RECIPES) == 1


@contextmanager
def nginx_before(folder: Path, port: int) -> Iterator[int]:
    """Starts nginx with the recipe, in front of a server at this port. Yields the port of nginx."""
    own = free_port()
    site = RECIPES[0].replace("listen 80;", f"listen 127.0.0.1:{own};").replace(":8000;", f":{port};")
    places = "".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    text = f"pid {folder}/pid; daemon off; events {{}} http {{ access_log off; {places} {site} }}"
    (folder / "nginx.conf").write_text(text)
    with running(folder, own, NGINX, "-e", folder / "errors", "-c", folder / "nginx.conf"):
        yield own


@pytest.mark.skipif(NGINX is None, reason="package nginx is not installed")
@pytest.mark.parametrize("profile", ["cgihttpserver", "rfc3875"])
def test_nginx_tells_scripts_the_client_and_keeps_claims_back(root: Path, tmp_path: Path, profile: str) -> None:
    write_site(root)
    port = free_port()
    seen = {"HTTP_X_FORWARDED_FOR=127.0.0.1", "HTTP_X_FORWARDED_HOST=example.org", "HTTP_X_FORWARDED_PROTO=http"}
    with running(root, port, PROGRAM, port, "--profile", profile), nginx_before(tmp_path, port) as proxy:
        status, content = answer("127.0.0.1", proxy, "/cgi-bin/script", *CLAIMS)
        assert (status, answer("127.0.0.1", proxy, "/file.txt")[1]) == ("200", f"file of {root.name}\n".encode())
        direct = answer("127.0.0.1", port, "/cgi-bin/script", *CLAIMS)[1].decode()
    variables = {line for line in content.decode().splitlines() if "=" in line}
    assert variables == (seen if profile == "rfc3875" else set())
    assert ("192.0.2.66" in direct) == (profile == "rfc3875")
