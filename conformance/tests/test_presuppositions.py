"""presuppositions.py, blocked.py: cases that presuppose others, and what a red presupposition does to a run."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from case_files import SEND, case, corpus
from cgi_conform.cases.load import load_cases
from cgi_conform.cases.presuppositions import presupposed
from cgi_conform.errors import UserError
from cgi_conform.judging.blocked import blocker
from whole_run import cgi_conform, command_of


def needing(*names: str) -> str:
    return f"{SEND}\nneeds = {json.dumps(names)}"


class TestPresuppositions:
    NAMED = {"a/c": ("a/b", "http/x"), "a/b": ("a/a",), "d/d": ("a/c", "a/a")}

    def test_presuppositions_of_presuppositions_count(self) -> None:
        assert presupposed(["a/c"], self.NAMED) == ["a/b", "http/x", "a/a"]
        assert presupposed(["d/d"], self.NAMED) == ["a/c", "a/a", "a/b", "http/x"]
        assert presupposed(["a/a"], self.NAMED) == []

    @pytest.mark.parametrize(
        ("verdicts", "found"),
        [
            ({"a/a": "pass", "a/b": "pass", "a/c": "pass"}, ""),
            ({"a/a": "fail", "a/b": "fail", "a/c": "fail"}, "a/a"),
            ({"a/a": "pass", "a/b": "warn", "a/c": "pass"}, "a/b"),
            ({"a/a": "expected", "a/b": "pass", "a/c": "pass"}, "a/a"),
            ({"a/a": "skip", "a/b": "unexpected-pass", "a/c": "differs"}, "a/c"),
            ({"a/b": "error"}, "a/b"),
            ({}, ""),
        ],
    )
    def test_the_blocker_is_the_red_case_at_the_root(self, verdicts: dict[str, str], found: str) -> None:
        assert blocker("d/d", self.NAMED, verdicts) == found


class TestFiles:
    def test_those_of_a_file_hold_for_cases_that_name_none(self, tmp_path: Path) -> None:
        cases = [case("a/base"), case("a/plain"), case("a/http11", more=needing("http11")), case("a/own", more=needing("b/y"))]
        corpus(tmp_path, case("b/y"), files={"a": 'needs = ["a/base"]\n' + "".join(cases)})
        found = {each.id: each.presupposes for each in load_cases(tmp_path / "cases")}
        assert found == {"a/base": (), "a/plain": ("a/base",), "a/http11": ("a/base",), "a/own": ("b/y",), "b/y": ()}

    @pytest.mark.parametrize(
        ("files", "said"),
        [
            ([case("a/x", more=needing("a/z")), case("a/zz")],
             'cases/a.toml: case "a/x": needs "a/z" (did you mean "a/zz"?)'),
            ([case("a/x", more=needing("b/y")), case("b/y", more=needing("a/x"))],
             'cases/a.toml: case "a/x": needs itself, directly or through other cases\n'
             'cases/b.toml: case "b/y": needs itself, directly or through other cases'),
            ([case("a/x", more=needing("a/x"))], 'cases/a.toml: case "a/x": needs itself, directly or through other cases'),
            ([case("a/x", more=needing("htp11"))], 'cases/a.toml: case "a/x": "needs[1]" is "htp11", not one of launch, root'),
            (['needs = "a/x"\n' + case("a/x")], 'cases/a.toml: "needs" is "a/x", not a list'),
        ],
    )  # fmt: skip
    def test_wrong_presuppositions_are_errors(self, tmp_path: Path, files: list[str], said: str) -> None:
        corpus(tmp_path, *files)
        with pytest.raises(UserError) as caught:
            load_cases(tmp_path / "cases")
        assert caught.value.message.startswith(said)


class TestRuns:
    """A run over a red presupposition, and cases that presuppose it."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        wrong = "status = 404"
        return corpus(
            tmp_path,
            case("a/base", wrong), case("a/red", wrong, more=needing("a/base")), case("a/green", more=needing("a/red")),
            case("a/lacking", more=needing("a/base", "http11")), case("b/free"),
        )  # fmt: skip

    def run(self, folder: Path, *words: str) -> tuple[int, str, dict[str, object]]:
        done = cgi_conform(folder, "run", command_of(folder), "--report", str(folder / "report"), *words)
        return done.returncode, done.stdout, json.loads((folder / "report" / "results.json").read_text())

    def test_a_red_presupposition_blocks_directly_and_through_others(self, folder: Path) -> None:
        status, out, results = self.run(folder)
        found = {each["id"]: (each["verdict"], each.get("blocked")) for each in results["cases"]}  # type: ignore[attr-defined]
        assert found == {
            "a/base": ("fail", None), "a/red": ("blocked", "a/base"), "a/green": ("blocked", "a/base"),
            "a/lacking": ("skip", None), "b/free": ("pass", None),
        }  # fmt: skip
        assert status == 1 and "1 pass, 1 fail, 2 blocked, 1 skip" in out and "blocks    2 cases: a/green, a/red" in out
        suite = ElementTree.parse(folder / "report" / "junit.xml").getroot()
        told = {one.get("name"): [(each.tag, each.get("message")) for each in one] for one in suite.iter("testcase")}
        assert told["a/red"] == [("skipped", "blocked by a/base")] and suite.get("skipped") == "3"
        assert "2 blocked cases" in (folder / "report" / "summary.md").read_text()

    def test_a_known_failure_blocks_too_and_the_run_conforms(self, folder: Path) -> None:
        (folder / "expect.toml").write_text('["a/base"]\noutcome = "fail"\nreason = "known"\n')
        status, out, _ = self.run(folder, "--expect", str(folder / "expect.toml"))
        assert status == 0 and "known   a/base (blocks 2 cases)  known" in out
        assert out.count("conforms (1 known failure), 2 blocked, 1 of 5 skipped\n") == 1

    def test_a_presupposition_that_was_not_selected_is_tried_and_shown_if_it_is_red(self, folder: Path) -> None:
        status, out, results = self.run(folder, "a/green")
        assert status == 1 and "FAIL  a/base" in out and "2 cases: 1 fail, 1 blocked" in out
        assert [each["id"] for each in results["cases"]] == ["a/base", "a/green"]  # type: ignore[attr-defined]
        assert "2 cases" not in self.run(folder, "b/free")[1]

    def test_a_presupposition_that_is_skipped_blocks_nothing(self, folder: Path) -> None:
        status, out, _ = self.run(folder, "a/red", "a/green", "--skip", "a/base")
        assert status == 1 and "FAIL  a/red" in out and "1 fail, 1 blocked" in out

    def test_cases_that_presuppose_one_that_varies_are_not_tried(self, folder: Path) -> None:
        (folder / "expect.toml").write_text('["a/base"]\noutcome = "varies"\nreason = "the load"\n')
        for names in ((), ("a/red", "a/green", "b/free")):
            status, _, results = self.run(folder, *names, "--expect", str(folder / "expect.toml"))
            found = {each["id"]: each["note"] for each in results["cases"] if each["verdict"] == "skip"}  # type: ignore[attr-defined]
            assert status == 0 and found["a/red"] == found["a/green"] == "varies: presupposes a/base: the load"
