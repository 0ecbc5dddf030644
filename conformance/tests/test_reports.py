"""The reports: each shows the failures to its reader, and octets of a server never become markup or a command."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cgi_conform.cases.reproduce import Reach
from cgi_conform.escaped import Marked, clipped, lines, marked, window
from cgi_conform.judging.results import VERDICTS, Results, assembled, exit_status, read
from cgi_conform.report import badge, github, html, junit, markdown, tap, terminal, write_all
from cgi_conform.report.terminal import Style
from sample_run import CASES, CLAUSES, CUT, SERVER, case_of, cut_short, mixed, passing, result_of

RED = ("error", "fail", "unexpected-pass")


def test_the_same_results_give_the_same_reports(tmp_path: Path) -> None:
    names = ["badge.json", "index.html", "junit.xml", "results.json", "summary.md"]
    for folder in ("one", "two"):
        write_all(mixed(), tmp_path / folder, CASES, CLAUSES)
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_reports_work_without_cases_and_clauses(tmp_path: Path) -> None:
    write_all(mixed(), tmp_path, {}, {})


def test_the_reports_of_an_empty_run_say_that_nothing_ran(tmp_path: Path) -> None:
    write_all(assembled(SERVER, "cgihttpserver", "user", 0, []), tmp_path, {}, {})
    assert "nothing ran" in (tmp_path / "summary.md").read_text()
    assert json.loads((tmp_path / "badge.json").read_text())["color"] == "lightgrey"


class TestEscaped:
    def test_clipped_never_cuts_inside_an_escape(self) -> None:
        assert [clipped("ab\\xffcd", limit) for limit in (3, 6, 7, 8)] == ["ab…", "ab\\xff…", "ab\\xffc…", "ab\\xffcd"]

    def test_lines_end_after_the_line_feed_not_after_a_backslash(self) -> None:
        assert lines("a\\r\\nb\\\\nc") == ["a\\r\\n", "b\\\\nc"]
        assert lines("") == []

    def test_marked_splits_the_text_at_the_octet(self) -> None:
        assert marked('starts with "a\\r\\nb"', 2) == Marked('starts with "a\\r', "\\n", 'b"')
        assert marked('"ab"', 2) == Marked('"ab', "", '"')

    @pytest.mark.parametrize(
        ("text", "at"), [("501", 0), ('"ab"', None), ('"ab"', 3), ('"', 0), ('"a… (+9 characters)"', 4)]
    )
    def test_marked_returns_none_if_the_text_has_no_such_octet(self, text: str, at: int | None) -> None:
        assert marked(text, at) is None

    def test_window_keeps_the_marked_octet(self) -> None:
        part = marked('"' + "\\x00" * 50 + "X" + "y" * 50 + '"', 50)
        assert part is not None
        narrow = window(part, 40)
        assert narrow.octet == "X" and len(narrow.text) <= 44 and narrow.before.startswith("…\\x00")


class TestTerminal:
    def test_a_failure_shows_expected_got_the_first_difference_and_the_line_to_paste(self) -> None:
        clauses = ["seed/post-outside-cgi-is-501"]
        case = result_of(case_of("post/plain-file"), "fail", title="POST is refused", clauses=clauses, curl=None)
        assert terminal.failure(case, {}, Style(width=110, reach=Reach(port=41327))).split("\n") == [
            "FAIL  post/plain-file  POST is refused" + " " * 32 + "[seed/post-outside-cgi-is-501, required]",
            "      expected  status 501",
            "      got       status 405                          HTTP/1.0 405 No",
            '      expected  body "a\\r\\nb\\xffc"',
            '      got       body "a\\r\\nbXc"',
            "                            ^ octet 4",
            "      again     printf 'GET /a?<b> HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 41327",
        ]

    def test_few_known_failures_are_named_and_many_are_counted(self) -> None:
        few = terminal.text(passing(2, "expected", note="as CPython does " * 9), {}, Style(width=60, listed=": there"))
        named = [line for line in few.splitlines() if line.startswith("known   many/case-000")]
        assert len(named) == 2 and all(len(line) == 60 and line.endswith("…") for line in named)
        assert few.endswith("conforms (2 known failures)\n") and ": there" not in few
        many = terminal.text(passing(26, "expected"), {}, Style(listed=": there"))
        assert "26 known failures: there\n" in many and "many/case-0001" not in many
        assert terminal.text(passing(1, "expected"), {}).endswith("conforms (1 known failure)\n")

    def test_the_report_names_the_command_that_starts_a_server_for_lines_to_paste(self) -> None:
        style = Style(reach=Reach(port=41327, starts="cgi-conform serve x --port 41327"))
        told = [line for line in terminal.text(mixed(), {}, style).splitlines() if line.startswith("The \"again\" lines")]
        assert len(told) == 1 and told[0].endswith("cgi-conform serve x --port 41327")
        assert "The \"again\" lines" not in terminal.text(passing(1), {}, style)
        assert "The \"again\" lines" not in terminal.text(mixed(), {}, Style())
        needy = result_of(case_of("a/b", needs=("http11",)), "fail")
        run = assembled(SERVER, "cgihttpserver", "user", 1, [needy])
        assert '--port 41327 (add --variant NAME for a line with "server started for NAME")\n' in terminal.text(run, {}, style)

    def test_the_report_shows_every_verdict_the_rule_and_the_total(self) -> None:
        text = terminal.text(mixed(), CLAUSES)
        for word in ("FAIL  ", "ERROR ", "PASSED ", "warn    ", "differs ", "STALE ", "1 case skipped: because of skip"):
            assert f"\n{word}" in f"\n{text}", word
        assert "rule      POST is answered with 501" in text and "https://example.com/a?b#c" in text
        told = "9 cases: " + ", ".join(f"1 {verdict}" for verdict in VERDICTS) + ", 1 stale does not conform"
        assert " ".join(text.split()).endswith(told)
        assert "\033" not in text

    def test_the_report_fits_80_columns_except_for_lines_to_paste(self) -> None:
        text = terminal.text(mixed(), CLAUSES, Style(width=80))
        pasted = ("      again", "      or", "STALE", "skipped", "warn", "differs")
        assert [line for line in text.split("\n") if len(line) > 80 and not line.startswith(pasted)] == []

    def test_what_blocks_others_comes_first_and_many_red_cases_are_brief(self) -> None:
        text = terminal.text(mixed(), {})
        assert text.startswith("FAIL  topic-1/fail") and "      blocks    1 case: topic-1/blocked\n" in text
        assert "begin with topic-1/fail, which blocks 1 case\nred by topic: topic-0 (1), topic-1 (1), topic-2 (1)\n" in text
        many = terminal.text(passing(26, "fail"), {})
        assert many.count("      expected  status 501") == 3 and len(re.findall(r"^FAIL +many/case-", many, re.M)) == 26
        assert "begin with" not in many and "red by topic: many (26)" in many
        assert terminal.text(passing(25, "fail"), {}).count("      expected  status 501") == 25
        assert "red by topic" not in terminal.text(passing(1, "fail"), {})

    def test_strict_shows_warnings_in_full(self) -> None:
        text = terminal.text(mixed(strict=True), CLAUSES)
        assert re.search(r"^warn +topic-\d/warn .*\n(.*\n)*?      expected  status 501", text, re.MULTILINE)

    def test_slowest_lists_the_slowest_cases_first(self) -> None:
        seconds = {"a/b": 0.5, "c/d": 2.0, "e/f": 0.1}
        assert "   2.000 s  c/d\n   0.500 s  a/b\n" in terminal.text(passing(1), CLAUSES, slowest=2, seconds=seconds)

    def test_colours_appear_only_on_a_terminal_without_no_color(self) -> None:
        class Tty(StringIO):
            def isatty(self) -> bool:
                return True

        assert terminal.style_for(Tty(), environment={}).colour
        assert not terminal.style_for(Tty(), environment={"NO_COLOR": "1"}).colour
        assert not terminal.style_for(Tty(), environment={"TERM": "dumb"}).colour
        assert not terminal.style_for(StringIO(), environment={}).colour


class TestJunit:
    def test_each_verdict_becomes_the_right_junit_element(self) -> None:
        suite = ElementTree.fromstring(junit.text(mixed(), CASES, CLAUSES))[0]
        found = {case.get("name"): case for case in suite.iter("testcase")}
        counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
        assert counts == ["10", "3", "1", "2"] and len(found) == 10
        kinds = {name: [child.tag for child in case] for name, case in found.items()}
        assert kinds == {
            "topic-0/pass": [],
            "topic-1/fail": ["failure"],
            "topic-2/warn": ["system-out"],
            "topic-0/differs": ["system-out"],
            "topic-1/blocked": ["skipped"],
            "topic-2/expected": ["system-out"],
            "topic-0/unexpected-pass": ["failure"],
            "topic-1/skip": ["skipped"],
            "topic-2/error": ["error"],
            "post/gone*": ["failure"],
        }
        assert found["topic-1/fail"].get("classname") == "topic-1"
        assert "expected 501" in (found["topic-1/fail"][0].text or "")

    def test_control_characters_cannot_break_the_document(self) -> None:
        run = passing(1, "fail", note="a\0b\x1bc\ufffe\ud800")
        failure = next(ElementTree.fromstring(junit.text(run, {}, {})).iter("failure"))
        assert "a?b?c??" in (failure.text or "")


class TestMarkdown:
    def test_failures_are_shown_and_other_cases_folded(self) -> None:
        text = markdown.text(mixed(), CLAUSES)
        assert text.startswith("## ❌ CPython 3.13 (Python 3.13.1): does not conform\n")
        for verdict in RED:
            assert f"<b>{verdict}</b>" in text
        assert "2 warnings and observed differences" in text and "post/gone*" in text

    def test_octets_of_a_server_stay_text(self) -> None:
        text = markdown.text(mixed(), CLAUSES)
        outside = re.sub(r"```text\n.*?\n```", "", text, flags=re.DOTALL)
        assert "<script>" not in outside and "```" not in outside

    def test_the_report_shows_at_most_200_failures_and_stays_below_1_mib(self) -> None:
        much = {"what": "body", "expected": "x" * 9999, "got": "y" * 9999, "at": 1}
        text = markdown.text(passing(1500, "fail", mismatches=[much] * 9), CLAUSES)
        assert text.count("<details>") == 200 and "and 1300 more" in text
        assert len(text.encode()) < 1 << 20


class TestBadge:
    @pytest.mark.parametrize(
        ("verdict", "message", "colour"),
        [
            ("pass", "conforms (3 cases)", "brightgreen"),
            ("fail", "3 of 3 failed", "red"),
            ("skip", "nothing ran", "lightgrey"),
        ],
    )
    def test_the_badge_shows_the_conclusion_in_its_colour(self, verdict: str, message: str, colour: str) -> None:
        told = json.loads(badge.text(passing(3, verdict)))
        assert told == {"schemaVersion": 1, "label": "CGIHTTPServer", "message": message, "color": colour}

    def test_the_badge_of_a_partial_run_gives_both_numbers(self) -> None:
        run = passing(3)
        run["suite"]["cases"] = 10
        assert json.loads(badge.text(run))["message"] == "conforms (3 of 10 cases)"


class TestIncomplete:
    """A run that ended early is not green. The cases that were not tried do not turn it red."""

    @pytest.mark.parametrize(
        ("verdicts", "message", "colour"),
        [
            (["pass"], "incomplete (1 of 3 cases)", "lightgrey"),
            ([], "incomplete (0 of 2 cases)", "lightgrey"),
            (["pass", "fail"], "1 of 2 failed, incomplete", "red"),
        ],
    )
    def test_the_badge_says_incomplete(self, verdicts: list[str], message: str, colour: str) -> None:
        told = json.loads(badge.text(cut_short(*verdicts)))
        assert (told["message"], told["color"]) == (message, colour)

    def test_the_terminal_counts_untried_cases_and_gives_the_reason(self) -> None:
        told = terminal.text(cut_short("pass", "skip"), {}).splitlines()
        assert told[-2:] == ["4 cases: 1 pass, 1 skip, 2 not tried", f"incomplete: {CUT}"]
        assert not any(line.startswith("skipped   2") for line in told)
        told = terminal.text(cut_short("fail"), {}).splitlines()
        assert told[-1] == f"does not conform, and is incomplete: {CUT}"

    def test_junit_adds_an_error_and_skips_the_untried_cases(self) -> None:
        suite = ElementTree.fromstring(junit.text(cut_short("pass"), {}, {}))[0]
        found = {case.get("name"): [(child.tag, child.get("message")) for child in case] for case in suite.iter("testcase")}
        assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["4", "0", "1", "2"]
        assert found == {
            "topic/pass": [],
            "topic/left-1": [("skipped", f"not tried: {CUT}")],
            "topic/left-2": [("skipped", f"not tried: {CUT}")],
            "all cases were tried": [("error", f"incomplete: {CUT}")],
        }
        properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
        assert properties["incomplete"] == CUT

    def test_markdown_begins_with_the_reason(self) -> None:
        text = markdown.text(cut_short("pass"), {})
        assert text.startswith("## ⚠️ CPython 3.13 (Python 3.13.1): incomplete: the server &lt;did&gt; not start\n")
        assert "| pass | skip | untried |\n| ---: | ---: | ---: |\n| 1 | 2 | 2 |" in text
        assert markdown.text(cut_short("fail"), {}).startswith("## ❌ CPython 3.13 (Python 3.13.1): does not conform, and")

    def test_the_page_shows_the_reason_and_the_number_of_untried_cases(self) -> None:
        text = html.text(cut_short("pass"), {}, {})
        assert '<p class="conclusion bad">incomplete: the server &lt;did&gt; not start</p>' in text
        assert "This run is incomplete: 2 cases were not tried." in text and '<h2 id="broken">' not in text

    def test_github_gets_one_error_with_the_reason(self) -> None:
        assert github.annotations(cut_short("pass"), {}) == [f"::error title=incomplete::{CUT}"]

    def test_results_json_keeps_the_reason_and_exits_with_3(self, tmp_path: Path) -> None:
        run = cut_short("pass")
        assert (exit_status(run), run["totals"]["untried"], run["totals"]["skip"]) == (3, 2, 2)
        write_all(run, tmp_path, {}, {})
        assert read(tmp_path / "results.json") == run


class TestBesideGot:
    """Reports show a status with the status line that was judged, even if another connection answered first."""

    def run(self) -> Results:
        mismatch = {"what": "status", "expected": "400", "got": "200", "at": None, "line": "HTTP/1.1 200 <OK>"}
        mismatches = [{**mismatch, "connection": "second"}, {"what": "status", "expected": "400", "got": "silent", "at": None}]
        first = [{"connection": name, "bytes": f"HTTP/1.1 {told}\\r\\n", "end": "closed"}
                 for name, told in (("main", "400 Bad Request"), ("second", "200 <OK>"))]  # fmt: skip
        return passing(1, "fail", mismatches=mismatches, received=first)

    def test_the_terminal_shows_the_judged_status_line(self) -> None:
        told = terminal.failure(self.run()["cases"][0], {}, Style()).splitlines()
        assert "      got       status 200                          HTTP/1.1 200 <OK> (connection second)" in told
        assert "      got       status silent" in told

    def test_the_other_reports_show_the_judged_status_line(self) -> None:
        told = "200  HTTP/1.1 200 <OK> (connection second)"
        assert f"got       status {told}\n" in markdown.text(self.run(), {})
        assert f"expected 400, got {told}" in github.annotations(self.run(), {})[0].replace("%0A", "\n")
        failure = next(ElementTree.fromstring(junit.text(self.run(), {}, {})).iter("failure"))
        assert f"got      {told}\n" in (failure.text or "")
        assert "<td>200 <small>HTTP/1.1 200 &lt;OK&gt; (connection second)</small></td>" in html.text(self.run(), {}, {})


class Page(HTMLParser):
    """Checks that elements nest, and collects ids, links, elements and loaded files."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(str(given["href"]))
        self.loaded += [str(given[name]) for name in ("src", "srcset", "data") if name in given]
        if tag not in ("meta", "input", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


class TestPage:
    def test_the_page_is_well_formed_and_loads_no_other_file(self) -> None:
        page = Page(html.text(mixed(), CASES, CLAUSES))
        assert page.loaded == [] and "link" not in page.tags
        assert page.tags.count("script") == 3 and page.tags.count("style") == 1  # two scripts hold data
        assert len(page.ids) == len(set(page.ids))
        missing = {link for link in page.links if link.startswith("#")} - {f"#{name}" for name in page.ids}
        assert missing <= {"#unknown-1"}

    def test_the_page_folds_each_case_and_opens_the_red_ones(self) -> None:
        text = html.text(mixed(), CASES, CLAUSES)
        for name in CASES:
            assert f'<details id="{name}"' in text
        assert text.count('" open>') == len(RED)

    def test_a_case_that_is_not_red_is_one_line_and_its_details_are_data(self) -> None:
        page = Page(html.text(passing(1000), {}, CLAUSES))
        assert len(page.tags) < 5 * 1000
        text = html.text(mixed(), CASES, CLAUSES)
        bodies = json.loads(re.findall(r'<script type="application/json" id="bodies">(.*?)</script>', text)[0])
        names = re.findall(r'<details id="([^"]*)"', text)
        assert {name for name, body in zip(names, bodies, strict=True) if not body} == {
            name for name in CASES if name.partition("/")[2] in RED
        }
        assert all("Repeat this case" in body and "<script>" not in body for body in bodies if body)

    def test_the_page_says_where_to_begin_and_names_what_a_case_blocks(self) -> None:
        cases = [result_of(case_of(f"b/{name}"), "blocked", blocked="z/root") for name in ("one", "two")]
        cases += [result_of(case_of("a/alone"), "fail"), result_of(case_of("z/root"), "fail")]
        text = html.text(assembled(SERVER, "cgihttpserver", "user", 4, cases), {}, {})
        first = text.index('href="#z/root"')
        assert text.index("Where to begin") < first < text.index('href="#a/alone"') < text.index('<h2 id="topics">')
        assert "blocks 2 cases" in text and text.index('<form class="filter"') < text.index("Where to begin")

    def test_the_page_marks_the_first_differing_octet(self) -> None:
        assert "b<mark>\\xff</mark>c" in html.text(mixed(), CASES, CLAUSES)

    def test_the_page_stays_small_with_a_thousand_long_cases(self) -> None:
        run = passing(1000, "fail", received=[{"connection": "main", "bytes": "<\\x00" * 300, "end": "open"}] * 2)
        text = html.text(run, {}, CLAUSES)
        assert len(text.encode()) <= html.LARGEST + 400_000  # each case keeps its mismatches and its line to paste
        assert len(html.text(passing(1000), {}, CLAUSES).encode()) <= html.LARGEST

    def test_markup_in_octets_stays_text(self) -> None:
        assert html.octets("\\<b") == "<i>\\&lt;</i>b"
        assert html.octets("a\\\\n\\n") == "a<i>\\\\</i>n<i>\\n</i>"
        assert html.octets("<b>\\r\\nx") == "&lt;b&gt;<i>\\r\\n</i>\nx"


class TestGithub:
    def test_the_summary_is_appended_if_the_step_has_one(self, tmp_path: Path) -> None:
        github.write_summary(markdown.text(mixed(), CLAUSES), {})
        summary = tmp_path / "summary"
        summary.write_text("before\n")
        github.write_summary(markdown.text(mixed(), CLAUSES), {"GITHUB_STEP_SUMMARY": str(summary)})
        assert summary.read_text().startswith("before\n## ❌")

    def test_each_red_case_gets_an_annotation(self) -> None:
        told = github.annotations(mixed(), CASES)
        assert len(told) == 4
        assert told[0].startswith("::error title=topic-1/fail (fail)::The rule of fail")
        assert "%0Astatus: expected 501, got 405  HTTP/1.0 405 No%0A" in told[0] and "blocks 1 case%0A" in told[0]

    @pytest.mark.parametrize("inside", [True, False])
    def test_an_annotation_names_the_line_of_the_case_if_the_repository_has_it(self, tmp_path: Path, inside: bool) -> None:
        file = tmp_path / "cases" / "topic.toml"
        file.parent.mkdir()
        file.write_text('# c\n[[case]]\nid      = "topic/a"\n\n[[case]]\nid = "topic/b"\n')
        moved = replace(CASES["topic-1/fail"], id="topic/b", file=file)
        run = assembled(SERVER, "cgihttpserver", "user", 1, [result_of(moved, "fail")])
        repository = {"GITHUB_WORKSPACE": str(tmp_path if inside else tmp_path / "other")}
        [told] = github.annotations(run, {"topic/b": moved}, environment=repository)
        assert ("file=cases/topic.toml,line=6," in told) is inside and ("file=" in told) is inside

    def test_a_stale_expectation_is_marked_in_its_file(self, tmp_path: Path) -> None:
        file = tmp_path / "known" / "expect.toml"
        file.parent.mkdir()
        file.write_text('["a/b"]\n\n["post/gone*"]\n')
        run = passing(1)
        run["stale"] = [{"glob": "post/gone*", "reason": "r", "file": "known/expect.toml"}]
        told = '::known/expect.toml: "post/gone*" matches no case (r)'
        repository = {"GITHUB_WORKSPACE": str(tmp_path)}
        where = "::error file=known/expect.toml,line=3,title=stale expectation"
        assert github.annotations(run, {}, file, repository) == [where + told]
        assert github.annotations(run, {}, None, repository) == ["::error title=stale expectation" + told]

    def test_github_obeys_no_command_in_the_output_of_a_run(self, capsys: pytest.CaptureFixture[str]) -> None:
        with github.commands_stopped():
            print("::add-mask::a")
        first, _, last = capsys.readouterr().out.splitlines()
        word = first.removeprefix("::stop-commands::")
        assert re.fullmatch("[0-9a-f]{32}", word) and last == f"::{word}::"
        with github.commands_stopped():
            pass
        assert word not in capsys.readouterr().out

    def test_properties_and_data_are_escaped(self) -> None:
        run = passing(1, "fail", id="a/b", title="50% a:b,c\nd\r")
        line = github.annotations(run, {})[0]
        assert line.startswith("::error title=a/b (fail)::50%25 a:b,c%0Ad%0D%0A")

    def test_at_most_ten_annotations_are_printed(self) -> None:
        told = github.annotations(passing(30, "fail"), {})
        assert len(told) == 10 and told[-1] == "::error::and 21 more: see the summary of this step"


class TestTap:
    def points(self, results: Results) -> dict[str, str]:
        """Returns "ok" or "not ok", with the directive, by case."""
        lines = tap.text(results).splitlines()
        found = [re.fullmatch(r"(ok|not ok) (\d+) - (\S+(?: expectation)?) .*?((?<!\\)# (?:SKIP|TODO) .*)?", line) for line in lines]
        points = [each for each in found if each]
        assert lines[:2] == ["TAP version 13", f"1..{len(points)}"]
        assert [int(each[2]) for each in points] == list(range(1, len(points) + 1))
        return {each[3]: " ".join([each[1], *(each[4] or "").split()[1:2]]) for each in points}

    def test_each_verdict_has_its_outcome_and_directive(self) -> None:
        assert self.points(mixed()) == {
            "topic-0/pass": "ok",
            "topic-1/fail": "not ok",
            "topic-2/warn": "not ok TODO",
            "topic-0/differs": "not ok TODO",
            "topic-1/blocked": "ok SKIP",
            "topic-2/expected": "not ok TODO",
            "topic-0/unexpected-pass": "not ok",
            "topic-1/skip": "ok SKIP",
            "topic-2/error": "not ok",
            "stale expectation": "not ok",
        }
        assert self.points(mixed(strict=True, strict_observed=True))["topic-2/warn"] == "not ok"

    def test_a_failure_has_a_block_of_yaml(self) -> None:
        yaml = pytest.importorskip("yaml")
        lines = tap.text(mixed()).splitlines()
        at = next(number for number, line in enumerate(lines) if line.startswith("not ok") and " topic-1/fail " in line)
        end = lines.index("  ...", at)
        block = yaml.safe_load("\n".join(line[2:] for line in lines[at + 2 : end]))
        case = next(each for each in mixed()["cases"] if each["id"] == "topic-1/fail")
        assert block["verdict"] == "fail" and block["again"] == case["again"]
        assert block["mismatches"][1] == {"what": "body", "expected": '"a\\r\\nb\\xffc"', "got": '"a\\r\\nbXc"'}

    @pytest.mark.skipif(shutil.which("prove") is None, reason="prove is not installed")
    @pytest.mark.parametrize(
        ("run", "green"),
        [
            (passing(3), True),
            (passing(3, "warn"), True),
            (passing(3, "expected", note="why # TODO\nnot"), True),
            (passing(2, "pass", title="a # SKIP b \\"), True),
            (passing(3, "fail", title="a # TODO b \\"), False),
            (passing(2, "unexpected-pass"), False),
            (cut_short("pass"), False),
        ],
    )
    def test_prove_gives_the_verdict_of_the_exit_status(self, tmp_path: Path, run: Results, green: bool) -> None:
        file = tmp_path / "run.tap"
        file.write_text(tap.text(run))
        done = subprocess.run(["prove", "--exec", "cat", file], capture_output=True, text=True)
        assert (done.returncode == 0) is green is (exit_status(run) == 0), done.stdout + done.stderr
        assert "Parse errors" not in done.stdout, done.stdout
