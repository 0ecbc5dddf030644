"""expectations.py and clauses.py: expected failures, and the clauses cases point at."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from case_files import SEND, case, corpus
from cgi_conform.case import load_cases
from cgi_conform.clauses import load_clauses, unmatched
from cgi_conform.errors import UserError
from cgi_conform.expectations import Rule, load_rules, rule_for, stale, write_rules
from cgi_conform.paths import REPO
from cgi_conform.results import CaseResult


def rules_of(folder: Path, text: str) -> list[Rule]:
    path = folder / "expect.toml"
    path.write_text(text)
    return load_rules(path)


def entry(glob: str, more: str = "", outcome: str = "fail", reason: str = "known") -> str:
    return f"['{glob}']\noutcome = '{outcome}'\nreason = '{reason}'\n{more}\n"


def test_rules_are_read_with_all_they_say(tmp_path: Path) -> None:
    [rule] = rules_of(tmp_path, entry("a/*", "saw = 'bare'\nwhen = 'root'"))
    assert rule == Rule("a/*", "fail", "known", "bare", "root", f"{tmp_path.name}/expect.toml")


def test_included_files_come_first(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "all.toml").write_text(entry("a/*", reason="common"))
    rules = rules_of(tmp_path, "include = ['common/all.toml']\n" + entry("a/*", reason="own"))
    assert [rule.reason for rule in rules] == ["common", "own"]
    assert rules[0].file == "common/all.toml"
    found = rule_for(rules, "a/b", "root")
    assert found is not None and found.reason == "own"


def test_an_exact_id_beats_a_glob(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, entry("a/b", reason="exact") + entry("a/*", reason="glob"))
    assert [rule.reason for name in ("a/b", "a/c") if (rule := rule_for(rules, name, "user"))] == ["exact", "glob"]


def test_a_rule_may_hold_for_one_user_only(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, entry("a/b", "when = 'root'"))
    assert rule_for(rules, "a/b", "user") is None and rule_for(rules, "a/b", "root") is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("['a/b']\noutcome = 'fail'", 'missing key "reason" in "a/b"'),
        (entry("a/b", reason=""), '"a/b.reason" is empty'),
        (entry("a/b", reason=" "), '"a/b.reason" is " ", which is not of the form \\S'),
        (entry("a/b", outcome="fial"), '"a/b.outcome" is "fial", not one of fail, skip (did you mean "fail"?)'),
        (entry("a/b", "saw = 'crash'"), '"a/b.saw" is "crash", not one of closed, silent, bare'),
        (entry("a/b", "rason = 'x'"), 'unknown key "rason" in "a/b" (did you mean "reason"?)'),
        ("include = ['none.toml']", 'includes "none.toml", which does not exist'),
        ("include = ['expect.toml']", "includes itself"),
        ("x = ", "broken TOML: Invalid value (at end of document)"),
    ],
)
def test_a_broken_file_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        rules_of(tmp_path, text)
    assert said in caught.value.message.splitlines()[0] and caught.value.status == 2


def test_a_glob_that_matches_no_case_is_stale() -> None:
    rules = [Rule("a/*", "fail", "x", file="s/expect.toml"), Rule("b/c", "skip", "y", when="root", file="s/expect.toml")]
    assert stale(rules, ["a/b"]) == [{"glob": "b/c", "reason": "y", "file": "s/expect.toml"}]


def result(name: str, verdict: str, **more: Any) -> CaseResult:
    found: CaseResult = {
        "id": name, "title": "", "topic": "a", "level": "required", "clauses": [], "fault": "", "verdict": verdict,
        "note": "", "saw": 200, "mismatches": [], "sent": [], "received": [], "again": "", "curl": None,
    }  # fmt: skip
    return found | more  # type: ignore[return-value]


def test_written_expectations_can_be_read_and_keep_their_reasons(tmp_path: Path) -> None:
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
    rules = [Rule("a/known", "fail", "the reason", 404), Rule("a/l*t", "skip", "it hangs")]
    path = tmp_path / "new.toml"
    assert write_rules(path, results, rules, {"fail", "error", "warn"}) == 5
    assert {rule.glob: (rule.outcome, rule.saw) for rule in load_rules(path)} == {
        "a/fail": ("fail", 200), "a/bare": ("fail", "bare"), "a/warn": ("fail", 200), "a/known": ("fail", 404),
        "a/left": ("skip", None),
    }  # fmt: skip
    written = tomllib.loads(path.read_text())
    assert written["a/known"]["reason"] == "the reason" and written["a/left"]["reason"] == "it hangs"
    assert written["a/fail"]["reason"] == '?? body: expected "it\'s", got "\\r\\n"'


def test_clauses_and_cases_reach_each_other(tmp_path: Path) -> None:
    folder = corpus(tmp_path, case("a/b"), case("a/c", more=SEND).replace('"seed-1"', '"sed-1"'))
    cases = load_cases(folder / "cases", validate=False)
    text = '[{}]\nsource = "seed"\nlevel = "must"\ntext = "x"\nlink = "https://example.org/"\n{}\n'
    (folder / "clauses.toml").write_text(
        text.format("seed-1", "unreached = 'no'") + text.format("seed-2", "") + text.format("seed-3", "unreached = 'no'")
    )
    assert unmatched(load_clauses(folder / "clauses.toml"), cases) == [
        'case "a/c": unknown clause "sed-1" (did you mean "seed-1"?)',
        'clause "seed-1" is reached by a case, yet says it is unreached',
        'clause "seed-2" is reached by no case (or say why none can: unreached = "…")',
    ]


def test_a_broken_clause_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "clauses.toml"
    path.write_text('[seed-1]\nsource = "sed"\nlevel = "must"\ntext = "x"\nlink = "https://example.org/"\n')
    with pytest.raises(UserError) as caught:
        load_clauses(path)
    assert caught.value.message.startswith('clauses.toml: "seed-1.source" is "sed", not one of seed, cpython,')


def test_the_clauses_of_this_suite_and_its_cases_reach_each_other() -> None:
    assert unmatched(load_clauses(REPO / "fixtures" / "clauses.toml"), load_cases(REPO / "fixtures" / "cases")) == []


def test_the_expectations_of_known_servers_are_sound() -> None:
    for path in (REPO / "conformance" / "servers").glob("*/expect.toml"):
        load_rules(path)
