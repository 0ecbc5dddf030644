"""cgi-conform list, show and servers: their output for invented cases, recordings and runs."""

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cgi_conform.cases.answer import Expectation, Host
from cgi_conform.cases.case import Step
from cgi_conform.cases.docroot import remove
from cgi_conform.cases.marks import Mark
from cgi_conform.cases.matcher import Matcher
from cgi_conform.cases.wording import asked, in_words
from cgi_conform.cli import main
from cgi_conform.commands import servers, show
from cgi_conform.commands import list as listing
from cgi_conform.judging.agreements import agreements
from cgi_conform.judging.recordings import Recording, in_order, read_recordings, recording_of, write_recordings
from cgi_conform.judging.results import Server, assembled
from cgi_conform.paths import REPO
from cgi_conform.report.rule_page import rule_page
from cgi_conform.servers.definition import server_names
from cgi_conform.servers.definition import ServerDefinition
from case_files import case as toml_of
from case_files import corpus
from sample_run import CASES, CLAUSES, case_of, mixed, result_of


def recorded(name: str, saw: int, version: str, more: str = "") -> Recording:
    octets = f"HTTP/1.0 {saw} X\\r\\nServer: {version.replace(' ', '/')}\\r\\n{more}"
    received = [{"connection": "main", "bytes": octets, "end": "closed"}]
    case = result_of(case_of("post/plain"), "pass", saw=saw, received=received)
    server: Server = {"name": name, "title": name, "version": version}
    return recording_of(assembled(server, "cgihttpserver", "root", 1, [case]))


RECORDINGS = [
    recorded("cpython-2.7", 501, "Python 2.7.18"),
    recorded("cpython-3.8", 501, "Python 3.8.18+"),
    recorded("cpython-3.9", 405, "Python 3.9.1"),
    recorded("cpython-3.10", 501, "Python 3.10.13"),
    recorded("cpython-3.13", 501, "Python 3.13.0"),
]


def test_list_prints_aligned_columns_or_the_same_as_json() -> None:
    cases = [case_of("a/b"), case_of("topic/longer", needs=("root", "log"))]
    rows = listing.as_text(cases, "cgihttpserver").splitlines()
    clauses = "seed/post-outside-cgi-is-501,unknown-1"
    assert rows[0].startswith(f"a/b           required  {clauses}  -         The rule of b")
    assert rows[1].startswith(f"topic/longer  required  {clauses}  root,log  The rule of longer")
    told = json.loads(listing.as_json(cases, "cgihttpserver"))
    assert [case["id"] for case in told] == ["a/b", "topic/longer"] and told[1]["needs"] == ["root", "log"]


def test_versions_with_the_same_answer_share_an_entry() -> None:
    told = [(found.servers, found.answer.saw) for found in agreements(RECORDINGS, "post/plain", "cgihttpserver")]
    assert told == [("2.7–3.8, 3.10–3.13", 501), ("3.9", 405)]
    assert agreements(RECORDINGS, "post/other", "cgihttpserver") == []
    assert agreements(RECORDINGS, "post/plain", "rfc3875") == []


def test_versions_that_differ_after_the_status_line_are_not_identical() -> None:
    other = recorded("cpython-3.14", 501, "Python 3.14.0", "X: y\\r\\n")
    found = agreements([*RECORDINGS, other], "post/plain", "cgihttpserver")
    assert [(each.servers, each.identical) for each in found] == [("2.7–3.8, 3.10–3.14", False), ("3.9", True)]


def later(recording: Recording, since: str, saw: int, more: str = "") -> Recording:
    """Returns the recording with another answer since a release."""
    answer = recorded(recording.name, saw, recording.versions[0], more).cases["post/plain"][""]
    return replace(recording, cases={"post/plain": {**recording.cases["post/plain"], since: answer}})


def test_a_changed_answer_is_named_by_the_first_release_that_has_it() -> None:
    older = later(recorded("cpython-3.11", 405, "Python 3.11.7"), "3.11.4", 501)
    newer = later(RECORDINGS[-1], "3.13.4", 405)
    both = later(newer, "3.13.7", 400)

    def told(*recordings: Recording) -> list[tuple[str, object]]:
        found = agreements(recordings, "post/plain", "cgihttpserver")
        return [(each.servers, each.answer.saw) for each in found]

    assert told(RECORDINGS[0], newer) == [("2.7–3.13 (before 3.13.4)", 501), ("3.13.4–", 405)]
    assert told(RECORDINGS[3], older, RECORDINGS[4]) == [("3.10, 3.11.4–3.13", 501), ("3.11 (before 3.11.4)", 405)]
    assert told(RECORDINGS[2], older) == [("3.9–3.11 (before 3.11.4)", 405), ("3.11.4–", 501)]
    assert told(both) == [
        ("3.13 (before 3.13.4)", 501),
        ("3.13.4 (before 3.13.7)", 405),
        ("3.13.7–", 400),
    ]


def test_a_variant_of_a_version_stands_behind_the_versions_and_in_no_range() -> None:
    variant = recorded("cpython-3.9-no-fork", 501, "Python 3.9.1")

    def told(*recordings: Recording) -> list[tuple[str, object]]:
        found = agreements(in_order(recordings), "post/plain", "cgihttpserver")
        return [(each.servers, each.answer.saw) for each in found]

    assert told(recorded("zeus", 501, "Zeus"), variant, *RECORDINGS) == [
        ("2.7–3.8, 3.10–3.13, 3.9-no-fork, zeus", 501),
        ("3.9", 405),
    ]
    assert told(later(later(variant, "3.9.5", 405), "3.9.7", 400)) == [
        ("3.9-no-fork (before 3.9.5)", 501),
        ("3.9-no-fork (since 3.9.5 before 3.9.7)", 405),
        ("3.9-no-fork (since 3.9.7)", 400),
    ]


def test_show_prints_the_releases_and_their_different_answers() -> None:
    case = case_of("topic-1/fail")
    newer = later(RECORDINGS[-1], "3.13.4", 501, "X: only here\\r\\n")
    found = agreements([newer], "post/plain", "cgihttpserver")
    text = show.page(case, "cgihttpserver", CLAUSES, found, None, 140)
    for part in ("3.13 (before 3.13.4): status 501", "3.13.4–: status 501", "X: only here\\r\\n"):
        assert part in text, part


def test_recordings_are_read_in_the_order_of_versions_and_by_topic(tmp_path: Path) -> None:
    write_recordings(tmp_path, [], [recorded("zeus", 200, "Zeus"), *reversed(RECORDINGS)])
    read = read_recordings(tmp_path)
    names = ["cpython-2.7", "cpython-3.8", "cpython-3.9", "cpython-3.10", "cpython-3.13", "zeus"]
    assert [recording.name for recording in read] == names
    assert read == [*RECORDINGS, recorded("zeus", 200, "Zeus")] == read_recordings(tmp_path, "post")
    assert [recording.cases for recording in read_recordings(tmp_path, "get")] == [{}] * 6
    assert read_recordings(tmp_path / "none") == []


@pytest.mark.parametrize("width", [80, 140])
def test_show_prints_the_rule_the_octets_and_three_answers(width: int) -> None:
    case = case_of("topic-1/fail")
    recording = replace(RECORDINGS[0], cases={case.id: RECORDINGS[0].cases["post/plain"]})
    found = agreements([recording], case.id, "cgihttpserver")
    text = show.page(case, "cgihttpserver", CLAUSES, found, mixed(), width)
    link, sent = "https://example.com/a?b#c", "  GET /a?<b> HTTP/1.0\\r\\n"
    for part in ("seed/post-outside-cgi-is-501 (must)", link, sent, "status 501", "2.7: status 501"):
        assert part in text, part
    assert "printf 'GET /a?<b> HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 PORT" in text
    heads = [line for line in text.splitlines() if line.startswith("the rule")]
    assert ("CPython" in heads[0]) == (width == 140)
    assert all(len(line) <= width for line in text.splitlines() if "127.0.0.1" not in line)


def test_show_works_without_recordings_and_without_a_run() -> None:
    assert "the rule" in show.page(case_of("a/b"), "cgihttpserver", {}, [], None)


def test_expectations_in_words_use_the_names_of_mismatches() -> None:
    case = CASES["topic-0/pass"]
    assert asked(case.expect["cgihttpserver"]) == [("status", "501"), ("body", '"x"')]
    assert in_words(Matcher(absent=True)) == "absent"
    assert in_words(Matcher(count=2)) == "2 lines"
    every = Host(zombies=0, scripts=1, descriptors=2, memory=3, written=("a", "b"), listening=False, ended=True)
    assert asked(Expectation("required", (), host=every)) == [
        ("host.zombies", "0 at most"),
        ("host.scripts", "1 at most"),
        ("host.descriptors", "2 at most more than before"),
        ("host.memory", "3 octets at most more than before"),
        ("host.written", "nothing, except a, except b"),
        ("host.listening", "nobody listens on the server's socket any more"),
        ("host.ended", "the server has ended"),
    ]
    assert in_words(Matcher(count=2, contains=(b"a",))) == '2 lines, contains "a"'


@pytest.mark.long
def test_every_case_of_the_corpus_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    if not (REPO / "fixtures" / "cases").is_dir():
        pytest.skip("no corpus")
    assert main(["list", "--json"]) == 0
    cases = [case["id"] for case in json.loads(capsys.readouterr().out)]
    for name in {case.partition("/")[0]: case for case in cases}.values():  # one per topic
        assert main(["show", name]) == 0, name
        assert capsys.readouterr().out.startswith(name)


def test_show_takes_the_only_profile_of_a_case_and_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                          capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    one, other = toml_of("a/one"), toml_of("a/other").replace("case.cgihttpserver", "case.rfc3875")
    both = toml_of("a/both", more="send = 'x'\n[case.rfc3875]\nlevel = 'observed'\nstatus = 400")
    corpus(tmp_path, one, other, both)
    monkeypatch.setenv("CGI_CONFORM_FIXTURES", str(tmp_path))
    monkeypatch.setenv("CGI_CONFORM_BUILD", str(tmp_path))
    for words, told in {
        ("a/one",): "profile cgihttpserver (only), required",
        ("a/one", "--profile", "rfc3875"): "profile cgihttpserver (only), required",
        ("a/other",): "profile rfc3875 (only), required",
        ("a/both",): "profile cgihttpserver (also in rfc3875: --profile rfc3875), required",
        ("a/both", "--profile", "rfc3875"): "profile rfc3875 (also in cgihttpserver: --profile cgihttpserver), observed",
    }.items():
        assert main(["show", *words]) == 0
        assert told in " ".join(capsys.readouterr().out.split()), words
    assert main(["replay", "a/other", "--command", "true {port}"]) == 2
    assert 'case "a/other" is not judged in profile cgihttpserver (--profile rfc3875)' in capsys.readouterr().err


def test_the_lines_to_paste_hold_the_port_or_say_how_to_get_one() -> None:
    plain = case_of("a/b")
    reset = replace(case_of("a/c", needs=("http11",)), steps=(Step(send=b"x {port}", reset=True),))
    text = show.page(plain, "cgihttpserver", {}, [], None)
    assert "| nc 127.0.0.1 PORT" in text and "conform serve NAME --port 8000\n" in text and "{port}" not in text
    text = show.page(plain, "cgihttpserver", {}, [], None, port=41327)
    assert "| nc 127.0.0.1 41327" in text and "conform serve" not in text
    text = show.page(reset, "cgihttpserver", {}, [], None)
    assert "conform replay a/c --server NAME  # more than nc can do\n" in text and "conform serve" not in text


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("post/plain-fil", 'case "post/plain-file"'),
        ("cgi/header-order-is-fre", 'clause "cgi/header-order-is-free"'),
        ("disclosure/fragments", 'case "disclosure/fragment-and-dots" or clause "disclosure/fragment"'),
    ],
)
def test_a_word_that_is_neither_case_nor_clause_gets_the_nearest_of_both(
    word: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", word]) == 5
    (line,) = capsys.readouterr().err.splitlines()
    assert f'no case matches "{word}", and no clause has this id (did you mean {meant}' in line


def test_a_word_without_a_near_match_gets_the_commands_that_list_both() -> None:
    assert show.unknown("zzz", ["a/b"], ["seed/a"]).endswith("(cgi-conform list and cgi-conform coverage show them)")


def test_show_of_a_clause_prints_its_cases_their_faults_and_the_marked_code() -> None:
    (clause,) = CLAUSES.values()
    two = replace(CASES["topic-0/pass"], expect={
        "cgihttpserver": Expectation("required", ()), "rfc3875": Expectation("required", (), fault="answers-404"),
    })  # fmt: skip
    marks = [Mark(clause.id, "server/route.h:43"), Mark("seed/other", "server/route.h:44"), Mark(clause.id, "server/b.h:1")]
    places = {clause.id: "clauses.toml:7", "some-fault": "faults/post.toml:3", "answers-{status}": "faults/general.toml:2"}
    assert rule_page(clause, [case_of("a/b", shared_clauses=("seed/other",)), two], marks, places, 1000).splitlines() == [
        f"{clause.id} (must)  clauses.toml:7",
        f"  {clause.text}",
        f"  {clause.link}",
        "",
        "1 case",
        "  topic-0/pass  /nowhere/topic-0.toml:1",
        f"    {two.title}",
        "    fault some-fault  faults/post.toml:3",
        "    fault answers-404  faults/general.toml:2",
        "",
        "marked code",
        "  server/route.h:43",
        "  server/b.h:1",
    ]
    lost = rule_page(replace(clause, unreached="No request can."), [case_of("a/b", shared_clauses=())], [], {}, 100).splitlines()
    assert lost[-3:] == ["no case: No request can.", "", "marked code: none"]


def test_a_clause_says_what_an_attacker_gains_where_it_is_broken() -> None:
    (clause,) = CLAUSES.values()
    text = rule_page(replace(clause, hole="A client reads the source of a script."), [], [], {}, 1000)
    assert text.splitlines()[1:4] == [f"  {clause.text}", "  hole: A client reads the source of a script.", f"  {clause.link}"]


def test_each_file_and_line_that_show_prints_holds_the_named_thing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "post/plain-file"]) == 0
    case = places_in(capsys.readouterr().out)
    assert main(["show", "base/encoded-nul-is-refused"]) == 0
    rule = places_in(capsys.readouterr().out)
    assert {name for name, _ in case} == {
        "post/plain-file", "post-outside-cgi-allowed", "seed/post-outside-cgi-is-refused", "seed/post-outside-cgi-is-501",
    }  # fmt: skip
    assert {"base/encoded-nul-is-refused", "path-info/nul", "nul-in-path-cuts"} <= {name for name, _ in rule}
    assert any(place.startswith("server/url_path.h:") for _, place in rule)
    for name, place in {*case, *rule}:
        file, _, number = place.partition(":")
        assert name in (REPO / file).read_text("utf-8").splitlines()[int(number) - 1], place


def places_in(text: str) -> list[tuple[str, str]]:
    """Returns the names and places of a page. Marked code gets the name of the clause at the top of the page."""
    first = text.partition(" ")[0]
    found = re.findall(r"^ *(?:broken by )?(?:fault )?(\S*)(?: \(\w+\))? +((?:\S+/)+\S+:\d+)$", text, re.MULTILINE)
    return [(name or first, place) for name, place in found]


def test_servers_says_not_installed_and_names_the_program() -> None:
    known = ServerDefinition("here", "Here", Path("/bin/sh"), "sh", (), profiles=("cgihttpserver",), variants={"http11": ()})
    lost = ServerDefinition("gone", "Gone", None, "python9", (), profiles=("cgihttpserver",))
    assert servers.table([(known, "sh 1"), (lost, "")]).splitlines() == [
        "name  version                  profiles       capabilities",
        "here  sh 1                     cgihttpserver  http11",
        "gone  not installed (python9)  cgihttpserver  -",
    ]
    packaged = replace(lost, packages=("python9",))
    assert "gone  not installed (cgi-conform servers --install gone)  cgi" in servers.table([(packaged, "")])


def test_servers_lists_every_definition(capsys: pytest.CaptureFixture[str]) -> None:
    assert servers.main(argparse.Namespace(install=None)) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == server_names()


def test_fixtures_writes_the_document_root_into_a_new_directory_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (REPO / "fixtures" / "docroot").is_dir():
        pytest.skip("no document root")
    assert main(["fixtures", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / "root" / "hello.txt").exists()
    assert f"--root {tmp_path}/new/root" in capsys.readouterr().out
    assert main(["fixtures", str(tmp_path / "new")]) == 2
    remove(tmp_path / "new")  # pytest cannot remove it: an ordinary user may not enter some of its folders
