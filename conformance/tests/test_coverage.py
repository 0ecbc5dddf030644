"""cgi-conform coverage: which cases reach which clauses and peers' tests, and which are orphans."""

import json
from pathlib import Path
from typing import Any

import pytest

from case_files import CLAUSES, SEND, corpus
from case_files import case as toml_of
from cgi_conform.cases.clauses import load_clauses
from cgi_conform.cases.load import load_cases
from cgi_conform.cases.marks import Mark, all_marks
from cgi_conform.commands.coverage import as_json, as_markdown, as_text, cover, covered
from whole_run import cgi_conform

PEERS = """
[Go]
link = "https://example.org/go"
tests = ["x_test.go: TestA", "x_test.go: TestB"]
unreached."x_test.go: TestC" = "Windows only"
"""
UNREACHED = CLAUSES.replace("seed/a", "seed/b") + 'unreached = "no request can"\n'


def see(*texts: str) -> str:
    return f"{SEND}\nsee = {json.dumps(texts)}"


def case(name: str, **more: str) -> str:
    """Returns a case with its own fault, so that a case with the same octets is not its twin."""
    return toml_of(name, **more).replace("file-cut-short", name.replace("/", "-"))


def whole(folder: Path, *cases: str, clauses: str = CLAUSES + UNREACHED, peers: str = PEERS) -> Path:
    corpus(folder, *cases)
    (folder / "clauses.toml").write_text(clauses)
    (folder / "peers.toml").write_text(peers)
    return folder


SOUND = (case("a/b", more=see("Go x_test.go: TestA", "CVE-2000-1")), case("a/c", more=see("Go x_test.go: TestB")))


def coverage(folder: Path, *words: str) -> tuple[int, str, list[str]]:
    done = cgi_conform(folder, "coverage", *words)
    return done.returncode, done.stdout, done.stderr.splitlines()


def test_the_text_lists_clauses_cases_and_tests_of_peers(tmp_path: Path) -> None:
    status, out, err = coverage(whole(tmp_path, *SOUND))
    assert (status, err) == (0, [])
    for line in (
        "seed/a  a/b a/c", "seed/b  – no request can", "a/b  seed/a",
        "Go x_test.go: TestA  a/b", "Go x_test.go: TestC  – Windows only",
        "2 cases (2 in cgihttpserver, 0 in rfc3875) reach 1 of 2 clauses; 2 tests of 1 other projects have a case; no orphans",
    ):  # fmt: skip
        assert f"{line}\n" in out
    assert [line.split() for line in out.splitlines() if line.startswith("seed ")] == [["seed", "2", "1", "1", "2"]]


def test_json_and_markdown_hold_the_same_as_the_text(tmp_path: Path) -> None:
    whole(tmp_path, *SOUND)
    document: dict[str, Any] = json.loads(coverage(tmp_path, "--format", "json")[1])
    assert document["clauses"]["seed/a"]["cases"] == ["a/b", "a/c"] and document["cases"] == {"a/b": ["seed/a"], "a/c": ["seed/a"]}
    assert document["sources"] == {"seed": {"clauses": 2, "reached": 1, "unreached": 1, "cases": 2}}
    assert document["peers"]["Go"]["tests"]["x_test.go: TestB"] == ["a/c"] and document["orphans"] == []
    told = coverage(tmp_path, "--format", "markdown")[1]
    assert "| seed | 2 | 1 | 1 | 2 |" in told and "| x\\_test.go: TestB | `a/c` |" in told


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"clauses": CLAUSES + CLAUSES.replace("seed/a", "seed/z")},
         'clause "seed/z" is reached by no case (add one, or give the reason: unreached = "…")'),
        ({"clauses": CLAUSES + 'unreached = "no"\n'}, 
         'clause "seed/a" is reached by a case, but has a reason in "unreached" (remove it)'),
        ({"cases": (*SOUND, case("a/d").replace('["seed/a"]', "[]"))}, 'case "a/d" names no clause for cgihttpserver'),
        ({"cases": (*SOUND, case("a/d").replace('clauses = ["seed/a"]', ""))}, 'case "a/d" names no clause for cgihttpserver'),
        ({"cases": (*SOUND, case("a/d").replace("seed/a", "sed/a"))},
         'case "a/d": unknown clause "sed/a" (did you mean "seed/a"?)'),
        ({"cases": SOUND[:1]}, 'Go test "x_test.go: TestB" is covered by no case (name it in the `see` of one, '
         'or give the reason in "unreached")'),
        ({"cases": (*SOUND, case("a/d", more=see("Go x_test.go: TestD")))},
         'case "a/d": Go has no test "x_test.go: TestD" (did you mean "x_test.go: TestB"?)'),
        ({"cases": (*SOUND, case("a/d", more=see("Go x_test.go: TestC")))},
         'Go test "x_test.go: TestC" is covered by case "a/d", but has a reason in "unreached" (remove it)'),
    ],
)  # fmt: skip
def test_an_orphan_is_reported_in_one_line_and_exits_with_1(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    cases = more.pop("cases", SOUND)
    status, out, err = coverage(whole(tmp_path, *cases, **more))
    assert (status, err) == (1, [f"cgi-conform: {said}"]) and "; 1 orphan\n" in out


RFC = "[case.rfc3875]\nlevel = 'observed'\nstatus = 200"


@pytest.mark.parametrize(
    ("other", "twin"),
    [
        (toml_of("a/other"), True),
        (toml_of("a/other", expect="status = 404", level="observed"), True),
        (toml_of("a/other", more=f"{SEND}\nlimit = 1.0\ncontrol = '/hello.txt'"), True),
        (toml_of("a/other").replace("file-cut-short", "another"), False),
        (toml_of("a/other", more=SEND.replace("1.0", "1.1")), False),
        (toml_of("a/other", more=f"{SEND}\nneeds = ['launch']"), False),
        (toml_of("a/other", more=f"{SEND}\nneeds = ['launch']\nenvironment = {{ A = 'b' }}"), False),
        (toml_of("a/other", more=f"{SEND}\ntimes = 2"), False),
        (toml_of("a/other", level="observed").replace("cgihttpserver", "rfc3875"), False),
        (toml_of("a/other", expect="status = 200\nfault = 'another'", more=f"{SEND}\n{RFC}"), False),
    ],
)
def test_two_cases_with_the_same_bytes_and_fault_in_a_profile_are_twins(tmp_path: Path, other: str, twin: bool) -> None:
    status, _, err = coverage(whole(tmp_path, toml_of("a/one"), other, peers=""))
    said = 'cgi-conform: case "a/other" is the twin of "a/one" in cgihttpserver: the same bytes, and the same fault '
    said += "(remove one of them, or name the fault that only this one notices)"
    assert (status, err) == ((1, [said]) if twin else (0, []))


@pytest.mark.parametrize(("level", "orphans"), [("must", 1), ("should", 1), ("may", 0), ("fact", 0)])
def test_an_observed_case_alone_does_not_reach_a_must_or_should(tmp_path: Path, level: str, orphans: int) -> None:
    clauses = CLAUSES.replace("must", level)
    status, _, err = coverage(whole(tmp_path, case("a/b", level="observed"), clauses=clauses, peers=""))
    assert (status, len(err)) == (bool(orphans), orphans)
    if orphans:
        assert err[0].startswith(f'cgi-conform: clause "seed/a" says {level}, but only observed cases cite it')
    both = case("a/b", level="observed"), case("a/c", level="recommended")
    assert coverage(whole(tmp_path, *both, clauses=clauses, peers=""))[0] == 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("source", "level", "more", "defended"),
    [
        ("rfc3875", "must", "", True),
        ("rfc9110", "must", "", True),
        ("rfc9112", "must", "", True),
        ("rfc9112", "should", "", False),
        ("rfc9112", "may", "", False),
        ("seed", "must", "", False),
        ("cpython", "must", "", False),
        ("suite", "must", "", False),
        ("cve", "must", "", False),
        ("suite", "must", 'hole = "A client reads the source of a script."', True),
        ("cpython", "should", 'hole = "A client reads the source of a script."', True),
    ],
)
def test_what_rfc3875_requires_is_a_must_of_an_rfc_or_closes_a_hole(
    tmp_path: Path, source: str, level: str, more: str, defended: bool
) -> None:
    clauses = CLAUSES.replace('"seed"', f'"{source}"').replace('"must"', f'"{level}"') + more
    required = case("a/b").replace("cgihttpserver", "rfc3875")
    status, _, err = coverage(whole(tmp_path, required, clauses=clauses, peers=""))
    said = 'cgi-conform: case "a/b" is required in rfc3875, and its clauses name neither a must of an RFC nor a hole '
    said += '(cite one that does, add hole = "…" to the clause, or lower the level)'
    assert (status, err) == ((0, []) if defended else (1, [said]))
    lower = required.replace('"required"', '"recommended"')
    assert coverage(whole(tmp_path, lower, clauses=clauses, peers=""))[0] == 0
    assert coverage(whole(tmp_path, case("a/b"), clauses=clauses, peers=""))[0] == 0


def test_the_clauses_of_the_other_profile_defend_nothing(tmp_path: Path) -> None:
    clauses = CLAUSES + CLAUSES.replace("seed/a", "http/b").replace('"seed"', '"rfc9112"')
    both = case("a/b", expect='clauses = ["http/b"]\nstatus = 200')
    both += "\n[case.rfc3875]\nlevel = 'required'\nstatus = 200\n"
    status, _, err = coverage(whole(tmp_path, both, clauses=clauses, peers=""))
    assert status == 1 and len(err) == 1 and 'case "a/b" is required in rfc3875' in err[0]


def test_marks_are_read_from_the_comments_of_server_and_faulty(tmp_path: Path) -> None:
    (tmp_path / "server" / "tests").mkdir(parents=True)
    (tmp_path / "conformance" / "faulty" / "faults").mkdir(parents=True)
    (tmp_path / "server" / "a.h").write_text("// Cuts.  rule: seed/a, seed/b  (RFC 3875 4.1, 4.2)\nint f();\n// The rule: x\n")
    (tmp_path / "server" / "tests" / "b.cc").write_text("  f();  // rule: seed/c\n")
    (tmp_path / "server" / "README.md").write_text("rule: seed/d\n")
    (tmp_path / "conformance" / "faulty" / "c.py").write_text('def f():\n    """Cuts.  rule: seed/a,"""\n')
    (tmp_path / "conformance" / "faulty" / "faults" / "d.toml").write_text("# rule: seed/e\n")
    assert all_marks(tmp_path) == [
        Mark("seed/a", "server/a.h:1"), Mark("seed/b", "server/a.h:1"), Mark("x", "server/a.h:3"),
        Mark("seed/c", "server/tests/b.cc:1"), Mark("seed/a", "conformance/faulty/c.py:2"), Mark("", "conformance/faulty/c.py:2"),
    ]  # fmt: skip
    assert all_marks(tmp_path / "installed") == []


def test_a_mark_that_names_no_clause_is_an_orphan(tmp_path: Path) -> None:
    whole(tmp_path, *SOUND)
    cases, clauses = load_cases(tmp_path / "cases"), load_clauses(tmp_path / "clauses.toml")
    marks = [Mark("seed/a", "server/a.h:1"), Mark("sed/b", "server/a.h:2"), Mark("x", "server/a.h:3")]
    assert cover(cases, clauses, {}, marks[:1]).orphans == []
    assert cover(cases, clauses, {}, marks).orphans == [
        'server/a.h:2: mark "rule: sed/b" names no clause (did you mean "seed/b"?)',
        'server/a.h:3: mark "rule: x" names no clause',
    ]


def test_other_errors_in_the_data_exit_with_2_as_in_run(tmp_path: Path) -> None:
    status, out, err = coverage(whole(tmp_path, *SOUND, case("a/d").replace("title", "titel")))
    assert (status, out) == (2, "") and any('unknown key "titel" (did you mean "title"?)' in line for line in err)
    assert coverage(whole(tmp_path, *SOUND, peers="[Go]\nlink = 'x'\n"))[0] == 2


@pytest.mark.parametrize("name", ["seed-29", "seed", "seed/A", "seed/a/b", "seed/a-"])
def test_a_clause_id_that_is_not_area_slash_what_it_asks_is_an_error(tmp_path: Path, name: str) -> None:
    status, out, err = coverage(whole(tmp_path, *SOUND, clauses=CLAUSES + CLAUSES.replace("seed/a", name)))
    assert (status, out, len(err)) == (2, "", 1)
    assert err[0].startswith(f'cgi-conform: clauses.toml: the name "{name}" is not of the form ')


def test_this_suite_has_no_orphans() -> None:
    found = covered()
    assert found.orphans == [] and len(found.clauses) > 400 and sum(map(len, found.answered.values())) > 175
    assert as_text(found).endswith("no orphans\n")
    assert len(json.loads(as_json(found))["cases"]) == len(found.cases)
    assert as_markdown(found).count("\n| [") == len(found.clauses)
