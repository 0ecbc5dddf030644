"""The site of the matrix: every link leads somewhere, names and octets of a server stay text, equal runs give equal pages."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from cgi_conform.judging.matrix import Absent
from cgi_conform.judging.results import Results, assembled
from cgi_conform.report.matrix import write_site
from cgi_conform.report.matrix.addresses import in_file_name, rule_page, server_page
from cgi_conform.report.matrix.findings import as_html
from cgi_conform.report.matrix.index import cell
from cgi_conform.report.matrix.rule import answers_of, rule_view
from sample_run import CASES, CLAUSES, NASTY, STALE, case_of, cut_short, result_of

HOSTILE = "../<b>x</b>"
RULE = "seed/post-outside-cgi-is-501"
FINDINGS = {"good": f"# Findings\n\nThe status is wrong: [rule](https://example.com/a).\n\n{NASTY}"}
ABSENT = Absent({"name": "gone", "title": "Gone", "version": ""}, "rfc3875", f"not installed {NASTY}")


def run_of(name: str, *, profile: str = "cgihttpserver") -> Results:
    """Returns a run with a case of every verdict, one of which blocks another."""
    results = [result_of(case, name.partition("/")[2]) for name, case in CASES.items()]
    blocked = result_of(case_of("topic-9/waits"), "blocked", blocked="topic-1/fail")
    server = {"name": name, "title": name, "version": f"{name} 1.0 {NASTY}"}
    return assembled(server, profile, "user", 12, [*results, blocked], [STALE])  # type: ignore[arg-type]


def write(folder: Path, *, backwards: bool = False) -> Path:
    early = {**cut_short("pass"), "profile": "rfc3875"}
    runs: list[Results] = [run_of("good"), run_of(HOSTILE), early]  # type: ignore[list-item]
    write_site(folder, runs[::-1] if backwards else runs, [ABSENT], CASES, CLAUSES, FINDINGS)
    return folder


class SitePage(HTMLParser):
    """Collects the ids, links and loaded files of a page, and checks that elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.links += [str(given["href"])] if tag == "a" else []
        self.loaded += [str(given[name]) for name in ("src", "srcset", "data") if name in given]
        self.loaded += [str(given["href"])] if tag == "link" else []
        if tag not in ("meta", "input", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("site"))


def test_the_order_of_the_runs_and_an_earlier_site_do_not_change_the_files(site: Path, tmp_path: Path) -> None:
    other = write(tmp_path, backwards=True)
    (other / "rules" / "old").mkdir()
    write(other)
    names = sorted(path.relative_to(site) for path in site.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    assert [name for name in names if (site / name).read_bytes() != (other / name).read_bytes()] == []
    assert not (other / "rules" / "old").exists()


def test_folders_of_the_user_with_the_names_of_ours_stay(tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "mine.txt").write_text("mine")
    write(tmp_path)
    assert (tmp_path / "servers" / "mine.txt").read_text() == "mine"


def test_every_link_leads_to_a_page_and_an_element_of_it(site: Path) -> None:
    pages = {path: SitePage(path.read_text("utf-8")) for path in site.rglob("*.html")}
    assert len(pages) == 2 + 4 + 1 + 3  # index and rules; servers; a rule; reports of the runs
    wrong = []
    for path, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), path
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_relative_to(site.resolve()) or target == path
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in pages[target].ids):
                wrong.append((path.relative_to(site).as_posix(), link))
    assert wrong == []


def test_a_page_loads_only_files_of_the_site(site: Path) -> None:
    loaded = {each for path in site.rglob("*.html") for each in SitePage(path.read_text("utf-8")).loaded}
    assert {each.rpartition("/")[2] for each in loaded} == {"style.css", "site.js"}
    assert not any("//" in each for each in loaded)


def test_text_of_a_server_stays_text(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert "<script>alert" not in path.read_text("utf-8") and "<b>x</b>" not in path.read_text("utf-8"), path


def test_a_server_that_was_not_judged_is_a_row_and_a_page_with_the_reason(site: Path) -> None:
    index, page = ((site / name).read_text("utf-8") for name in ("index.html", "servers/gone.html"))
    assert "not installed &lt;script&gt;" in index and "not installed &lt;script&gt;" in page


def test_the_page_of_a_server_begins_with_its_findings_and_puts_blocked_cases_below_their_cause(site: Path) -> None:
    text = (site / server_page("good")).read_text("utf-8")
    places = [text.index(each) for each in ("The status is wrong", "Red cases", "Known failures", "Warnings and diff")]
    assert places == sorted(places)
    cause = text.index('id="cgihttpserver:topic-1/fail"')
    assert cause < text.index("blocks 2 cases") < text.index('id="cgihttpserver:topic-9/waits"')
    assert "because of expected" in text


def test_the_page_of_a_rule_groups_servers_with_the_same_answer(site: Path) -> None:
    text = (site / rule_page(RULE)).read_text("utf-8")
    part = text[text.index('id="topic-1/fail"') :]
    assert part.count("<details") >= 1 and "<span>../&lt;b&gt;x&lt;/b&gt;, good</span>" in part
    assert "printf" in part and "GET /a?&lt;b&gt; HTTP/1.0" in part and "first difference at octet 4" in part


def test_servers_that_differ_only_in_the_field_that_names_them_stand_together() -> None:
    case = case_of("a/b")

    def answer(server: str, body: str) -> Results:
        received = [{"connection": "main", "bytes": f"HTTP/1.0 501 No\\r\\nServer: {server}\\r\\n\\r\\n{body}", "end": "closed"}]
        name = {"name": server, "title": server, "version": ""}
        return assembled(name, "cgihttpserver", "user", 1, [result_of(case, "pass", received=received)])  # type: ignore[arg-type]

    runs = [answer("one/1.0", "x"), answer("two/22", "x"), answer("three", "y")]
    view = rule_view(CLAUSES[RULE], ["a/b"], answers_of(runs), {"a/b": case}, CLAUSES)
    groups = [[name for name, _ in group["servers"]] for group in view["cases"][0]["profiles"][0]["groups"]]
    assert groups == [["one/1.0", "two/22"], ["three"]]


def test_file_names_stay_different_and_in_their_folder() -> None:
    names = ["nginx", "a b", "a_20_b", "..", ".", "../x", "x/y", "ä", "a-b", "A"]
    files = [in_file_name(name) for name in names]
    assert files[0] == "nginx" and len(set(files)) == len(names)
    assert not any("/" in file or file.startswith(".") for file in files)
    assert rule_page("cgi/header-order-is-free") == "rules/cgi/header-order-is-free.html"


def test_a_cell_shows_the_worst_verdict_and_a_skipped_case_is_not_worse_than_a_passed_one() -> None:
    assert cell({"required": {"pass": 3, "skip": 1}})["verdict"] == "pass"
    worst = cell({"required": {"pass": 3}, "observed": {"differs": 2}, "recommended": {"warn": 1}})
    assert (worst["verdict"], worst["number"], worst["of"]) == ("warn", 1, 6)
    assert cell({})["words"] == "no case"


class TestFindings:
    def test_markup_images_and_scripts_stay_text(self) -> None:
        text = as_html("<script>x</script>\n\n[a](javascript:alert(1)) ![i](http://example.com/i.png)")
        assert "<script" not in text and "<img" not in text and 'href="javascript' not in text

    def test_a_link_to_a_file_beside_the_findings_becomes_text(self) -> None:
        text = as_html("see [the configuration](x.conf) and [the RFC](https://example.com/rfc)")
        assert "see the configuration and" in text and text.count("<a href=") == 1 == text.count("</a>")

    def test_headings_go_below_those_of_the_page_and_tables_are_kept(self) -> None:
        text = as_html("# One\n\n## Two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
        assert "<h3>One</h3>" in text and "<h4>Two</h4>" in text and "<td>1</td>" in text
