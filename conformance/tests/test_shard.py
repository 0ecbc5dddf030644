"""`cgi-conform run --shard I/N` and `cgi-conform merge`: machines share a run, and the whole is that of one machine."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from case_files import SEND, case, corpus
from cgi_conform.cases.load import case_ids
from cgi_conform.cli import main
from cgi_conform.errors import UserError
from cgi_conform.judging.results import Results, exit_status, read, totals, write
from cgi_conform.judging.shards import PartOfRun, merged, part_of_run
from cgi_conform.paths import REPO
from cgi_conform.running.plan import Options
from sample_run import SERVER, case_of, result_of
from whole_run import cgi_conform, command_of, environment, get

PARTS = 3
FILES = ("badge.json", "index.html", "junit.xml", "results.json", "summary.md")
WRONG = "status = 404"


def part_of(name: str, count: int = PARTS) -> int:
    return next(number for number in range(1, count + 1) if PartOfRun(number, count).holds(name))


def name_in(part: int, start: str, count: int = PARTS) -> str:
    """Returns the id of a case that belongs to the part."""
    return next(name for number in range(99) if part_of(name := f"{start}-{number}", count) == part)


class TestParts:
    def test_every_case_is_in_exactly_one_part(self) -> None:
        for name in case_ids(REPO / "fixtures" / "cases"):
            for count in (1, 2, 3, 7):
                assert sum(PartOfRun(number, count).holds(name) for number in range(1, count + 1)) == 1

    def test_the_parts_of_all_cases_and_of_a_sample_are_of_about_equal_size(self) -> None:
        names = case_ids(REPO / "fixtures" / "cases")
        for chosen, count in ((names, 3), (names, 8), ([name for name in names if Options(sample=4).samples(name)], 4)):
            sizes = [sum(PartOfRun(number, count).holds(name) for name in chosen) for number in range(1, count + 1)]
            assert min(sizes) > 0.7 * len(chosen) / count, sizes

    def test_a_case_never_moves_to_another_part(self) -> None:
        names = ("post/plain-file", "post/script", "head/file", "routing/cgi-bin")
        assert [part_of(name) for name in names] == PINNED

    def test_a_value_of_the_option_is_read(self) -> None:
        assert [part_of_run(word) for word in ("1/1", "2/3", "10/10")] == [PartOfRun(1, 1), PartOfRun(2, 3), PartOfRun(10, 10)]

    @pytest.mark.parametrize("word", ["0/2", "3/2", "a", "1/0", "12", "1/2/3", "-1/2", "1/2 ", "01/2", "١/٢", "1/2.0"])
    def test_a_wrong_value_gets_one_line(self, word: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", "--server", "faulty", f"--shard={word}"]) == 2
        told = f'--shard "{word}" is not of the form I/N with I from 1 to N (the first of three parts: --shard 1/3)'
        assert capsys.readouterr() == ("", f"cgi-conform: {told}\n")


PINNED = [2, 1, 2, 2]
BASE = name_in(1, "a/base")  # is red, and blocks cases in each part
BLOCKED = [name_in(part, "a/blocked") for part in (1, 2, 3)]
FREE = [name_in(part, "b/free") for part in (1, 2, 3)]
NEEDS_BASE = f'{SEND}\nneeds = ["{BASE}"]'
EXPECT = (
    f"['{FREE[0]}']\noutcome = 'fail'\nreason = 'does not hold'\n"
    "['b/known*']\noutcome = 'fail'\nreason = 'known to fail'\n"
    "['b/left']\noutcome = 'skip'\nreason = 'hangs'\n"
)
STALE = "['z/*']\noutcome = 'fail'\nreason = 'gone'\n"


@dataclass
class Shared:
    """A run that three machines share, and the same run on one machine. `words` are those of both."""

    folder: Path
    words: tuple[str, ...]

    def run(self, report: str, *words: str) -> subprocess.CompletedProcess[str]:
        return cgi_conform(self.folder, "run", *self.words, "--report", f"{self.folder}/{report}", *words)

    def part(self, number: int, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(f"parts/{number}", f"--shard={number}/{PARTS}", *words)

    def merge(self, *words: str) -> subprocess.CompletedProcess[str]:
        return cgi_conform(self.folder, "merge", f"{self.folder}/parts", "--report", f"{self.folder}/merged", *words)

    def results(self, report: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / report / "results.json").read_text())
        return found

    def parts(self) -> "Shared":
        """Runs all parts."""
        for number in range(1, PARTS + 1):
            self.part(number)
        return self

    def is_whole(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Merges the parts, and compares everything with a run on one machine, which is returned."""
        merge, whole = self.merge(*words), self.run("whole", *words)
        assert told(merge) == told(whole)
        for name in FILES:
            assert (self.folder / "merged" / name).read_bytes() == (self.folder / "whole" / name).read_bytes(), name
        return whole


def told(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    """Returns the exit status, the output, and the messages, without seconds, the chosen port and the server's log."""
    out = re.sub(r"^(# )?\d+\.\d s$", "", done.stdout, flags=re.MULTILINE)
    err = "".join(line for line in done.stderr.splitlines(keepends=True) if not line.startswith(" "))
    return done.returncode, re.sub(r"(--port|nc 127.0.0.1|127.0.0.1:)\s?\d+", r"\1 PORT", out), err


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    """Returns a run with every verdict but "error", and with a red case that blocks cases of each part."""
    corpus(
        tmp_path,
        case(BASE, WRONG), *(case(name, more=NEEDS_BASE) for name in BLOCKED), *(case(name) for name in FREE),
        case("b/known-1", WRONG), case("b/known-2", WRONG), case("b/left"), case("b/lacks", more=f"{SEND}\nneeds = ['http11']"),
        case("b/warn", WRONG, level="recommended"), case("b/differs", WRONG, level="observed"),
    )  # fmt: skip
    (tmp_path / "expect.toml").write_text(EXPECT)
    return Shared(tmp_path, (command_of(tmp_path), "--expect", f"{tmp_path}/expect.toml"))


class TestRun:
    def test_a_presupposition_in_another_part_blocks_as_in_a_whole_run(self, shared: Shared) -> None:
        done = shared.part(2)
        verdicts = {one["id"]: (one["verdict"], one.get("blocked")) for one in shared.results("parts/2")["cases"]}
        assert verdicts[BLOCKED[1]] == ("blocked", BASE) and verdicts[BASE] == ("fail", None)
        assert done.returncode == 1 and verdicts[FREE[1]] == ("pass", None)
        assert {name for name in verdicts if part_of(name) != 2} == {BASE}

    def test_a_presupposition_in_another_part_that_holds_is_not_in_the_results(self, shared: Shared) -> None:
        shared.words = (command_of(shared.folder), BASE, BLOCKED[1])
        corpus(shared.folder, case(BASE), case(BLOCKED[1], more=NEEDS_BASE))
        assert shared.part(2).returncode == 0
        assert [(one["id"], one["verdict"]) for one in shared.results("parts/2")["cases"]] == [(BLOCKED[1], "pass")]

    def test_a_known_failure_of_another_part_is_not_stale(self, shared: Shared) -> None:
        (shared.folder / "expect.toml").write_text(f"['{FREE[0]}']\noutcome = 'fail'\nreason = 'x'\n{STALE}")
        shared.part(2)
        assert [entry["glob"] for entry in shared.results("parts/2")["stale"]] == ["z/*"]

    @pytest.mark.long
    def test_the_same_part_gives_the_same_octets(self, shared: Shared) -> None:
        written = []
        for words in ((), ("-j", "1"), ("--shuffle=7",)):
            shared.part(1, *words)
            written.append((shared.folder / "parts" / "1" / "results.json").read_bytes())
        assert written[1:] == written[:1] * 2

    def test_each_report_says_that_the_run_is_a_part(self, shared: Shared) -> None:
        done = shared.part(2)
        assert "\npart 2 of 3: does not conform\n" in done.stdout
        assert ": part 2 of 3: does not conform\n" in shared.part(2, "--format", "tap").stdout
        report = shared.folder / "parts" / "2"
        assert all("part 2 of 3: does not conform" in (report / name).read_text() for name in ("index.html", "summary.md"))
        assert json.loads((report / "badge.json").read_text())["message"].startswith("part 2 of 3: ")
        properties = {one.get("name"): one.get("value") for one in ElementTree.parse(report / "junit.xml").iter("property")}
        assert properties["shard"] == "2/3"

    @pytest.mark.long
    def test_a_part_without_cases_exits_with_5_and_can_be_merged(self, shared: Shared) -> None:
        shared.words = (command_of(shared.folder), FREE[0], FREE[1])
        done = shared.part(3)
        said = 'cgi-conform: --shard "3/3" holds none of the 2 chosen cases (choose fewer parts, or more cases)\n'
        assert (done.returncode, done.stderr) == (5, said) and "\npart 3 of 3: nothing ran\n" in done.stdout
        assert shared.parts().is_whole().returncode == 0

    @pytest.mark.long
    def test_the_option_goes_with_globs_skip_and_sample(self, shared: Shared) -> None:
        corpus(shared.folder, *(case(f"c/{number}") for number in range(20)))
        shared.words = (command_of(shared.folder), "c", "--sample", "2", "--skip", "c/1*")
        assert shared.parts().is_whole().returncode == 0
        verdicts = [one["verdict"] for one in shared.results("merged")["cases"]]
        assert set(verdicts) == {"pass", "skip"} and len(verdicts) < 20


@pytest.mark.long
class TestWhole:
    """Parts that are merged, beside the same run on one machine."""

    def test_of_a_red_run_with_blocked_cases_and_known_failures(self, shared: Shared) -> None:
        assert shared.parts().is_whole().returncode == 1
        verdicts = {one["id"]: one["verdict"] for one in shared.results("merged")["cases"]}
        assert [verdicts[name] for name in BLOCKED] == ["blocked"] * 3
        assert set(verdicts.values()) == {
            "fail", "blocked", "pass", "warn", "differs", "expected", "unexpected-pass", "skip"
        }  # fmt: skip
        assert "shard" not in shared.results("merged")
        assert "\nnot ok" in shared.is_whole("--format", "tap").stdout

    def test_of_a_run_with_stale_known_failures(self, shared: Shared) -> None:
        (shared.folder / "expect.toml").write_text(f"['{BASE}']\noutcome = 'fail'\nreason = 'known'\n{STALE}")
        done = shared.parts().is_whole()
        assert done.returncode == 1 and done.stdout.count("STALE ") == 1

    def test_of_a_green_run_which_strictness_turns_red(self, shared: Shared) -> None:
        shared.words = (command_of(shared.folder), *FREE, "b/warn", "b/differs")
        shared.parts()
        assert [shared.is_whole(*words).returncode for words in ((), ("--strict",), ("--strict-observed",))] == [0, 1, 1]

    def test_of_parts_that_were_strict(self, shared: Shared) -> None:
        shared.words = (command_of(shared.folder), *FREE, "b/warn", "--strict")
        assert shared.parts().is_whole().returncode == 1

    def test_of_a_run_with_a_blocking_case_that_was_not_chosen(self, shared: Shared) -> None:
        shared.words = (command_of(shared.folder), *BLOCKED)
        assert shared.parts().is_whole().returncode == 1
        assert len(shared.results("merged")["cases"]) == 4

    def test_of_a_server_that_dies(self, shared: Shared) -> None:
        deadly = name_in(2, "b/deadly")
        corpus(shared.folder, *(case(name) for name in FREE), case(deadly, more=get("/die")))
        shared.words = (command_of(shared.folder), "b")
        done = shared.parts().is_whole()
        assert done.returncode == 3 and f'died in case "{deadly}": it exited with status 3\n' in done.stderr

    def test_of_a_server_that_does_not_start(self, shared: Shared) -> None:
        shared.words = ("--command=false {port}", *FREE)
        done = shared.parts().merge()
        why = 'server "command" did not start: it exited with status 1'
        assert (done.returncode, done.stderr) == (3, f"cgi-conform: {why}\n")
        assert shared.results("merged")["incomplete"] == why and shared.results("merged")["totals"]["untried"] == 3

    def test_for_github(self, shared: Shared) -> None:
        shared.parts()
        summary = shared.folder / "summary"
        more = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
        command = [sys.executable, "-m", "cgi_conform", "merge", f"{shared.folder}/parts"]
        done = subprocess.run(command, env=environment(shared.folder, more), capture_output=True, text=True)
        assert done.returncode == 1 and f"::error title={BASE} (fail)::" in done.stdout
        assert "does not conform" in summary.read_text()

    def test_of_a_server_that_knows_scripts_by_a_suffix(self, shared: Shared) -> None:
        script = "send = 'GET /cgi-bin/x HTTP/1.0\\r\\n\\r\\n'"
        corpus(shared.folder, *(case(name, "body.contains = '/cgi-bin/x'", script) for name in FREE))
        (shared.folder / "docroot" / "cgi-bin").mkdir()
        (shared.folder / "docroot" / "cgi-bin" / "x").write_text("#!/bin/sh\n")
        (shared.folder / "docroot" / "cgi-bin" / "x").chmod(0o755)
        shared.words = (command_of(shared.folder), *FREE, "--script-suffix", ".cgi")
        shared.parts().is_whole()
        assert "/cgi-bin/x.cgi" in (shared.folder / "merged" / "index.html").read_text()


def results_of(part: int, count: int = PARTS, **more: Any) -> Results:
    """Returns the results of a part that holds one case."""
    return with_cases(part, [name_in(part, "topic/case", count)], count, **more)


def with_cases(part: int, names: list[str], count: int = PARTS, **more: Any) -> Results:
    cases = [result_of(case_of(name), "pass", digest="00000000") for name in names]
    return {
        "format": 1, "suite": {"version": "0.1.0", "cases": 9}, "server": SERVER, "profile": "cgihttpserver", "user": "user",
        "totals": totals(cases), "stale": [], "cases": cases,
        "shard": {
            "part": part, "parts": count, "chosen": "abcdef01", "delivery": "whole", "suffix": "", "note": "",
            "reach": {"host": "127.0.0.1", "port": 8000, "server": "", "starts": ""}, "messages": [],
        },
        **more,
    }  # type: ignore[typeddict-item]  # fmt: skip


def changed(results: Results, *keys: str, to: object) -> Results:
    """Returns the results with another value."""
    found: Any = json.loads(json.dumps(results))
    where = found
    for key in keys[:-1]:
        where = where[key]
    where[keys[-1]] = to
    return found  # type: ignore[no-any-return]


class TestMerge:
    def test_the_order_of_the_files_does_not_matter(self) -> None:
        files = [(Path(str(part)), results_of(part)) for part in (3, 1, 2)]
        assert merged(files) == merged(sorted(files, key=lambda file: file[0])) and merged(files)["suite"]["version"] == "0.1.0"

    def test_an_interrupted_part_makes_the_whole_incomplete(self) -> None:
        files = [(Path(str(part)), results_of(part)) for part in (1, 2, 3)]
        files[1][1]["incomplete"] = files[2][1]["incomplete"] = "interrupted"
        assert merged(files)["incomplete"] == "interrupted" and exit_status(merged(files)) == 3

    def test_a_red_presupposition_wins_if_it_was_green_on_another_machine(self) -> None:
        files = [(Path(str(part)), with_cases(part, [BASE] if part == 1 else [BASE, BLOCKED[part - 1]])) for part in (1, 2, 3)]
        for _, run in files[1:]:
            run["cases"] = [
                result_of(case_of(BASE), "fail", digest="00000000"), result_of(case_of(run["cases"][1]["id"]), "blocked", blocked=BASE)
            ]  # fmt: skip
        for order in (files, files[::-1]):
            assert {one["id"]: one["verdict"] for one in merged(order)["cases"]} == {
                BASE: "fail", BLOCKED[1]: "blocked", BLOCKED[2]: "blocked"
            }  # fmt: skip

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda run: changed(run, "server", "name", to="other"), 'has the server "other", but "1.json" has "cpython-3.13" ('),
            (lambda run: changed(run, "server", "version", to="3.14"), 'has the server version "3.14", but "1.json" has "Python 3.13.1" ('),
            (lambda run: changed(run, "profile", to="rfc3875"), 'has the profile "rfc3875", but "1.json" has "cgihttpserver" ('),
            (lambda run: changed(run, "suite", "version", to="0.2.0"), 'has the version of cgi-conform "0.2.0", but "1.json" has "0.1.0" ('),
            (lambda run: changed(run, "suite", "cases", to=8), 'has the number of cases "8", but "1.json" has "9" ('),
            (lambda run: changed(run, "user", to="root"), 'has the user "started by root", but '),
            (lambda run: changed(run, "shard", "parts", to=4), 'has the number of parts "4", but "1.json" has "3" ('),
            (lambda run: changed(run, "shard", "delivery", to="bytes"), 'has the delivery "bytes", but "1.json" has "whole" ('),
            (lambda run: changed(run, "shard", "suffix", to=".cgi"), 'has the script suffix ".cgi", but "1.json" has "" ('),
            (lambda run: changed(run, "shard", "chosen", to="x"), 'has the choice of cases "x", but "1.json" has "abcdef01" ('),
        ],
    )  # fmt: skip
    def test_parts_of_different_runs_are_refused(self, change: Callable[[Results], Results], said: str) -> None:
        files = [(Path("1.json"), results_of(1)), (Path("2.json"), change(results_of(2))), (Path("3.json"), results_of(3))]
        with pytest.raises(UserError) as error:
            merged(files)
        assert error.value.message.startswith(f'"2.json" {said}') and error.value.message.endswith(")")
        assert (error.value.status, error.value.message.count("\n")) == (2, 0)

    @pytest.mark.parametrize(
        ("runs", "said"),
        [
            ([results_of(1), results_of(1), results_of(2)],
             '"0.json" and "1.json" both hold part "1/3" (name only one of them)'),
            ([results_of(1), results_of(3)],
             'no file holds part "2/3" of the run in "0.json" (run it with --shard, and name all results.json files)'),
            ([results_of(2)],
             'no file holds parts "1/3", "3/3" of the run in "0.json" (run it with --shard, and name all results.json files)'),
            ([with_cases(1, [BASE, FREE[1]]), results_of(2), results_of(3)],
             f'"0.json": case "{FREE[1]}" stands there twice or belongs to another part (run this part again)'),
            ([with_cases(1, [BASE, BASE]), results_of(2), results_of(3)],
             f'"0.json": case "{BASE}" stands there twice or belongs to another part (run this part again)'),
            ([with_cases(1, [BASE]), results_of(2, cases=[
                result_of(case_of(BASE), "fail", digest="11111111"), result_of(case_of(BLOCKED[1]), "blocked", blocked=BASE)]),
              results_of(3)],
             f'case "{BASE}" has the digest "11111111" in "1.json", and "00000000" in "0.json" (run all parts with the same cases)'),
        ],
        ids=["twice", "missing", "two-missing", "case-of-another-part", "case-twice", "digest"],
    )  # fmt: skip
    def test_files_that_are_not_the_parts_of_a_run_are_refused(self, runs: list[Results], said: str) -> None:
        with pytest.raises(UserError) as error:
            merged([(Path(f"{number}.json"), run) for number, run in enumerate(runs)])
        assert (error.value.message, error.value.status) == (said, 2)

    def test_a_file_without_a_part_gets_one_line(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        run = results_of(1)
        del run["shard"]
        path = tmp_path / "results.json"
        write(run, path)
        for words, said in {
            str(path): f'"{path}" holds no part of a run: it has no "shard" (cgi-conform run --shard I/N makes a part)',
            f"{tmp_path}/none.json": f'cannot read "{tmp_path}/none.json": No such file or directory',
            str(Path(__file__).parent): f'no results.json below "{Path(__file__).parent}" (cgi-conform run --report DIR writes one)',
        }.items():
            assert main(["merge", words]) == 2
            out, err = capsys.readouterr()
            assert out == "" and err.count("\n") == 1
            assert re.sub(r"[\w./-]+/cgi-conform run", "cgi-conform run", err).startswith(f"cgi-conform: {said}")

    def test_commands_that_need_a_whole_run_refuse_a_part(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "results.json"
        write(results_of(2), path)
        assert read(path)["shard"]["part"] == 2
        for words in (["matrix", "--from", str(path)], ["record", "--from", str(path)]):
            assert main(words) == 2
            assert f'"{path}" holds only part 2 of 3 of a run (' in capsys.readouterr().err
