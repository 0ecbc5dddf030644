"""A recording is written once, and never changed without being told to."""

from copy import deepcopy
from pathlib import Path

import pytest
from cgi_conform.errors import UserError
from cgi_conform.paths import REPO
from cgi_conform.record import record
from cgi_conform.recordings import Recording, read_recording, read_recordings, recording_of, recording_text
from sample_run import mixed, passing


def recording(number: int = 3, saw: int = 501) -> Recording:
    return recording_of(passing(number, saw=saw))


def test_what_was_not_answered_is_not_recorded() -> None:
    kept = {name.partition("/")[2] for name in recording_of(mixed())["cases"]}
    assert kept == {"pass", "fail", "warn", "differs", "expected", "unexpected-pass"}


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
    other["server"]["version"] = "Python 3.13.2"
    with pytest.raises(UserError, match="is of server .*3.13.1.*, not .*3.13.2.*: record all cases"):
        record(other, path, partial=True, force=True)


def test_nothing_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="answered no case"):
        record(recording_of(passing(2, "skip")), tmp_path / "x.json", partial=False, force=False)


def test_the_recordings_kept_here_are_sound() -> None:
    for path in sorted((REPO / "fixtures" / "recordings").glob("*.json")):
        kept = read_recording(path)
        assert path.stem == kept["server"]["name"]
        assert path.read_text("utf-8") == recording_text(kept)
    read_recordings(REPO / "fixtures" / "recordings")
