"""cgi-conform coverage: clauses, cases and the tests of peers, in both directions."""

import json
from pathlib import Path
from typing import Any

import pytest

from case_files import CLAUSES, SEND, case, corpus
from cgi_conform.coverage import as_json, as_markdown, as_text, covered
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


def whole(folder: Path, *cases: str, clauses: str = CLAUSES + UNREACHED, peers: str = PEERS) -> Path:
    corpus(folder, *cases)
    (folder / "clauses.toml").write_text(clauses)
    (folder / "peers.toml").write_text(peers)
    return folder


SOUND = (case("a/b", more=see("Go x_test.go: TestA", "CVE-2000-1")), case("a/c", more=see("Go x_test.go: TestB")))


def coverage(folder: Path, *words: str) -> tuple[int, str, list[str]]:
    done = cgi_conform(folder, "coverage", *words)
    return done.returncode, done.stdout, done.stderr.splitlines()


def test_both_directions_and_the_peers(tmp_path: Path) -> None:
    status, out, err = coverage(whole(tmp_path, *SOUND))
    assert (status, err) == (0, [])
    for line in (
        "seed/a  a/b a/c", "seed/b  – no request can", "a/b  seed/a",
        "Go x_test.go: TestA  a/b", "Go x_test.go: TestC  – Windows only",
        "1 of 2 clauses are reached by 2 cases (2 in cgihttpserver, 0 in rfc3875); 2 tests of 1 other projects have a case; no orphans",
    ):  # fmt: skip
        assert f"{line}\n" in out
    assert [line.split() for line in out.splitlines() if line.startswith("seed ")] == [["seed", "2", "1", "1", "2"]]


def test_json_and_markdown_hold_the_same(tmp_path: Path) -> None:
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
         'clause "seed/z" is reached by no case (or say why none can: unreached = "…")'),
        ({"clauses": CLAUSES + 'unreached = "no"\n'}, 'clause "seed/a" is reached by a case, yet says it is unreached'),
        ({"cases": (*SOUND, case("a/d").replace('["seed/a"]', "[]"))}, 'case "a/d" names no clause'),
        ({"cases": (*SOUND, case("a/d").replace('clauses = ["seed/a"]', ""))}, 'case "a/d" names no clause'),
        ({"cases": (*SOUND, case("a/d").replace("seed/a", "sed/a"))},
         'case "a/d": unknown clause "sed/a" (did you mean "seed/a"?)'),
        ({"cases": SOUND[:1]}, 'Go test "x_test.go: TestB" is answered by no case (name it in `see`, or say why not)'),
        ({"cases": (*SOUND, case("a/d", more=see("Go x_test.go: TestD")))},
         'case "a/d": Go has no test "x_test.go: TestD" (did you mean "x_test.go: TestB"?)'),
        ({"cases": (*SOUND, case("a/d", more=see("Go x_test.go: TestC")))},
         'Go test "x_test.go: TestC" is answered by case "a/d", yet says why none can'),
    ],
)  # fmt: skip
def test_an_orphan_is_said_in_one_line_and_is_red(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    cases = more.pop("cases", SOUND)
    status, out, err = coverage(whole(tmp_path, *cases, **more))
    assert (status, err) == (1, [f"cgi-conform: {said}"]) and "1 orphans" in out


def test_what_is_broken_otherwise_is_said_as_by_run(tmp_path: Path) -> None:
    status, out, err = coverage(whole(tmp_path, *SOUND, case("a/d").replace("title", "titel")))
    assert (status, out) == (2, "") and any('unknown key "titel" (did you mean "title"?)' in line for line in err)
    assert coverage(whole(tmp_path, *SOUND, peers="[Go]\nlink = 'x'\n"))[0] == 2


@pytest.mark.parametrize("name", ["seed-29", "seed", "seed/A", "seed/a/b", "seed/a-"])
def test_the_id_of_a_clause_is_an_area_and_what_the_clause_asks(tmp_path: Path, name: str) -> None:
    status, out, err = coverage(whole(tmp_path, *SOUND, clauses=CLAUSES + CLAUSES.replace("seed/a", name)))
    assert (status, out, len(err)) == (2, "", 1)
    assert err[0].startswith(f'cgi-conform: clauses.toml: the name "{name}" is not of the form ')


def test_this_suite_has_no_orphans() -> None:
    found = covered()
    assert found.orphans == [] and len(found.clauses) > 400 and sum(map(len, found.answered.values())) > 175
    assert as_text(found).endswith("no orphans\n")
    assert len(json.loads(as_json(found))["cases"]) == len(found.cases)
    assert as_markdown(found).count("\n| [") == len(found.clauses)
