"""A recording is written once, and never changed without being told to."""

from dataclasses import replace
from pathlib import Path

import pytest
from cgi_conform.cases.load import case_ids
from cgi_conform.cli import main
from cgi_conform.commands.record import record
from cgi_conform.errors import UserError
from cgi_conform.judging.agreements import agreements
from cgi_conform.judging.known_failures import in_release, known_failure_of, load_known_failures
from cgi_conform.judging.recordings import Recording, read_recordings, recording_of, write_recordings
from cgi_conform.judging.releases import release_in
from cgi_conform.judging.results import Results, write
from cgi_conform.judging.timelines import RecordedAnswer, Came
from cgi_conform.paths import REPO
from cgi_conform.servers.definition import load_server
from sample_run import CUT, cut_short, mixed, passing


def recording(number: int = 3, saw: int = 501) -> Recording:
    return recording_of(passing(number, saw=saw))


def kept_in(fixtures: Path) -> Recording:
    (kept,) = read_recordings(fixtures)
    return kept


def seen(kept: Recording) -> list[object]:
    """Returns the status that the first release saw in each case."""
    return [timeline[""].saw for _, timeline in sorted(kept.cases.items())]


def test_what_was_not_answered_is_not_recorded() -> None:
    kept = {name.partition("/")[2] for name in recording_of(mixed()).cases}
    assert kept == {"pass", "fail", "warn", "differs", "blocked", "expected", "unexpected-pass"}


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (cut_short("pass"), f"a run that is incomplete: {CUT} (run it to its end)"),
        (passing(1), 'a case that does not exist: "many/case-0000" (run the suite again)'),
    ],
)
def test_results_that_cannot_be_recorded_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], results: Results, said: str
) -> None:
    path = tmp_path / "results.json"
    write(results, path)
    assert main(["record", "--from", str(path), "--force"]) == 2
    assert f'"{path}" holds {said}' in capsys.readouterr().err


def test_a_new_recording_is_written_and_an_identical_one_is_not(tmp_path: Path) -> None:
    fixtures = tmp_path / "deep"
    said = record(recording(), fixtures, partial=False, force=False)
    assert said == f"{fixtures}/recordings: cpython-3.13: 3 cases of CPython 3.13 (Python 3.13.1)"
    before = [path.stat().st_mtime_ns for path in sorted(fixtures.rglob("*.toml"))]
    assert record(recording(), fixtures, partial=False, force=False).endswith("cpython-3.13: unchanged")
    assert [path.stat().st_mtime_ns for path in sorted(fixtures.rglob("*.toml"))] == before
    assert kept_in(fixtures) == recording()


def test_a_different_one_needs_force(tmp_path: Path) -> None:
    record(recording(5), tmp_path, partial=False, force=False)
    with pytest.raises(UserError, match=r"differs: 5 cases, many/case-0000, .* and 2 more \(--force replaces it\)"):
        record(recording(5, saw=405), tmp_path, partial=False, force=False)
    assert kept_in(tmp_path) == recording(5)
    assert "replaced: 5 cases" in record(recording(5, saw=405), tmp_path, partial=False, force=True)
    assert kept_in(tmp_path) == recording(5, saw=405)


def test_some_cases_leave_the_others_as_they_are(tmp_path: Path) -> None:
    record(recording(3), tmp_path, partial=False, force=False)
    record(recording(1, saw=405), tmp_path, partial=True, force=True)
    assert seen(kept_in(tmp_path)) == [405, 501, 501]


def test_some_cases_of_another_server_are_refused(tmp_path: Path) -> None:
    record(recording(), tmp_path, partial=False, force=False)
    other = replace(recording(1), versions=("Python 3.14.0",))
    with pytest.raises(UserError, match="is of server .*3.13.1.*, not .*3.14.0.*: record all cases"):
        record(other, tmp_path, partial=True, force=True)


def named(made: Recording, *names: str) -> Recording:
    """Returns the recording with other ids for its cases."""
    return replace(made, cases=dict(zip(names, made.cases.values(), strict=True)))


def test_servers_that_answer_alike_share_an_answer(tmp_path: Path) -> None:
    for name, saw in {"cpython-3.9": 501, "zeus": 501, "cpython-3.10": 501, "cpython-3.11": 405}.items():
        version = f"Python {name.removeprefix('cpython-')}.7"
        came = (Came("main", "closed", f"HTTP/1.0 {saw} It's\\r\\n\\\\n\\r\\nno end"), Came("two fields", "reset", ""))
        made = replace(recording(1), name=name, title=name, versions=(version,), cases={"a/b": {"": RecordedAnswer(saw, came)}})
        record(made, tmp_path, partial=False, force=False)
    assert (tmp_path / "recordings" / "a.toml").read_text("utf-8").split("\n\n", 1)[1] == """\
[["a/b"]]
by = ["3.9", "3.10", "zeus"]
saw = 501
received.main.closed = '''
HTTP/1.0 501 It's\\r\\n
\\\\n\\r\\n
no end
'''
received."two fields".reset = ""

[["a/b"]]
by = ["3.11"]
saw = 405
received.main.closed = '''
HTTP/1.0 405 It's\\r\\n
\\\\n\\r\\n
no end
'''
received."two fields".reset = ""
"""
    assert [each.name for each in read_recordings(tmp_path)] == ["cpython-3.9", "cpython-3.10", "cpython-3.11", "zeus"]
    last = read_recordings(tmp_path)[-1].cases["a/b"][""]
    assert last.received[0].octets == "HTTP/1.0 501 It's\\r\\n\\\\n\\r\\nno end"


def test_octets_that_end_a_toml_string_are_kept(tmp_path: Path) -> None:
    answer = RecordedAnswer(None, (Came("main", "open", "'''\\n\"\\\\"),))
    made = replace(recording(1), cases={"a/b": {"": answer}, "a/c": {"": RecordedAnswer("silent", ())}})
    record(made, tmp_path, partial=False, force=False)
    assert kept_in(tmp_path) == made


def test_the_version_that_a_server_reports_makes_no_other_answer(tmp_path: Path) -> None:
    record(released("3.13.1", 200), tmp_path, partial=False, force=False)
    record(replace(released("3.14.2", 200), name="cpython-3.14"), tmp_path, partial=False, force=False)
    text = (tmp_path / "recordings" / "many.toml").read_text("utf-8")
    assert text.count("[[") == 1 and "Server: Python/{version}\\r\\n" in text


def test_only_the_files_of_topics_that_differ_are_written(tmp_path: Path) -> None:
    record(named(recording(2), "a/one", "b/one"), tmp_path, partial=False, force=False)
    files = {name: tmp_path / "recordings" / f"{name}.toml" for name in "abc"}
    before = files["a"].stat().st_mtime_ns
    record(named(recording(2), "a/one", "c/one"), tmp_path, partial=False, force=True)
    assert [name for name, path in files.items() if path.exists()] == ["a", "c"]
    assert files["a"].stat().st_mtime_ns == before


def test_what_is_refused_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    record(named(recording(2), "a/one", "b/one"), tmp_path, partial=False, force=False)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.toml")}
    with pytest.raises(UserError, match="differs: 3 cases, a/one, b/one, c/one"):
        record(named(recording(3, saw=405), "a/one", "b/one", "c/one"), tmp_path, partial=False, force=False)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.toml")} == before


FIRST, SECOND, THIRD = (f"many/case-000{number}" for number in range(3))


def released(version: str, *saw: int, body: str = "", end: str = "closed") -> Recording:
    """Returns the recording of a release of Python 3.13: a case for each status, with the version in its answer."""
    results = passing(len(saw))
    results["server"] = {**results["server"], "version": f"Python {version}"}
    for case, status in zip(results["cases"], saw, strict=True):
        octets = f"HTTP/1.0 {status} X\\r\\nServer: Python/{version}\\r\\n\\r\\n{body}"
        case["saw"], case["received"] = status, [{"connection": "main", "bytes": octets, "end": end}]
    return recording_of(results)


def written(fixtures: Path, *recordings: Recording, partial: bool = False) -> Recording:
    for each in recordings:
        record(each, fixtures, partial=partial, force=True)
    return kept_in(fixtures)


def history(kept: Recording, case: str = FIRST) -> dict[str, object]:
    """Returns the status that a case saw, by the first release with each answer."""
    return {since: answer.saw for since, answer in kept.cases[case].items()}


def told(kept: Recording, case: str = FIRST) -> list[tuple[str, object]]:
    return [(each.servers, each.answer.saw) for each in agreements([kept], case, kept.profile)]


def test_another_release_adds_what_it_answers_otherwise(tmp_path: Path) -> None:
    record(released("3.13.1", 200, 200, 200), tmp_path, partial=False, force=False)
    said = record(released("3.13.5", 404, 200, 501), tmp_path, partial=False, force=False)
    assert said.endswith(f"added: Python 3.13.5 answers 2 cases, {FIRST}, {THIRD} otherwise than Python 3.13.1")
    kept = kept_in(tmp_path)
    assert kept.versions == ("Python 3.13.1", "Python 3.13.5")
    assert [history(kept, case) for case in (FIRST, SECOND, THIRD)] == [
        {"": 200, "3.13.5": 404}, {"": 200}, {"": 200, "3.13.5": 501},
    ]  # fmt: skip
    assert record(released("3.13.5", 404, 200, 501), tmp_path, partial=False, force=False).endswith("unchanged")


def test_an_older_release_says_up_to_where_its_answer_holds(tmp_path: Path) -> None:
    kept = written(tmp_path, released("3.13.5", 200), released("3.13.1", 404))
    assert history(kept) == {"": 404, "3.13.5": 200}
    assert told(kept) == [("3.13 (before 3.13.5)", 404), ("3.13.5–", 200)]


def test_a_release_that_answers_the_same_is_noted(tmp_path: Path) -> None:
    record(released("3.13.1", 200), tmp_path, partial=False, force=False)
    said = record(released("3.13.2", 200), tmp_path, partial=False, force=False)
    assert said.endswith("added: Python 3.13.2 answers no case otherwise than Python 3.13.1")
    kept = kept_in(tmp_path)
    assert kept.versions == ("Python 3.13.1", "Python 3.13.2") and told(kept) == [("3.13", 200)]


def test_a_first_release_that_a_person_corrected_stays(tmp_path: Path) -> None:
    written(tmp_path, released("3.13.1", 200), released("3.13.5", 404))
    path = tmp_path / "recordings" / "many.toml"
    path.write_text(path.read_text("utf-8").replace("3.13.5", "3.13.4"), "utf-8")
    corrected = [("3.13 (before 3.13.4)", 200), ("3.13.4–", 404)]
    assert told(written(tmp_path, released("3.13.5", 404))) == corrected
    assert told(written(tmp_path, released("3.13.9", 404))) == corrected  # the same answer has the same first release
    assert told(written(tmp_path, released("3.13.1", 200))) == corrected
    assert told(written(tmp_path, released("3.13.1", 501))) == [("3.13 (before 3.13.4)", 501), ("3.13.4–", 404)]


def test_releases_may_change_an_answer_several_times_and_back(tmp_path: Path) -> None:
    kept = written(tmp_path, *(released(f"3.13.{at}", saw) for at, saw in enumerate((200, 404, 501, 200))))
    assert told(kept) == [
        ("3.13 (before 3.13.1), 3.13.3–", 200),
        ("3.13.1 (before 3.13.2)", 404),
        ("3.13.2 (before 3.13.3)", 501),
    ]


@pytest.mark.parametrize(
    ("latest", "saw", "known"),
    [
        (200, 404, {"": 200, "3.13.3": 404, "3.13.5": 200}),
        (404, 404, {"": 200, "3.13.3": 404}),
        (404, 200, {"": 200, "3.13.5": 404}),
        (404, 501, {"": 200, "3.13.3": 501, "3.13.5": 404}),
    ],
)
def test_a_release_between_two_others_takes_nothing_from_them(
    tmp_path: Path, latest: int, saw: int, known: dict[str, int]
) -> None:
    between = [released("3.13.1", 200), released("3.13.5", latest), released("3.13.3", saw)]
    assert history(written(tmp_path, *between)) == known


def test_the_release_that_is_reported_and_the_end_make_no_other_answer(tmp_path: Path) -> None:
    kept = written(tmp_path, released("3.13.1", 200), released("3.13.5", 200, end="open"))
    assert history(kept) == {"": 200}


def test_an_answer_that_differs_further_down_names_the_line(tmp_path: Path) -> None:
    kept = written(tmp_path, released("3.13.1", 200, body="<title>old"), released("3.13.5", 200, body="<title>new"))
    found = agreements([kept], FIRST, kept.profile)
    assert [each.unlike for each in found] == ["", "<title>new"] and len(told(kept)) == 2
    long = "x" * 100
    kept = written(tmp_path, released("3.13.1", 200, body=f"{long}old"), released("3.13.5", 200, body=f"{long}new"))
    assert agreements([kept], FIRST, kept.profile)[1].unlike == "…" + "x" * 30 + "new"


def test_some_cases_of_another_release_leave_its_others_as_they_are(tmp_path: Path) -> None:
    written(tmp_path, released("3.13.1", 200, 200), released("3.13.5", 404, 404))
    kept = written(tmp_path, released("3.13.5", 501), partial=True)
    assert [history(kept, case) for case in (FIRST, SECOND)] == [{"": 200, "3.13.5": 501}, {"": 200, "3.13.5": 404}]


def test_another_answer_of_another_release_needs_force(tmp_path: Path) -> None:
    written(tmp_path, released("3.13.1", 200), released("3.13.5", 404))
    with pytest.raises(UserError, match=r"differs for Python 3.13.5: 1 case, many/case-0000 \(--force replaces it\)"):
        record(released("3.13.5", 501), tmp_path, partial=False, force=False)
    assert history(kept_in(tmp_path)) == {"": 200, "3.13.5": 404}


def test_recording_the_same_release_again_keeps_what_others_answer_otherwise(tmp_path: Path) -> None:
    written(tmp_path, released("3.13.1", 200, 200, 200), released("3.13.5", 404, 200, 404))
    kept = written(tmp_path, released("3.13.1", 200, 501))  # the third case is gone
    assert [history(kept, case) for case in kept.cases] == [{"": 200, "3.13.5": 404}, {"": 501}]


def test_another_branch_or_user_is_no_other_release(tmp_path: Path) -> None:
    written(tmp_path, released("3.13.1", 200), released("3.13.5", 404))
    with pytest.raises(UserError, match="server .*3.13.1.* became .*3.14.0"):
        record(released("3.14.0", 200), tmp_path, partial=False, force=False)
    other = released("3.13.5", 404)
    other = replace(other, user="user" if other.user == "root" else "root")
    with pytest.raises(UserError, match="is of user .*: record Python 3.13.5 as"):
        record(other, tmp_path, partial=False, force=True)
    assert kept_in(tmp_path).versions == ("Python 3.13.1", "Python 3.13.5")
    assert written(tmp_path, released("3.14.0", 501)) == released("3.14.0", 501)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("3.13 since 3.13.5", "3.13 since 3.13.4", '"3.13" has no answer or two for some releases'),
        ("3.13 since 3.13.5", "3.13", '"3.13" has no answer or two for some releases'),
        ("3.13 before 3.13.5", "3.13 since 3.13.1 before 3.13.5", '"3.13" has no answer or two for some releases'),
        ("3.13 before 3.13.5", "3.99 before 3.13.5", 'the server "3.99" is not in recordings.toml'),
        ("3.13 since 3.13.5", "3.13 since 3.x", "since 3.x"),
        ("saw", "was", 'unknown key "was"'),
    ],
)
def test_files_that_contradict_themselves_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    written(tmp_path, released("3.13.1", 200), released("3.13.5", 404))
    path = tmp_path / "recordings" / "many.toml"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(UserError, match="recordings/many.toml: .*") as error:
        read_recordings(tmp_path)
    assert said in str(error.value)


def test_nothing_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="answered no case"):
        record(recording_of(passing(2, "skip")), tmp_path, partial=False, force=False)


def test_the_recordings_kept_here_are_sound(tmp_path: Path) -> None:
    kept = read_recordings(REPO / "fixtures")
    assert sorted({case for each in kept for case in each.cases} - set(case_ids(REPO / "fixtures" / "cases"))) == []
    write_recordings(tmp_path, [], kept)
    for path in [REPO / "fixtures" / "recordings.toml", *(REPO / "fixtures" / "recordings").iterdir()]:
        again = tmp_path / path.relative_to(REPO / "fixtures")
        assert again.exists(), f"{path} is no file that record would write"
        assert again.read_text("utf-8") == path.read_text("utf-8"), path


def test_expectations_were_checked_with_every_release_that_is_recorded() -> None:
    for kept in read_recordings(REPO / "fixtures"):
        checked = list(map(release_in, load_server(kept.name).checked))
        assert checked == sorted(checked) and set(map(release_in, kept.versions)) <= set(checked)


def test_recordings_and_expectations_agree_on_the_release_of_a_change() -> None:
    agreed = 0
    for kept in read_recordings(REPO / "fixtures"):
        rules = load_known_failures(load_server(kept.name).expect_file(kept.profile))
        for name, timeline in kept.cases.items():
            for since in list(timeline)[1:]:
                apart = [known_failure_of(in_release(rules, version), name, kept.user) for version in kept.versions]
                if any(rule != apart[0] for rule in apart):
                    named = {release for rule in rules if rule.matches(name) for release in (*rule.since, *rule.before)}
                    assert since in named, f"{kept.name}: {name}: {since}"
                    agreed += 1
    assert agreed >= 8
