"""A recording is written once, and never changed without being told to."""

from copy import deepcopy
from pathlib import Path

import pytest
from cgi_conform.cli import main
from cgi_conform.commands.record import record
from cgi_conform.errors import UserError
from cgi_conform.judging.agreements import agreements
from cgi_conform.judging.known_failures import load_rules, rule_for, rules_at
from cgi_conform.judging.recordings import (
    Recorded,
    Recording,
    read_recording,
    read_recordings,
    recording_of,
    recording_text,
)
from cgi_conform.judging.releases import release_in
from cgi_conform.judging.results import write
from cgi_conform.paths import REPO
from cgi_conform.servers.definition import load_server
from sample_run import CUT, cut_short, mixed, passing


def recording(number: int = 3, saw: int = 501) -> Recording:
    return recording_of(passing(number, saw=saw))


def test_what_was_not_answered_is_not_recorded() -> None:
    kept = {name.partition("/")[2] for name in recording_of(mixed())["cases"]}
    assert kept == {"pass", "fail", "warn", "differs", "expected", "unexpected-pass"}


def test_a_run_that_is_incomplete_is_not_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results.json"
    write(cut_short("pass"), path)
    assert main(["record", "--from", str(path), "--force"]) == 2
    assert f'"{path}" holds a run that is incomplete: {CUT} (run it to its end)' in capsys.readouterr().err


def test_a_new_recording_is_written_and_an_identical_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cpython-3.13.json"
    assert record(recording(), path, partial=False, force=False).endswith("3 cases of CPython 3.13 (Python 3.13.1)")
    before = path.stat().st_mtime_ns
    assert record(recording(), path, partial=False, force=False).endswith("unchanged")
    assert path.stat().st_mtime_ns == before
    assert read_recording(path) == recording()


def test_a_different_one_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    record(recording(5), path, partial=False, force=False)
    with pytest.raises(UserError, match=r"differs: 5 cases, many/case-0000, .* and 2 more \(--force replaces it\)"):
        record(recording(5, saw=405), path, partial=False, force=False)
    assert read_recording(path) == recording(5)
    assert "replaced: 5 cases" in record(recording(5, saw=405), path, partial=False, force=True)
    assert read_recording(path) == recording(5, saw=405)


def test_some_cases_leave_the_others_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    record(recording(3), path, partial=False, force=False)
    record(recording(1, saw=405), path, partial=True, force=True)
    assert [case["saw"] for case in read_recording(path)["cases"].values()] == [405, 501, 501]


def test_some_cases_of_another_server_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    record(recording(), path, partial=False, force=False)
    other = deepcopy(recording(1))
    other["server"]["version"] = "Python 3.14.0"
    with pytest.raises(UserError, match="is of server .*3.13.1.*, not .*3.14.0.*: record all cases"):
        record(other, path, partial=True, force=True)


FIRST, SECOND, THIRD = (f"many/case-000{number}" for number in range(3))


def released(version: str, *saw: int, body: str = "") -> Recording:
    """What a release of Python 3.13 answers to as many cases, each with its status and its version."""
    made = deepcopy(recording(len(saw)))
    made["server"]["version"] = f"Python {version}"
    for answer, status in zip(made["cases"].values(), saw):
        octets = f"HTTP/1.0 {status} X\\r\\nServer: Python/{version}\\r\\n\\r\\n{body}"
        answer["saw"], answer["received"][0]["bytes"] = status, octets
    return made


def written(path: Path, *recordings: Recording, partial: bool = False) -> Recording:
    for each in recordings:
        record(each, path, partial=partial, force=True)
    return read_recording(path)


def otherwise(kept: Recording) -> dict[str, dict[str, tuple[object, str]]]:
    """What each other release answers otherwise, and since or before when."""

    def bound(answer: Recorded) -> str:
        return f"since {answer['since']}" if "since" in answer else f"before {answer['before']}"

    return {
        each["version"]: {name: (answer["saw"], bound(answer)) for name, answer in each["cases"].items()}
        for each in kept.get("otherwise", [])
    }


def told(kept: Recording, case: str = FIRST) -> list[tuple[str, object]]:
    found = agreements([kept], case, kept["profile"])
    return [(each.servers.replace(kept["server"]["name"].removeprefix("cpython-"), "3.13"), each.answer["saw"]) for each in found]


def test_another_release_adds_what_it_answers_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    record(released("3.13.1", 200, 200, 200), path, partial=False, force=False)
    said = record(released("3.13.5", 404, 200, 501), path, partial=False, force=False)
    assert said.endswith(f"added: Python 3.13.5 answers 2 cases, {FIRST}, {THIRD} otherwise than Python 3.13.1")
    kept = read_recording(path)
    assert [case["saw"] for case in kept["cases"].values()] == [200, 200, 200]
    assert kept["server"]["version"] == "Python 3.13.1"
    assert otherwise(kept) == {"Python 3.13.5": {FIRST: (404, "since 3.13.5"), THIRD: (501, "since 3.13.5")}}
    assert record(released("3.13.5", 404, 200, 501), path, partial=False, force=False).endswith("unchanged")


def test_an_older_release_says_up_to_where_its_answer_holds(tmp_path: Path) -> None:
    kept = written(tmp_path / "x.json", released("3.13.5", 200), released("3.13.1", 404))
    assert otherwise(kept) == {"Python 3.13.1": {FIRST: (404, "before 3.13.5")}}
    assert told(kept) == [("3.13 (before 3.13.5)", 404), ("3.13.5–", 200)]


def test_a_release_that_answers_the_same_is_noted_without_cases(tmp_path: Path) -> None:
    kept = written(tmp_path / "x.json", released("3.13.1", 200), released("3.13.2", 200))
    assert otherwise(kept) == {"Python 3.13.2": {}}
    assert told(kept) == [("3.13", 200)]


def test_a_first_release_that_a_person_corrected_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    kept = written(path, released("3.13.1", 200), released("3.13.5", 404))
    kept["otherwise"][0]["cases"][FIRST]["since"] = "3.13.4"
    path.write_text(recording_text(kept))
    assert told(written(path, released("3.13.5", 404))) == [("3.13 (before 3.13.4)", 200), ("3.13.4–", 404)]
    later = written(path, released("3.13.9", 404))  # the same answer has the same first release
    assert otherwise(later)["Python 3.13.9"] == {FIRST: (404, "since 3.13.4")}
    assert told(later) == [("3.13 (before 3.13.4)", 200), ("3.13.4–", 404)]


def test_releases_may_change_an_answer_several_times_and_back(tmp_path: Path) -> None:
    kept = written(tmp_path / "x.json", *(released(f"3.13.{at}", saw) for at, saw in enumerate((200, 404, 501, 200))))
    assert told(kept) == [
        ("3.13 (before 3.13.1), 3.13.3–", 200),
        ("3.13.1 (before 3.13.2)", 404),
        ("3.13.2 (before 3.13.3)", 501),
    ]


def test_the_release_that_is_reported_and_the_end_make_no_other_answer(tmp_path: Path) -> None:
    other = released("3.13.5", 200)
    other["cases"][FIRST]["received"][0]["end"] = "open"
    assert otherwise(written(tmp_path / "x.json", released("3.13.1", 200), other)) == {"Python 3.13.5": {}}


def test_an_answer_that_differs_further_down_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    kept = written(path, released("3.13.1", 200, body="<title>old"), released("3.13.5", 200, body="<title>new"))
    found = agreements([kept], FIRST, kept["profile"])
    assert [each.unlike for each in found] == ["", "<title>new"] and len(told(kept)) == 2
    kept = written(path, released("3.13.1", 200, body="x" * 100 + "old"), released("3.13.5", 200, body="x" * 100 + "new"))
    assert agreements([kept], FIRST, kept["profile"])[1].unlike == "…" + "x" * 30 + "new"


def test_some_cases_of_another_release_leave_its_others_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    written(path, released("3.13.1", 200, 200), released("3.13.5", 404, 404))
    kept = written(path, released("3.13.5", 501), partial=True)
    assert otherwise(kept)["Python 3.13.5"] == {FIRST: (501, "since 3.13.5"), SECOND: (404, "since 3.13.5")}


def test_another_answer_of_another_release_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    written(path, released("3.13.1", 200), released("3.13.5", 404))
    with pytest.raises(UserError, match=r'differs for Python 3.13.5: 1 cases, many/case-0000 \(--force replaces it\)'):
        record(released("3.13.5", 501), path, partial=False, force=False)
    assert otherwise(read_recording(path))["Python 3.13.5"] == {FIRST: (404, "since 3.13.5")}


def test_recording_the_same_release_again_keeps_what_others_answer_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    written(path, released("3.13.1", 200, 200, 200), released("3.13.5", 404, 200, 404))
    kept = written(path, released("3.13.1", 200, 501))  # the third case is gone
    assert otherwise(kept) == {"Python 3.13.5": {FIRST: (404, "since 3.13.5")}}
    assert [case["saw"] for case in kept["cases"].values()] == [200, 501]


def test_another_branch_or_user_is_no_other_release(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    written(path, released("3.13.1", 200))
    with pytest.raises(UserError, match="server .*3.13.1.* became .*3.14.0"):
        record(released("3.14.0", 200), path, partial=False, force=False)
    other = released("3.13.5", 404)
    other["user"] = "user" if other["user"] == "root" else "root"
    with pytest.raises(UserError, match="is of user .*: record Python 3.13.5 as"):
        record(other, path, partial=False, force=True)


@pytest.mark.parametrize("bound", [{}, {"since": "3.13.4", "before": "3.13.9"}, {"since": "3.x"}])
def test_an_answer_of_some_releases_has_one_bound(tmp_path: Path, bound: dict[str, str]) -> None:
    path = tmp_path / "x.json"
    kept = written(path, released("3.13.1", 200), released("3.13.5", 404))
    answer = kept["otherwise"][0]["cases"][FIRST]
    del answer["since"]
    path.write_text(recording_text({**kept, "otherwise": [{**kept["otherwise"][0], "cases": {FIRST: {**answer, **bound}}}]}))  # type: ignore[typeddict-item]
    with pytest.raises(UserError, match=f"otherwise.*{FIRST}"):
        read_recording(path)


def test_nothing_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="answered no case"):
        record(recording_of(passing(2, "skip")), tmp_path / "x.json", partial=False, force=False)


def test_the_recordings_kept_here_are_sound() -> None:
    for path in sorted((REPO / "fixtures" / "recordings").glob("*.json")):
        kept = read_recording(path)
        assert path.stem == kept["server"]["name"]
        assert path.read_text("utf-8") == recording_text(kept)
    read_recordings(REPO / "fixtures" / "recordings")


def test_expectations_were_checked_with_every_release_that_is_recorded() -> None:
    for kept in read_recordings(REPO / "fixtures" / "recordings"):
        versions = [kept["server"]["version"], *(each["version"] for each in kept.get("otherwise", []))]
        checked = list(map(release_in, load_server(kept["server"]["name"]).checked))
        assert checked == sorted(checked) and {release_in(version) for version in versions} <= set(checked)


def test_recordings_and_expectations_agree_on_the_release_of_a_change() -> None:
    agreed = 0
    for kept in read_recordings(REPO / "fixtures" / "recordings"):
        rules = load_rules(load_server(kept["server"]["name"]).expect_file(kept["profile"]))
        for each in kept.get("otherwise", []):
            for name, answer in each["cases"].items():
                versions = (kept["server"]["version"], each["version"])
                apart = [rule_for(rules_at(rules, version), name, kept["user"]) for version in versions]
                if apart[0] != apart[1]:
                    named = {release for rule in rules if rule.matches(name) for release in (*rule.since, *rule.before)}
                    bound = answer.get("since") or answer.get("before")
                    assert bound in named, f"{kept['server']['name']}: {name}: {bound}"
                    agreed += 1
    assert agreed >= 8


def test_a_case_that_does_not_exist_is_not_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results.json"
    results = passing(1)
    results["server"]["name"] = "cpython-3.12"
    write(results, path)
    assert main(["record", "--from", str(path), "--force"]) == 2
    assert f'"{path}" holds a case that does not exist: "many/case-0000" (run the suite again)' in capsys.readouterr().err
