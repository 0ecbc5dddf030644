"""cgi-conform compare-site: what it asks about a folder, what counts as a difference, and how it names it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cgi_conform.cases.docroot import remove
from cgi_conform.commands import compare_site
from cgi_conform.errors import UserError
from cgi_conform.http.response import parse
from cgi_conform.judging.compare import with_names
from cgi_conform.paths import FAULTY
from cgi_conform.servers.definition import load_server
from cgi_conform.sites.documented import DOCUMENTED, LEAKED, Pair, documented
from cgi_conform.sites.site_answer import SiteAnswer
from cgi_conform.sites.site_comparison import TwoServers, compared_site
from cgi_conform.sites.site_requests import SiteRequest, site_requests
from documents import read
from whole_run import CONFORMANCE, environment

SCRIPT = "#!/bin/sh\necho Content-Type: text/plain\necho\n"


@pytest.fixture
def site(temporary: Path) -> Iterator[Path]:
    """Yields a folder that every user can read, with files and scripts."""
    folder = temporary / "site"
    for name in ("cgi-bin", "docs"):
        (folder / name).mkdir(parents=True)
    (folder / "a.txt").write_text("a\n")
    (folder / "docs" / "a b#c%.txt").write_text("b\n")
    (folder / "cgi-bin" / "data").write_text("no script\n")
    script(folder, "arguments", 'echo "$QUERY_STRING" "$PATH_INFO" "$REQUEST_METHOD"')
    yield folder
    remove(folder)


def script(folder: Path, name: str, text: str, head: str = SCRIPT) -> None:
    path = folder / "cgi-bin" / name
    path.write_text(head + text + "\n")
    path.chmod(0o755)


def asked(folder: Path, largest: int = 1 << 20) -> list[str]:
    return [
        " ".join([str(each), each.kind, *["outward"] * each.outward, *(f"lists {name.decode()}" for name in each.lists_outward)])
        for each in site_requests(folder, largest)
    ]


def test_every_file_directory_and_script_is_asked_for(site: Path) -> None:
    extra = "/extra/path?name=value&other=two+words"
    assert asked(site) == [
        "GET / directory",
        "GET /a.txt file", "HEAD /a.txt file", "POST /a.txt file",
        "GET /cgi-bin directory", "GET /cgi-bin/ directory", "GET /docs directory", "GET /docs/ directory",
        *(f"{method} /cgi-bin/{name} script" for name in ("arguments",) for method in ("GET", "HEAD")),
        f"GET /cgi-bin/arguments{extra} script",
        "GET /cgi-bin/data script", "HEAD /cgi-bin/data script", f"GET /cgi-bin/data{extra} script",
        "GET /docs/a%20b%23c%25.txt file", "HEAD /docs/a%20b%23c%25.txt file",
    ]  # fmt: skip


def test_links_are_marked_and_what_may_block_is_left_out(site: Path, tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    (site / "docs" / "out").symlink_to(tmp_path / "away")
    (site / "docs" / "in").symlink_to("..")
    (site / "docs" / "nowhere").symlink_to("none")
    os.mkfifo(site / "docs" / "fifo")
    (site / "docs" / "big").write_bytes(b"x" * 100)
    found = [line for line in asked(site, 50) if "/docs" in line and "a%20b" not in line]
    assert found == [
        "GET /docs directory", "GET /docs/ directory lists out", "HEAD /docs/big file",
        "GET /docs/in directory", "GET /docs/in/ directory",
        "GET /docs/out directory outward", "GET /docs/out/ directory outward",
    ]  # fmt: skip


def answer(text: str, end: str = "closed", method: str = "GET") -> SiteAnswer:
    responses = parse(text.encode(), [method.encode()], ended=True).responses
    return SiteAnswer(with_names(responses[0]) if responses else None, end)


OK = "HTTP/1.0 200 OK\r\n"
REQUEST = SiteRequest("GET", b"/a", "file")


def differing(*first: str | SiteAnswer, second: "tuple[str | SiteAnswer, ...]") -> tuple[list[str], int]:
    """Returns what differs if the servers give these answers in turn, and the number of requests that vary."""

    def server(answers: "tuple[str | SiteAnswer, ...]") -> Callable[[SiteRequest], SiteAnswer]:
        left = [each if isinstance(each, SiteAnswer) else answer(each) for each in answers]
        return lambda request: left.pop(0) if len(left) > 1 else left[0]

    found = compared_site(TwoServers(server(first), server(second), lambda *_: None), [REQUEST], lambda number: None)
    return [member.what for _, members in found.differing for member in members], len(found.varying)


@pytest.mark.parametrize(
    ("first", "second", "members"),
    [
        ("Date: x\r\nServer: a\r\nB: 1\r\n\r\nhi", "B: 1\r\nServer: b\r\nConnection: close\r\n\r\nhi", []),
        ("Content-Length: 2\r\n\r\nhi", "\r\nhi", []),
        ("\r\nhi", "\r\nho", ["body octet 1"]),
        ("A: 1\r\n\r\n", "A: 2\r\n\r\n", ["header.A"]),
    ],
)
def test_only_what_matters_is_a_difference(first: str, second: str, members: list[str]) -> None:
    assert differing(OK + first, second=(OK + second,)) == (members, 0)


def test_the_status_counts_and_the_phrase_does_not() -> None:
    assert differing("HTTP/1.0 404 a\r\n\r\n", second=("HTTP/1.1 404 b\r\n\r\n",)) == ([], 0)
    assert differing("HTTP/1.0 404 a\r\n\r\n", second=("HTTP/1.0 403 a\r\n\r\n",)) == (["status"], 0)
    assert differing(answer("", "reset"), second=("HTTP/1.0 403 a\r\n\r\n",)) == (["status", "end"], 0)


def test_what_varies_on_one_server_is_no_difference() -> None:
    assert differing(OK + "\r\n1", OK + "\r\n2", second=(OK + "\r\n3", OK + "\r\n4")) == ([], 1)
    assert differing(OK + "A: 1\r\n\r\n1", OK + "A: 1\r\n\r\n2", second=(OK + "\r\n3",)) == (["header.A"], 1)


SCRIPT_REQUEST = SiteRequest("GET", b"/cgi-bin/a", "script")
HEAD_REQUEST = SiteRequest("HEAD", b"/cgi-bin/a", "script")
FORBIDDEN = "HTTP/1.0 403 No\r\n\r\npage"
MISSING = "HTTP/1.0 404 No\r\n\r\npage"
STATUS = f"{OK}Status: 404 No\r\n\r\nx"
LISTING = SiteRequest("GET", b"/d/", "directory", lists_outward=frozenset([b"out"]))
LEAK = f"A=1\nX={LEAKED.decode()}\n"


def listing(*names: str) -> str:
    return f"{OK}\r\n<ul>\n" + "".join(f'<li><a href="{name}">x</a></li>\n' for name in names) + "</ul>\n"


@pytest.mark.parametrize(
    ("request_", "cpython", "cgi_server", "what", "profile", "name"),
    [
        (HEAD_REQUEST, OK + "\r\nx", OK + "\r\n", "body", "cgihttpserver", "HEAD sends"),
        (HEAD_REQUEST, OK + "\r\nx", OK + "\r\ny", "body", "cgihttpserver", ""),
        (SCRIPT_REQUEST, OK + "\r\n", FORBIDDEN, "status", "cgihttpserver", "a script that cannot"),
        (SCRIPT_REQUEST, OK + "\r\nx", FORBIDDEN, "status", "cgihttpserver", ""),
        (SiteRequest("GET", b"/a", "file", True), OK + "\r\nx", MISSING, "status", "cgihttpserver", "symbolic links"),
        (SiteRequest("GET", b"/a", "file"), OK + "\r\nx", MISSING, "status", "cgihttpserver", ""),
        (LISTING, listing("a", "out/"), listing("a", "out"), "body", "cgihttpserver", "symbolic links"),
        (LISTING, listing("a/", "out/"), listing("a", "out"), "body", "cgihttpserver", ""),
        (LISTING, listing("a", "out"), listing("b", "out"), "body", "cgihttpserver", ""),
        (LISTING, listing("a", "out"), listing("out", "a"), "body", "cgihttpserver", ""),
        (LISTING, listing("out@", "%ED%B3%BF"), listing("out@", "%FF"), "body", "cgihttpserver", "a name that is not"),
        (LISTING, listing("out/", "%ED%B3%BF"), listing("out", "%FF"), "body", "cgihttpserver", "symbolic links"),
        (LISTING, listing("a/", "%ED%B3%BF"), listing("a", "%FF"), "body", "cgihttpserver", ""),
        (LISTING, listing("a", "out/"), listing("a", "out"), "header.Content-Type", "cgihttpserver", ""),
        (SCRIPT_REQUEST, f"{OK}\r\n{LEAK}", f"{OK}\r\nA=1\n", "body", "cgihttpserver", "the whole environment"),
        (SCRIPT_REQUEST, f"{OK}\r\n{LEAK}", f"{OK}\r\nA=2\n", "body", "cgihttpserver", ""),
        (SCRIPT_REQUEST, STATUS, MISSING, "status", "rfc3875", "**`Status:`"),
        (SCRIPT_REQUEST, STATUS, MISSING, "status", "cgihttpserver", ""),
        (SCRIPT_REQUEST, OK + "\r\nx", "HTTP/1.1 500 No\r\n\r\n", "status", "rfc3875", "**`Status:`"),
        (SiteRequest("GET", b"/cgi-bin/a%25", "script"), OK + "\r\n", MISSING, "status", "cgihttpserver", "the path of a script"),
        (SiteRequest("GET", b"/%E7", "file"), MISSING, OK + "\r\n", "status", "cgihttpserver", "a name that is not"),
        (SiteRequest("GET", b"/%C3%A7", "file"), MISSING, OK + "\r\n", "status", "cgihttpserver", ""),
        (SiteRequest("GET", b"/%E7/", "directory"), MISSING, OK + "\r\n", "status", "cgihttpserver", "a name that is not"),
        (SiteRequest("GET", b"/%E7", "file"), OK + "\r\na", OK + "\r\nb", "body", "cgihttpserver", ""),
        (SiteRequest("GET", b"/", "directory"), listing("%ED%B3%A7"), listing("%E7"), "body", "cgihttpserver", "a name that is not"),
    ],
)
def test_a_documented_difference_is_named(
    request_: SiteRequest, cpython: str, cgi_server: str, what: str, profile: str, name: str
) -> None:
    ours, theirs = (answer(text, method=request_.method) for text in (cpython, cgi_server))
    found = documented(Pair(request_, ours, theirs, profile), what)
    assert found.startswith(name) and bool(found) is bool(name)


def test_only_cpython_and_cgi_server_have_documented_differences() -> None:
    cpython, ours, other = (load_server(name) for name in ("cpython-3.12", "cgi-server", "lighttpd"))
    first, second = answer(OK + "\r\n1"), answer(OK + "\r\n2")
    pair = Pair(REQUEST, first, second, "rfc3875")
    assert compare_site._pair(REQUEST, first, second, [cpython, ours], "rfc3875") == pair
    assert compare_site._pair(REQUEST, second, first, [ours, cpython], "rfc3875") == pair
    for servers in ([cpython, other], [other, ours], [ours, other], [cpython, cpython]):
        assert compare_site._pair(REQUEST, first, second, servers, "rfc3875") is None


@pytest.mark.parametrize("name", [each.name for each in DOCUMENTED])
def test_the_documents_have_each_named_difference(name: str) -> None:
    lines = (read("README.md") + read("server/README.md")).splitlines()
    assert any(line.startswith((f"| {name}", f"* {name}")) for line in lines), name


def run(*words: str, cwd: Path = Path("/"), **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cgi_conform", "compare-site", *words]
    here = {name: text for name, text in environment(Path("/"), more).items() if name != "CGI_CONFORM_FIXTURES"}
    return subprocess.run(command, env=here, cwd=cwd, capture_output=True, text=True, timeout=120)


def with_fault(folder: Path, fault: str) -> str:
    """Writes the definition of the second server with a fault, and returns its folder."""
    made = folder / fault
    made.mkdir()
    (made / "server.toml").write_text(
        f'title = "with a fault"\nprogram = ["{sys.executable}"]\nprofiles = ["cgihttpserver"]\n'
        f'command = ["{{program}}", "-P", "-m", "faulty", "--fault", "{fault}", "{{port}}", "-d", "{{root}}", "--cgi"]\n'
        f'[environment]\nPYTHONPATH = "{FAULTY.parent}"\n'
    )
    return f"{made}/"


def snapshot(folder: Path) -> dict[str, tuple[int, float]]:
    return {str(path): (path.stat().st_mode, path.stat().st_mtime) for path in folder.rglob("*")}


def test_the_same_server_twice_has_no_difference_and_the_folder_stays_as_it_is(site: Path) -> None:
    script(site, "time", "echo $$")
    before = snapshot(site)
    done = run("site", "--server", "faulty", "--server", "faulty", cwd=site.parent)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[1].startswith("vary from one request to the next, ") and "GET /cgi-bin/time" in done.stdout
    assert re.search(r"^\d+ requests: \d+ get the same answer, 0 another, 0 another for", done.stdout, re.MULTILINE)
    assert snapshot(site) == before


def test_a_difference_is_shown_with_both_answers_and_a_line_that_repeats_it(site: Path, tmp_path: Path) -> None:
    broken = with_fault(tmp_path, "post-outside-cgi-allowed")
    done = run(str(site), "--server", "faulty", "--server", broken, "--allow-documented")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    at = lines.index("POST /a.txt")
    assert re.fullmatch(r"  status +501 +200", lines[at + 1])
    [again] = [line for line in lines if line.startswith("  again: ")]
    sent = subprocess.run(["sh", "-c", again.removeprefix("  again: ").partition(" | nc ")[0]], capture_output=True, check=True)
    assert sent.stdout == SiteRequest("POST", b"/a.txt", "file").octets
    ports = re.findall(r"^  cgi-conform serve \S+ --root \S+ --port (\d+)$", done.stdout, re.MULTILINE)
    assert len(ports) == 2 and f" | nc 127.0.0.1 {ports[0]} " in again and again.endswith(f"# or {ports[1]}")
    assert ", 1 another, 0 another for a documented reason" in lines[-1]


@pytest.mark.long
def test_a_comparison_is_bounded(site: Path) -> None:
    """Asks for the folder and for two scripts: one prints without end, the other one prints nothing and does not end."""
    for path in site.glob("**/*.txt"):
        path.unlink()
    script(site, "arguments", "exec yes")
    words = ("--server", "faulty", "--server", "faulty", "--max-size", "100000", "--limit")
    endless = run(str(site), *words, "6")
    told = "only the beginning was compared: GET /cgi-bin/arguments\n6 requests: 6 get"
    assert endless.returncode == 0 and told in endless.stdout, endless.stdout + endless.stderr
    assert endless.stdout.endswith("sent only 6 requests: the folder has more (--limit)\n")
    script(site, "arguments", "exec sleep 600", head="#!/bin/sh\n")
    silent = run(str(site), *words, "6", "--timeout", "1.5")
    assert silent.returncode == 0 and told in silent.stdout, silent.stdout + silent.stderr


def is_installed(name: str) -> bool:
    try:
        return load_server(name).program is not None
    except UserError:
        return False


CPYTHON = [f"cpython-3.{minor}" for minor in range(14, 6, -1)]


@pytest.mark.long
@pytest.mark.skipif(not (any(map(is_installed, CPYTHON)) and is_installed("cgi-server")), reason="CPython's server or cgi-server is missing")
def test_cgi_server_differs_from_cpython_as_documented(site: Path, tmp_path: Path) -> None:
    script(site, "environment", "env")
    script(site, "broken", "", head="#!/no/such/interpreter\n")
    script(site, "status", "echo x", head="#!/bin/sh\necho Status: 404 No\necho Content-Type: text/plain\necho\n")
    (site / "out").symlink_to("/etc")
    (site / os.fsdecode(b"caf\xe9.txt")).write_text("c\n")
    here = {name: os.environ[name] for name in ("CGI_CONFORM_BUILD", "HOME", "PYENV_ROOT") if name in os.environ}
    done = run(str(site), **here)
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    assert re.search(r" same answer, 0 another, \d\d another for a documented reason$", done.stdout), done.stdout
    assert run(str(site), "--allow-documented", **here).returncode == 0
    named = set(re.findall(r"^  documented: (.*)$", done.stdout, re.MULTILINE))
    rfc3875 = run(str(site), "--profile", "rfc3875", **here)
    named |= set(re.findall(r"^  documented: (.*)$", rfc3875.stdout, re.MULTILINE))
    assert named == {each.name for each in DOCUMENTED} - {"the path of a script is decoded twice"}


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("none",), 2, '"none" is not a directory (name the folder that your server serves)'),
        ((".", "--server", "faulty"), 2, "--server names 1 server (name both servers, or none)"),
        ((".", "--server", "faulty", "--server", "{0}"), 3, "did not start: it exited with status 1"),
        ((), 2, "DIR"),
    ],
)
def test_an_error_is_one_line(tmp_path: Path, words: tuple[str, ...], status: int, said: str) -> None:
    (tmp_path / "server.toml").write_text(
        'title = "false"\nprogram = ["false"]\ncommand = ["{program}", "{port}"]\nprofiles = ["cgihttpserver"]\n'
    )
    done = run(*(word.format(f"{tmp_path}/") for word in words), cwd=tmp_path)
    assert done.returncode == status and said in done.stderr and "Traceback" not in done.stderr


def test_without_a_python_that_has_the_server_the_error_says_so(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "cgi_conform", "compare-site", str(tmp_path)]
    here = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": str(CONFORMANCE)}
    done = subprocess.run(words, env=here, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("cgi-conform: no Python with http.server --cgi is installed: Python 3.14, 3.13, ")
    assert done.stderr.endswith("2.7 has it (or name two others: --server NAME)\n")
