"""cases/system_needs.py: the cases that a server on a system without links, modes or such names cannot pass."""

import json
import os
import stat
from pathlib import Path

import pytest

from case_files import HELLO, case, corpus
from cgi_conform.cases.case import SYSTEM
from cgi_conform.cases.docroot import remove
from cgi_conform.cases.layout import Layout, lay_out, temporary
from cgi_conform.cases.load import load_cases
from cgi_conform.errors import UserError
from cgi_conform.paths import REPO, SCHEMAS
from cgi_conform.running.capabilities import Capabilities, missing
from cgi_conform.running.plan import Options, make_plan
from whole_run import cgi_conform, get

FIXTURES = REPO / "fixtures"
MANIFEST = r"""
[needs]
proc = ["cgi-bin/killed"]
[[entry]]
path = 'root/ln'
link = 'hello.txt'
[[entry]]
path = 'root/other-name'
alias = 'hello.txt'
[[entry]]
path = 'root/a:b/inside.txt'
text = 'x'
[[entry]]
path = 'root/com1.txt'
text = 'x'
[[entry]]
path = 'root/\xe7'
text = 'x'
[[entry]]
path = 'root/HELLO.txt'
text = 'x'
[[entry]]
path = 'root/closed'
text = 'x'
mode = '600'
[[entry]]
path = 'root/indexed/index.html'
fifo = true
"""
NEEDS = {
    "/hello.txt": {"case-sensitive"}, "/Hello.txt": {"case-sensitive"}, "/hell.txt": set(), "/ln": {"links"}, "/ln/x?y": {"links"}, "/sub/ln": set(), "/lnx": set(),
    "/other-name": set(), "/a:b/": {"posix-names"}, "/a%3ab/inside.txt": {"posix-names"}, "/com1.txt": {"posix-names"},
    "/%e7": {"posix-names"}, "/%ed%b3%a7": {"posix-names"}, "/x?/closed": {"modes"}, "/indexed/": {"modes"},
    "/cgi-bin/killed/x": {"proc"}, "http://a/closed": {"modes"}, "/": {"links"},
}  # fmt: skip


@pytest.fixture
def fixtures(tmp_path: Path) -> Path:
    listing = "raw.contains = 'href=\"ln\"'"
    rows = [
        case(f"many/{number}", listing if target == "/" else "status = 404", get(target))
        for number, target in enumerate(NEEDS)
    ]
    folder = corpus(tmp_path, *rows)
    (folder / "docroot.toml").write_text(MANIFEST)
    return folder


def test_a_case_needs_what_the_files_need_that_it_asks_for(fixtures: Path) -> None:
    found = load_cases(fixtures / "cases")
    assert {target: set(case.needs) for target, case in zip(NEEDS, found, strict=True)} == NEEDS


def test_a_document_root_has_nothing_that_its_system_lacks(fixtures: Path, tmp_path: Path) -> None:
    laid = lay_out(fixtures, tmp_path / "base", Layout(lacks=frozenset(SYSTEM)))
    assert sorted(path.name for path in laid.root.iterdir()) == ["hello.txt", "other-name"]
    assert (laid.root / "other-name").read_text() == HELLO and not (laid.root / "other-name").is_symlink()
    remove(laid.base)


def test_the_document_root_of_the_cases_fits_a_system_that_lacks_everything() -> None:
    with temporary(FIXTURES, Layout(lacks=frozenset(SYSTEM))) as laid:
        found = [Path(folder) / name for folder, names, files in os.walk(laid.base) for name in [*names, *files]]
        assert len(found) > 250
        assert all(stat.S_IFMT(path.lstat().st_mode) in (stat.S_IFREG, stat.S_IFDIR) for path in found)
        assert len({str(path).lower() for path in found}) == len(found)


def test_about_nine_of_ten_cases_remain_where_everything_is_lacking() -> None:
    cases = load_cases(FIXTURES / "cases")
    counts = {need: sum(need in case.needs for case in cases) for need in SYSTEM}
    assert counts == {"posix-names": 36, "case-sensitive": 6, "links": 31, "modes": 16, "proc": 41}
    everything = Capabilities(True, "root", lacks=frozenset(SYSTEM))
    skipped = [reason for case in cases if (reason := missing(case, everything)) and "system of the server lacks" in reason]
    assert 0.07 < len(skipped) / len(cases) < 0.11


@pytest.mark.long
def test_a_run_skips_the_cases_and_says_why() -> None:
    words = [word for need in SYSTEM for word in ("--lacks", need)]
    done = cgi_conform(FIXTURES, "run", "octets", "index", "--server", "faulty", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "needs links (symbolic links), which the system of the server lacks" in " ".join(done.stdout.split())


def test_a_server_tells_what_its_system_lacks(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(
        'title = "x"\nprogram.find = "sh"\ncommand = ["{program}", "{port}"]\nprofiles = ["rfc3875"]\nlacks = ["links"]\n'
    )
    plan = make_plan(Options(server=f"{tmp_path}/", lacks=["modes"]))
    assert plan.server is not None
    assert plan.capabilities.lacks == {"links", "modes"} == plan.server.layout.lacks


def test_the_schemas_list_the_same_needs() -> None:
    server = json.loads((SCHEMAS / "server.schema.json").read_text())
    assert server["properties"]["lacks"]["items"]["enum"] == list(SYSTEM)


def test_a_bad_escape_in_the_document_root_is_reported_in_one_line(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"))
    (folder / "docroot.toml").write_text("[[entry]]\npath = 'root/\\q'\ntext = ''\n")
    with pytest.raises(UserError) as caught:
        load_cases(folder / "cases")
    assert caught.value.message == 'docroot.toml: "root/\\q": bad escape "\\q" (\\xHH is an octet)'
