"""judging/known_failures.py, judging/releases.py, cases/clauses.py: known failures, releases, and clauses."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from case_files import SEND, case, corpus
from cgi_conform.cases.clauses import load_clauses, unmatched
from cgi_conform.cases.load import case_ids, load_cases
from cgi_conform.errors import UserError
from cgi_conform.judging.known_failures import (
    KnownFailure,
    in_release,
    known_failure_of,
    load_known_failures,
    release_note,
    stale,
    with_dependents,
    write_known_failures,
)
from cgi_conform.judging.releases import dotted, has_change, release_in
from cgi_conform.judging.results import CaseResult
from cgi_conform.paths import REPO
from cgi_conform.running.case_result import reason_to_skip
from cgi_conform.running.plan import Options, make_plan


def rules_of(folder: Path, text: str) -> list[KnownFailure]:
    path = folder / "expect.toml"
    path.write_text(text)
    return load_known_failures(path)


def entry(glob: str, more: str = "", outcome: str = "fail", reason: str = "known") -> str:
    return f"['{glob}']\noutcome = '{outcome}'\nreason = '{reason}'\n{more}\n"


def test_an_entry_is_read_with_all_its_keys(tmp_path: Path) -> None:
    [rule] = rules_of(tmp_path, entry("a/*", "saw = 'bare'\nwhen = 'root'"))
    assert rule == KnownFailure("a/*", "fail", "known", "bare", "root", f"{tmp_path.name}/expect.toml")


def test_the_own_entry_wins_over_an_included_one(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "all.toml").write_text(entry("a/*", reason="common"))
    rules = rules_of(tmp_path, "include = ['common/all.toml']\n" + entry("a/*", reason="own"))
    assert [rule.reason for rule in rules] == ["common", "own"]
    assert rules[0].file == "common/all.toml"
    found = known_failure_of(rules, "a/b", "root")
    assert found is not None and found.reason == "own"


def test_an_entry_with_an_exact_id_wins_over_a_glob(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, entry("a/b", reason="exact") + entry("a/*", reason="glob"))
    assert [rule.reason for name in ("a/b", "a/c") if (rule := known_failure_of(rules, name, "user"))] == ["exact", "glob"]


def test_an_entry_with_a_list_of_cases_names_their_cause(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, entry("a cause", "cases = ['a/b', 'c/*']\nsaw = 404"))
    assert [(rule.glob, rule.reason, rule.saw) for rule in rules] == [("a/b", "known", 404), ("c/*", "known", 404)]
    assert [each["glob"] for each in stale(rules, ["a/b"])] == ["c/*"]


def test_a_case_that_varies_is_not_tried_and_the_note_says_why(tmp_path: Path) -> None:
    corpus(tmp_path, case("post/a"))
    [rule] = rules_of(tmp_path, entry("post/a", outcome="varies", reason="it depends on the load"))
    assert (rule.is_tried, rule.note) == (False, "varies: it depends on the load")
    plan = replace(make_plan(Options(command="sh {port}")), known_failures=(rule,))
    assert reason_to_skip(load_cases(tmp_path / "cases")[0], plan) == "varies: it depends on the load"


def test_cases_that_presuppose_one_that_varies_vary_too(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, entry("a/base", outcome="varies", reason="the load") + entry("b/*", outcome="skip"))
    named = {"a/base": ("b/b",), "a/own": ("b/b", "a/base"), "a/far": ("a/own",), "b/b": (), "c/free": ("b/b",)}
    found = with_dependents(rules, named, "root")
    assert found[:2] == tuple(rules)
    assert [(rule.glob, rule.note) for rule in found[2:]] == [
        (name, "varies: presupposes a/base: the load") for name in ("a/own", "a/far")
    ]
    assert with_dependents(rules[1:], named, "root") == tuple(rules[1:])


def test_the_entry_of_a_case_that_presupposes_one_that_varies_does_not_count(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, entry("a/base", "when = 'root'", outcome="varies") + entry("a/own"))
    named = {"a/own": ("a/base",)}
    for user, outcome in (("root", "varies"), ("user", "fail")):
        rule = known_failure_of(with_dependents(rules, named, user), "a/own", user)
        assert rule is not None and rule.outcome == outcome


def test_an_entry_with_when_holds_for_that_user_only(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, entry("a/b", "when = 'root'"))
    assert known_failure_of(rules, "a/b", "user") is None and known_failure_of(rules, "a/b", "root") is not None


def test_a_release_is_read_from_a_version_text() -> None:
    read = {
        "Python 3.13.5": "3.13.5",
        "Python 3.14.0rc1": "3.14.0",
        "Python 3.11.2+": "3.11.2",
        "Python 3.13.5+deb": "3.13.5",
        "lighttpd/1.4.69 (ssl) - a light and fast webserver": "1.4.69",
        "test instrument (Python 3.12)": "3.12.0",
        "x 1.2.3.4.5": "1.2.3.4",
    }
    assert {text: dotted(release) for text in read if (release := release_in(text))} == read
    assert release_in("") is None and release_in("sh") is None and release_in("version 7") is None


@pytest.mark.parametrize(
    ("firsts", "with_it", "without_it"),
    [
        (["3.13.4"], ["3.13.4", "3.13.10", "3.14.0", "4.0.0"], ["3.13.3", "3.12.99", "2.7.18"]),
        (["3.12"], ["3.12.0", "3.12.1", "3.13.0"], ["3.11.14"]),
        (["3.9.1"], ["3.9.10", "3.10.0"], ["3.9.0", "3.8.20"]),
        (
            ["3.10.12", "3.11.4", "3.12"],
            ["3.10.12", "3.10.13", "3.11.4", "3.11.10", "3.12.0", "3.14.0"],
            ["3.10.9", "3.11.0", "3.11.3", "3.9.18"],
        ),
        (["3.11.4", "3.8.17"], ["3.8.17", "3.11.4"], ["3.9.0", "3.10.13", "3.11.3"]),  # some branches never got the change
    ],
)
def test_a_change_has_a_first_release_in_each_branch(
    firsts: list[str], with_it: list[str], without_it: list[str]
) -> None:
    def found(versions: list[str]) -> list[str]:
        return [version for version in versions if has_change(release_in(version) or (0, 0, 0, 0), firsts)]

    assert found(with_it) == with_it and found(without_it) == []


def test_since_and_before_bound_the_releases_of_an_entry(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, entry("a/b", "since = '3.1'\nbefore = ['3.12.8', '3.13.1']"))
    versions = ["2.7.18", "3.1", "3.12.7", "3.12.8", "3.13.0", "3.13.1", "3.14.0"]
    assert [version for version in versions if in_release(rules, version)] == ["3.1", "3.12.7", "3.13.0"]
    assert in_release(rules, "") == () and in_release(rules, "no number") == ()


def test_a_case_may_have_several_entries_for_different_releases(tmp_path: Path) -> None:
    older = "[['a/b']]\nbefore = '3.11.4'\noutcome = 'fail'\nsaw = 200\nreason = 'old'\n"
    newer = "[['a/b']]\nsince = '3.11.4'\noutcome = 'fail'\nsaw = 'bare'\nreason = 'new'\n"
    rules = rules_of(tmp_path, older + newer)
    found = {version: known_failure_of(in_release(rules, version), "a/b", "root") for version in ("3.11.3", "3.11.4")}
    assert {version: rule.saw for version, rule in found.items() if rule} == {"3.11.3": 200, "3.11.4": "bare"}


def test_a_release_that_was_not_checked_is_named_in_a_note() -> None:
    told = "s (Python 3.13.9): unknown release; expectations were checked with 3.12.1, 3.13.0 and 3.13.5, and may be out of date"
    assert release_note("s", "Python 3.13.9", ["3.12.1", "3.13.0", "3.13.5"], []) == told
    assert "checked with 3.13, and may" in release_note("s", "Python 3.13.9", ["3.13"], [])
    assert release_note("s", "Python 3.13.0+", ["3.13"], []) == ""
    assert release_note("s", "Python 3.13.9", [], []) == ""


def test_an_unknown_release_ignores_entries_with_bounds_and_says_so() -> None:
    bound = KnownFailure("a/b", "fail", "x", since=("3.13.4",))
    told = 's: release unknown, so that expectations with "since" or "before" are left out'
    assert release_note("s", "", ["3.13.0"], [bound]) == told
    assert release_note("s", "", ["3.13.0"], [KnownFailure("a/b", "fail", "x")]) == ""


def test_a_plan_holds_the_entries_for_the_release_that_the_server_prints(tmp_path: Path) -> None:
    server = tmp_path / "mine"
    server.mkdir()
    rules_of(server, entry("a/*", "since = '1.2.10'", reason="new") + entry("b/*", "before = '1.2.10'", reason="old"))
    for printed, reason in (("mine 1.2.9", "old"), ("mine 1.2.10rc1", "new")):
        (server / "server.toml").write_text(
            "title = 'Mine'\nprogram = ['/bin/sh']\nprofiles = ['cgihttpserver']\nchecked = ['1.2.10']\n"
            f"command = ['{{program}}', '{{port}}']\nversion = ['{{program}}', '-c', 'echo {printed}']\n"
        )
        plan = make_plan(Options(server=str(server)))
        assert ([rule.reason for rule in plan.known_failures], plan.version) == ([reason], printed)
        assert plan.release_note.startswith("mine (mine 1.2.9): unknown release;") == (reason == "old")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (entry("a/b", "since = '3.x'"), 'expect.toml": "a/b.since" is "3.x", which is not a release such as "3.13.4"'),
        (entry("a/b", "before = ['3.12', '3.14.0rc1']"), '"a/b.before[2]" is "3.14.0rc1", which is not a release'),
        (entry("a/b", "since = 3.12"), '"a/b.since" is 3.12, not a string or a list'),
        (entry("a/b", "since = '3'"), '"a/b.since" is "3", which is not a release'),
        (entry("a/b", "before = []"), '"a/b.before" is empty'),
        (entry("a/b", "before = ['3.12.1', '3.12.4']"), '"a/b.before" names the branch of "3.12.4" twice'),
        ("[['a/b']]\noutcome = 'fail'", 'missing key "reason" in "a/b[1]"'),
        ("['a/b']\noutcome = 'fail'", 'missing key "reason" in "a/b"'),
        (entry("a/b", reason=""), '"a/b.reason" is empty'),
        (entry("a/b", reason=" "), '"a/b.reason" is " ", which is not of the form \\S'),
        (entry("a/b", outcome="fial"), '"a/b.outcome" is "fial", not one of fail, skip, varies (did you mean "fail"?)'),
        (entry("a/b", "saw = 'crash'"), '"a/b.saw" is "crash", not one of closed, silent, bare'),
        (entry("a/b", "rason = 'x'"), 'unknown key "rason" in "a/b" (did you mean "reason"?)'),
        ("include = ['none.toml']", 'includes "none.toml", which does not exist'),
        ("include = ['expect.toml']", "includes itself"),
        ("x = ", "broken TOML: Invalid value (at end of document)"),
    ],
)
def test_an_error_in_an_expectation_file_is_reported_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        rules_of(tmp_path, text)
    assert said in caught.value.message.splitlines()[0] and caught.value.status == 2


def test_a_glob_that_matches_no_case_is_stale() -> None:
    rules = [KnownFailure("a/*", "fail", "x", file="s/expect.toml"), KnownFailure("b/c", "skip", "y", when="root", file="s/expect.toml")]
    assert stale(rules, ["a/b"]) == [{"glob": "b/c", "reason": "y", "file": "s/expect.toml"}]


def result(name: str, verdict: str, **more: Any) -> CaseResult:
    found: CaseResult = {
        "id": name, "title": "", "topic": "a", "level": "required", "clauses": [], "fault": "", "verdict": verdict,
        "note": "", "saw": 200, "mismatches": [], "sent": [], "received": [], "again": "", "curl": None,
    }  # fmt: skip
    return found | more  # type: ignore[return-value]


def test_written_entries_can_be_read_and_keep_their_reasons(tmp_path: Path) -> None:
    mismatch = {"what": "body", "expected": "\"it's\"", "got": r'"\r\n"', "at": 0}
    results = [
        result("a/fail", "fail", mismatches=[mismatch]),
        result("a/bare", "fail", mismatches=[mismatch], saw="bare"),
        result("a/warn", "warn", mismatches=[mismatch]),
        result("a/differs", "differs", mismatches=[mismatch]),
        result("a/pass", "pass"),
        result("a/known", "expected", mismatches=[mismatch]),
        result("a/left", "skip"),
        result("a/lacking", "skip"),
        result("a/broken", "error"),
    ]
    bounds = {"since": ("3.0",), "before": ("3.12.8", "3.13.1")}
    rules = [KnownFailure("a/known", "fail", "the reason", 404, **bounds), KnownFailure("a/l*t", "skip", "it hangs")]
    path = tmp_path / "new.toml"
    assert write_known_failures(path, results, rules, {"fail", "error", "warn"}) == 5
    assert {rule.glob: (rule.outcome, rule.saw) for rule in load_known_failures(path)} == {
        "a/fail": ("fail", 200), "a/bare": ("fail", "bare"), "a/warn": ("fail", 200), "a/known": ("fail", 404),
        "a/left": ("skip", None),
    }  # fmt: skip
    written = tomllib.loads(path.read_text())
    assert (written["a/known"]["since"], written["a/known"]["before"]) == ("3.0", ["3.12.8", "3.13.1"])
    assert written["a/known"]["reason"] == "the reason" and written["a/left"]["reason"] == "it hangs"
    assert written["a/fail"]["reason"] == '?? body: expected "it\'s", got "\\r\\n"'


def test_written_entries_keep_what_the_run_says_nothing_about(tmp_path: Path) -> None:
    mismatch = {"what": "body", "expected": "1", "got": "2", "at": 0}
    results = [
        result("a/blocked", "blocked"),
        result("a/pass", "pass"),
        result("a/other-user", "pass"),
        result("a/both", "fail", mismatches=[mismatch]),
    ]
    rules = [
        KnownFailure("a/blocked", "fail", "one"),
        KnownFailure("a/pass", "fail", "two"),
        KnownFailure("b/*", "fail", "three \x7f", 404),
        KnownFailure("a/other-user", "fail", "four", when="user"),
        KnownFailure("a/both", "fail", "five", when="user"),
    ]
    path = tmp_path / "new.toml"
    assert write_known_failures(path, results, rules, {"fail"}, ["a/pass", "b/unchosen", "c/none"], "root") == 5
    assert [(rule.glob, rule.when, rule.reason) for rule in load_known_failures(path)] == [
        ("a/blocked", "", "one"), ("a/other-user", "user", "four"), ("a/both", "", "?? body: expected 1, got 2"),
        ("a/both", "user", "five"), ("b/unchosen", "", "three \x7f"),
    ]  # fmt: skip


def test_clauses_without_a_case_and_unknown_clauses_are_reported(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"), case("a/c", more=SEND).replace('"seed/a"', '"sed/a"'))
    cases = load_cases(folder / "cases", validate=False)
    text = '["{}"]\nsource = "seed"\nlevel = "must"\ntext = "x"\nlink = "https://example.org/"\n{}\n'
    (folder / "clauses.toml").write_text(
        text.format("seed/a", "unreached = 'no'") + text.format("seed/b", "") + text.format("seed/c", "unreached = 'no'")
    )
    assert unmatched(load_clauses(folder / "clauses.toml"), cases) == [
        'case "a/c": unknown clause "sed/a" (did you mean "seed/a"?)',
        'clause "seed/a" is reached by a case, but has a reason in "unreached" (remove it)',
        'clause "seed/b" is reached by no case (add one, or give the reason: unreached = "…")',
    ]


def test_an_error_in_a_clause_is_reported_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "clauses.toml"
    path.write_text('["seed/a"]\nsource = "sed"\nlevel = "must"\ntext = "x"\nlink = "https://example.org/"\n')
    with pytest.raises(UserError) as caught:
        load_clauses(path)
    assert caught.value.message.startswith('clauses.toml: "seed/a.source" is "sed", not one of seed, cpython,')


def test_every_clause_of_this_suite_has_a_case_or_a_reason() -> None:
    assert unmatched(load_clauses(REPO / "fixtures" / "clauses.toml"), load_cases(REPO / "fixtures" / "cases")) == []


def test_the_entries_of_known_servers_match_existing_cases() -> None:
    corpus = case_ids(REPO / "fixtures" / "cases")
    for path in (REPO / "conformance" / "servers").glob("*/expect*.toml"):
        assert stale(load_known_failures(path), corpus) == []


@pytest.mark.parametrize(
    ("version", "case", "saw"),
    [
        ("3.11.2", "version/signs", 200),
        ("3.11.7", "version/signs", "bare"),
        ("3.11.2", "error-page/no-path-of-the-root", 404),
        ("3.11.7", "error-page/no-path-of-the-root", None),
        ("3.10.11", "error-page/no-path-of-the-root", 404),
        ("3.7.16", "error-page/no-path-of-the-root", 404),
        ("3.7.17", "error-page/no-path-of-the-root", None),
        ("3.13.3", "redirect/encoded-slash", None),
        ("3.13.5", "redirect/encoded-slash", 200),
        ("3.12.7", "fields/folded-from-its-first-line", 200),
        ("3.12.8", "fields/folded-from-its-first-line", None),
        ("2.7.18", "fields/folded-from-its-first-line", None),
    ],
)
def test_known_failures_of_a_cpython_depend_on_its_patch_release(
    version: str, case: str, saw: int | str | None
) -> None:
    minor = ".".join(version.split(".")[:2])
    rules = load_known_failures(REPO / "conformance" / "servers" / f"cpython-{minor}" / "expect.toml")
    rule = known_failure_of(in_release(rules, f"Python {version}"), case, "root")
    assert (rule.saw if rule else None) == saw
