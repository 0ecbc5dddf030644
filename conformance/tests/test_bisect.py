"""cgi-conform bisect: the level that a server reaches, and the case that stops it."""

from pathlib import Path

import pytest

from case_files import SEND, case, corpus
from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.levels import climbed, load_levels
from cgi_conform.cases.load import load_cases
from cgi_conform.http.framing import asks_for_a_script
from cgi_conform.paths import REPO
from whole_run import cgi_conform, command_of, get

LEVELS = """
[[level]]
name  = "one"
about = "the first rules"
adds  = ["b", "a"]
[[level]]
name  = "two"
about = "all of them"
adds  = ["*"]
[[level]]
name  = "three"
about = "and more"
adds  = ["*"]
recommended = true
"""
WRONG = "status = 404"


def bisect(folder: Path, *words: str) -> tuple[int, str, str]:
    done = cgi_conform(folder, "bisect", *(words or [command_of(folder)]))
    return done.returncode, done.stdout, done.stderr


def levels(folder: Path, *cases: str) -> Path:
    corpus(folder, *cases)
    (folder / "levels.toml").write_text(LEVELS)
    return folder


def test_a_server_that_passes_every_case_reaches_the_last_level(tmp_path: Path) -> None:
    levels(
        tmp_path, case("a/x"), case("b/x"), case("c/x"), case("c/y", level="recommended"), case("c/z", WRONG, level="observed"),
        case("c/user", more=SEND + "\nneeds = ['http11']"),
    )  # fmt: skip
    status, out, err = bisect(tmp_path)
    assert (status, err) == (0, "")
    assert out.splitlines()[:3] == [
        "one           2 cases  reached", "two           1 case   reached (1 more skipped)",
        "three         1 case   reached",
    ]  # fmt: skip
    assert out.endswith(' reaches "three": and more\n')


def test_the_first_red_case_of_a_level_is_shown_with_the_next_commands(tmp_path: Path) -> None:
    levels(tmp_path, case("a/x"), case("b/x"), case("c/x"), case("c/y", WRONG), case("c/z", WRONG), case("d/x", WRONG))
    status, out, _ = bisect(tmp_path)
    command = command_of(tmp_path).removeprefix("--command=")
    assert status == 1
    assert "two           4 cases  3 of them red\n" in out and "three" not in out.partition("\n\n")[0]
    assert ' reaches "one": the first rules.\nThe first case that keeps it from "two" (all of them):\n\nFAIL  c/y ' in out
    assert "expected  status 404" in out and "c/z" not in out
    assert f"conform replay c/y --command '{command}' " in out and "conform show c/y " in out
    assert f"conform run c --command '{command}' " in out


def test_the_topics_of_a_level_are_tried_in_its_order(tmp_path: Path) -> None:
    levels(tmp_path, case("a/x", WRONG), case("b/x", WRONG))
    status, out, _ = bisect(tmp_path)
    assert status == 1 and " reaches no level yet." in out and "FAIL  b/x" in out


@pytest.mark.long
def test_known_failures_count_and_recommended_cases_count_only_at_the_last_level(tmp_path: Path) -> None:
    levels(tmp_path, case("a/x", WRONG, level="recommended"))
    assert bisect(tmp_path, command_of(tmp_path), "--until", "two")[0] == 5  # the level has no case
    levels(tmp_path, case("a/x", WRONG, level="recommended"), case("a/y"))
    status, out, _ = bisect(tmp_path, command_of(tmp_path), "--until", "two")
    assert status == 0 and out.endswith(' reaches "two": all of them\n')
    status, out, _ = bisect(tmp_path)
    assert status == 1 and 'keeps it from "three"' in out
    server = tmp_path / "mine"
    server.mkdir()
    words = command_of(tmp_path).removeprefix("--command=").split()
    (server / "server.toml").write_text(
        f'title = "Mine"\nprogram = ["{words[0]}"]\nprofiles = ["cgihttpserver"]\ncommand = ["{{program}}", "{words[1]}", "{{port}}"]\n'
    )
    (server / "expect.toml").write_text("['a/x']\noutcome = 'fail'\nreason = 'known'\n")
    assert bisect(tmp_path, "--server", f"{server}/")[0] == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--until", "four"), 2, 'unknown level "four" (known: one, two, three)'),
        (("--profile", "rfc3875"), 5, "nothing ran"),
        (("--command", "false {port}"), 3, "did not start"),
        ((), 3, 'server "command" died in case "a/deadly"'),
    ],
)
def test_each_kind_of_error_has_its_exit_status(
    tmp_path: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    levels(tmp_path, case("a/x"), case("a/deadly", "status = 'closed'", more=get("/die")))
    command = () if "--command" in words else (command_of(tmp_path),)
    got, _, err = bisect(tmp_path, *command, *words)
    assert (got == status or (got, status) == (1, 3)) and said in err and "Traceback" not in err


def test_an_error_in_the_levels_file_is_reported_in_one_line(tmp_path: Path) -> None:
    levels(tmp_path, case("a/x"))
    (tmp_path / "levels.toml").write_text(LEVELS.replace("adds", "ads", 1))
    status, _, err = bisect(tmp_path)
    assert status == 2 and 'levels.toml: unknown key "ads" in "level[1]" (did you mean "adds"?)' in err


@pytest.mark.parametrize("profile", PROFILES)
def test_the_levels_of_this_suite_hold_every_case_that_is_not_observed(profile: str) -> None:
    cases = load_cases(REPO / "fixtures" / "cases", validate=False)
    steps = climbed(load_levels(REPO / "fixtures" / "levels.toml"), cases, profile)
    assert [level.name for level, _ in steps] == ["static", "get", "post", "problems", "full", "strict"]
    assert all(len(mine) >= 15 for _, mine in steps)
    counted = [case.id for _, mine in steps for case in mine]
    wanted = [case.id for case in cases if profile in case.expect and case.expect[profile].level != "observed"]
    assert sorted(counted) == sorted(wanted)
    files = [case for case in steps[0][1] if asks_for_a_script(step.send for step in case.steps)]
    assert files == []  # a server without scripts reaches the first level
    bodies = [case.id for case in steps[1][1] if any(b"POST" in step.send for step in case.steps)]
    assert bodies == []  # a server that reads no body reaches the second level
