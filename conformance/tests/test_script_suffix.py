"""cases/script_suffix.py: cases for a server that knows scripts by their suffix."""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from case_files import case, corpus
from cgi_conform.cases.case import Case
from cgi_conform.cases.layout import Layout, temporary
from cgi_conform.cases.load import load_cases
from cgi_conform.cases.reproduce import curl_line, shell_line
from cgi_conform.cases.script_names import ScriptNames, script_names
from cgi_conform.cases.script_paths import ScriptPaths
from cgi_conform.cases.script_suffix import check_suffix, rewritten, with_suffix
from cgi_conform.cases.validation import case_errors
from cgi_conform.errors import UserError
from cgi_conform.paths import REPO

FIXTURES = REPO / "fixtures"
CORPUS = load_cases(FIXTURES / "cases", validate=False)
NAMES = script_names(FIXTURES)
PLACE = re.compile(rb"cgi-bin/|htbin/")


@pytest.fixture
def small(tmp_path: Path) -> ScriptNames:
    """Returns the names of a document root with a few scripts and other files."""
    folder = tmp_path / "names" / "docroot" / "cgi-bin"
    (folder / "sub").mkdir(parents=True)
    for name in ("probe", "a+b", "mark.py", "data.txt", "mark", "sub/mark", "sp ace"):
        (folder / name).touch(0o755)
    (folder / "mark~").touch(0o644)
    (folder.parent / "sub" / "cgi-bin").mkdir(parents=True)
    (folder.parent / "sub" / "cgi-bin" / "mark").touch()
    return script_names(tmp_path / "names")


def one(folder: Path, send: str, expect: str = "status = 200", more: str = "") -> Case:
    text = case("a/b", expect, f"send = '{send}'\n{more}")
    return load_cases(corpus(folder, text) / "cases", validate=False)[0]


def sent(folder: Path, names: ScriptNames, send: str) -> str:
    return rewritten(one(folder, send), names, ".cgi").steps[0].send.decode("latin-1")


@pytest.mark.parametrize(
    ("target", "became"),
    [
        ("/cgi-bin/probe/a?b", "/cgi-bin/probe.cgi/a?b"),
        ("/cgi-bin/sub/mark", "/cgi-bin/sub/mark.cgi"),
        ("/cgi-bin/pro%62e?x", "/cgi-bin/pro%62e.cgi?x"),
        ("/cgi-bin/pr%256fbe", "/cgi-bin/pr%256fbe.cgi"),
        ("/cgi-bin/sp%20ace/x", "/cgi-bin/sp%20ace.cgi/x"),
        ("/cgi-bin/a+b", "/cgi-bin/a+b.cgi"),
        ("/cgi-bin/a%2Bb/c", "/cgi-bin/a%2Bb.cgi/c"),
        ("/%63gi-bin/mark", "/%63gi-bin/mark.cgi"),
        ("/Cgi-Bin/MARK", "/Cgi-Bin/MARK.cgi"),
        ("cgi-bin%2fmark", "cgi-bin%2fmark.cgi"),
        ("/cgi-bin%5cmark", "/cgi-bin%5cmark.cgi"),
        ("/cgi-bin%c0%afmark", "/cgi-bin%c0%afmark.cgi"),
        ("//cgi-bin//./mark/", "//cgi-bin//./mark.cgi/"),
        ("/dir/../cgi-bin/sub/../mark", "/dir/../cgi-bin/sub/../mark.cgi"),
        ("http://h.example/cgi-bin/probe?to=http://other/x", "http://h.example/cgi-bin/probe.cgi?to=http://other/x"),
        ("/cgi-bin/mark%00.txt", "/cgi-bin/mark.cgi%00.txt"),
        ("/cgi-bin/mark.", "/cgi-bin/mark.cgi."),
        ("/cgi-bin/mark;x", "/cgi-bin/mark.cgi;x"),
        ("/cgi-bin/mark#/../../x", "/cgi-bin/mark.cgi#/../../x"),
        ("/cgi-bin/nothing-here/mark", "/cgi-bin/nothing-here.cgi/mark"),
        ("/cgi-bin/probe?/cgi-bin/nothing", "/cgi-bin/probe.cgi?/cgi-bin/nothing.cgi"),
        ("/cgi-bin/probe?/cgi-bin/mark?/cgi-bin/mark", "/cgi-bin/probe.cgi?/cgi-bin/mark.cgi?/cgi-bin/mark.cgi"),
    ],
)
def test_names_of_scripts_get_the_suffix(tmp_path: Path, small: ScriptNames, target: str, became: str) -> None:
    assert sent(tmp_path, small, f"GET {target} HTTP/1.0\\r\\n\\r\\n") == f"GET {became} HTTP/1.0\r\n\r\n"


@pytest.mark.parametrize(
    "target",
    [
        "/hello.txt", "/cgi-bin/", "/cgi-bin", "/cgi-bin/sub", "/cgi-bin/..", "/cgi-bin/%2e%2e/hello.txt", "/cgi-binx/mark",
        "/sub/cgi-bin/mark", "/cgi-bin/%252e%252e/tool", "/cgi-bin/../../../bin/id", "/cgi-bin//bin/id", "/cgi-bin/%2fbin%2fid",
        "/hello.txt?x=cgi-bin", "/probe",
    ],
)  # fmt: skip
def test_other_targets_stay(tmp_path: Path, small: ScriptNames, target: str) -> None:
    assert sent(tmp_path, small, f"GET {target} HTTP/1.0\\r\\n\\r\\n") == f"GET {target} HTTP/1.0\r\n\r\n"


def test_the_length_of_a_body_grows_with_the_body(tmp_path: Path, small: ScriptNames) -> None:
    send = (
        "POST /cgi-bin/probe HTTP/1.1\\r\\nContent-Length: 8\\r\\nA: b\\r\\n\\r\\nno names"
        "POST /cgi-bin/mark HTTP/1.1\\r\\nContent-length:  99\\r\\n\\r\\nLocation: /cgi-bin/mark\\r\\n\\r\\n/cgi-bin/nothing"
    )
    assert sent(tmp_path, small, send) == (
        "POST /cgi-bin/probe.cgi HTTP/1.1\r\nContent-Length: 8\r\nA: b\r\n\r\nno names"
        "POST /cgi-bin/mark.cgi HTTP/1.1\r\nContent-length:  107\r\n\r\nLocation: /cgi-bin/mark.cgi\r\n\r\n/cgi-bin/nothing.cgi"
    )


def test_expected_values_follow_the_request(tmp_path: Path, small: ScriptNames) -> None:
    expect = r"""status = 404
    env.SCRIPT_NAME = '/cgi-bin/sp ace'
    env.SCRIPT_FILENAME = '{root}/cgi-bin/sub/mark'
    body.contains = ['/cgi-bin/nothing-here', '/cgi-bin/']
    raw.lacks = '/mark'
    header.Location.matches = '^(http://[^/]+)?/cgi-bin/mark\?a$'
    log = 'GET /cgi-bin/probe'"""
    found = rewritten(one(tmp_path, "GET /cgi-bin/nothing-here HTTP/1.0\\r\\n\\r\\n", expect), small, ".cgi")
    expectation = found.expect["cgihttpserver"]
    [answer] = expectation.answers
    assert answer.env["SCRIPT_NAME"].equals == b"/cgi-bin/sp ace.cgi"
    assert answer.env["SCRIPT_FILENAME"].equals == b"{root}/cgi-bin/sub/mark.cgi"
    assert answer.body is not None and answer.raw is not None and expectation.log is not None
    assert answer.body.contains == (b"/cgi-bin/nothing-here.cgi", b"/cgi-bin/")
    assert answer.raw.lacks == (b"/mark",)
    assert answer.header["Location"].matches == rb"^(http://[^/]+)?/cgi-bin/mark\.cgi\?a$"
    assert expectation.log.equals == b"GET /cgi-bin/probe.cgi"


@pytest.mark.parametrize(
    ("send", "suffix", "more", "why"),
    [
        ("GET /cgi-bin/data.txt HTTP/1.0", ".cgi", "", "no suffix .cgi"),
        ("GET /cgi-bin/mark~ HTTP/1.0", ".cgi", "", "no suffix .cgi"),
        ("GET /cgi-bin/%6dark.py HTTP/1.0", ".cgi", "", "no suffix .cgi"),
        ("GET /cgi-bin/mark.py HTTP/1.0", ".py", "", "has the suffix .py"),
        ("GET /script.php/x?y HTTP/1.0", ".php", "", "has the suffix .php"),
        ("GET /cgi-bin/ HTTP/1.0", ".cgi", "needs = ['script-directories']", "CGI directories"),
        ("GET /cgi-bin/mark HTTP/1.0", ".cgi", "needs = ['cgi-directories']", "CGI directories"),
    ],
)
def test_a_case_about_names_is_unsuitable(
    tmp_path: Path, small: ScriptNames, send: str, suffix: str, more: str, why: str
) -> None:
    before = one(tmp_path, f"{send}\\r\\n\\r\\n", more=more)
    found = rewritten(before, small, suffix)
    assert why in found.unsuitable and replace(found, unsuitable="") == before


def test_the_lines_to_repeat_a_case_have_the_suffix(tmp_path: Path, small: ScriptNames) -> None:
    found = rewritten(one(tmp_path, "GET /cgi-bin/probe/a HTTP/1.0\\r\\n\\r\\n"), small, ".cgi")
    assert "GET /cgi-bin/probe.cgi/a" in shell_line(found)
    assert "/cgi-bin/probe.cgi/a" in (curl_line(found) or "")


@pytest.mark.parametrize("suffix", ["cgi", ".", ".a/b", ". cgi", ".cgi\n"])
def test_a_bad_suffix_is_refused(suffix: str) -> None:
    with pytest.raises(UserError, match="is not a dot with letters and digits"):
        check_suffix(suffix)


def test_without_a_suffix_nothing_changes() -> None:
    assert with_suffix(CORPUS, "", FIXTURES) == CORPUS
    assert all(rewritten(each, NAMES, "") is each for each in CORPUS)


@pytest.mark.parametrize("suffix", [".cgi", ".py", ".php"])
def test_every_rewritten_case_is_valid_and_names_no_script_without_suffix(suffix: str) -> None:
    paths = ScriptPaths(NAMES)
    for before, after in zip(CORPUS, with_suffix(CORPUS, suffix, FIXTURES), strict=True):
        assert case_errors(after, None) == case_errors(before, None), after.id
        if not after.unsuitable:
            octets = [step.send for step in after.steps] + [after.control or b""]
            assert not any(paths.in_text(each) for each in octets), after.id


def test_most_cases_are_suitable() -> None:
    mine = [each for each in with_suffix(CORPUS, ".cgi", FIXTURES) if "rfc3875" in each.expect]
    assert sum(not each.unsuitable for each in mine) >= 0.9 * len(mine)


def test_sizes_of_chunks_grow_with_the_body(tmp_path: Path, small: ScriptNames) -> None:
    send = (
        "POST /x HTTP/1.1\\r\\nContent-Length: 42\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
        "d\\r\\n/cgi-bin/mark\\r\\n2\\r\\nab\\r\\n0\\r\\n\\r\\nGET /cgi-bin/mark"
    )
    assert sent(tmp_path, small, send) == (
        "POST /x HTTP/1.1\r\nContent-Length: 47\r\nTransfer-Encoding: chunked\r\n\r\n"
        "11\r\n/cgi-bin/mark.cgi\r\n2\r\nab\r\n0\r\n\r\nGET /cgi-bin/mark.cgi"
    )


def test_no_repeated_body_names_a_script() -> None:
    """The length of a repeated body would grow by more than one suffix."""
    bodies = [step.body.repeat for each in CORPUS for step in each.steps if step.body is not None]
    assert bodies and not any(PLACE.search(body) for body in bodies)


def test_the_document_root_has_the_suffix() -> None:
    with temporary(FIXTURES) as plain, temporary(FIXTURES, Layout(".cgi")) as made:
        folder = made.root / "cgi-bin"
        before, after = (_contents(each.base) for each in (plain, made))
        renamed = {path: path.removesuffix(".cgi") for path in after - before} | {"root/cgi-bin/mark.cgi": "root/cgi-bin/mark"}
        assert {*renamed.values()} == before - after
        assert {"root/cgi-bin/probe.cgi", "root/htbin/mark.cgi", "outside/tool.cgi", "root/cgi-bin/sp ace.cgi"} <= set(renamed)
        assert {"root/cgi-bin/data.txt", "root/cgi-bin/mark~", "root/app/deep/scripts/mark", "root/sub/cgi-bin/mark"} <= after
        assert os.readlink(folder / "link.cgi") == "hello.cgi" and (folder / "sub" / "probe.cgi").is_file()
        assert os.readlink(made.root / "sub" / "mark-link") == "../cgi-bin/mark.cgi"
        assert os.readlink(folder / "loop.cgi") == "loop.cgi" and os.readlink(folder / "outdir") == "../../outside"
        assert (folder / "mark.cgi").read_bytes() == (plain.root / "cgi-bin" / "mark").read_bytes()
        assert b"/cgi-bin/hop.cgi?/cgi-bin/redirect-cycle.cgi" in (folder / "redirect-cycle.cgi").read_bytes()
        assert _said(folder / "pr%6fbe.cgi") == b"Content-Type: text/plain\r\n\r\npr%6fbe ran\n"
        assert _said(folder / "sub" / "mark.cgi").endswith(b"marked script ran\n")
        for path, name in renamed.items():
            old, new = (plain.base / name).lstat(), (made.base / path).lstat()
            assert (old.st_mode, int(old.st_mtime)) == (new.st_mode, int(new.st_mtime)), path


def _said(script: Path) -> bytes:
    return subprocess.run([script], stdout=subprocess.PIPE, check=True).stdout


def _contents(base: Path) -> set[str]:
    return {os.path.relpath(os.path.join(folder, name), base) for folder, _, names in os.walk(base) for name in names}
