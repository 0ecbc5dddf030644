"""judging/compare.py and its reports: the differences between two runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from cgi_conform import schema
from cgi_conform.errors import UserError
from cgi_conform.judging.compare import compared, differences
from cgi_conform.judging.results import CaseResult, Results, assembled
from cgi_conform.report.comparison import html, markdown, text, write_all
from sample_run import NASTY, SERVER, case_of, result_of

HEAD = "HTTP/1.0 200 OK\\r\\nServer: one/1\\r\\nContent-Type: text/plain\\r\\nContent-Length: 2\\r\\n\\r\\n"


def answered(octets: str, end: str = "closed", sent: str = "GET / HTTP/1.0\\r\\n\\r\\n", **more: Any) -> CaseResult:
    result = result_of(case_of("a/b"), "pass", saw=200)
    result["sent"] = [{"connection": "main", "bytes": sent}]
    result["received"] = [{"connection": "main", "bytes": octets, "end": end}]
    result.update(more)  # type: ignore[typeddict-item]
    return result


def found(a: CaseResult, b: CaseResult) -> list[tuple[str, str, str]]:
    return [(each["what"], each["a"], each["b"]) for each in differences(a, b)]


def run(*cases: CaseResult, name: str = "one") -> Results:
    return assembled(SERVER | {"name": name, "title": name}, "cgihttpserver", "user", 9, cases)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        HEAD + "hi",
        HEAD.replace("one/1", "two/22") + "hi",
        HEAD.replace("Server: one/1\\r\\nContent-Type: text/plain", "content-type: text/plain\\r\\nSERVER: one/1") + "hi",
    ],
)
def test_names_of_servers_and_order_of_fields_are_ignored(other: str) -> None:
    assert found(answered(HEAD + "hi"), answered(other)) == []


def test_a_correct_content_length_is_not_a_difference_of_its_own() -> None:
    ours, theirs = (HEAD.replace("2\\r", f"{len(name)}\\r").replace("one/1", name) + name for name in ("abc/1", "z/23456"))
    assert found(answered(ours), answered(theirs)) == []
    assert found(answered(HEAD + "hi"), answered(HEAD.replace("2\\r", "3\\r") + "hix")) == [
        ("body octet 2", "hi", "hix")
    ]
    assert found(answered(HEAD + "hi"), answered(HEAD.replace("2\\r", "3\\r") + "hi")) == [
        ("header.Content-Length", "{length}", "3")
    ]


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (HEAD.replace("1.0", "1.1") + "hi", ("status line", "HTTP/1.0 200 OK", "HTTP/1.1 200 OK")),
        (HEAD.replace("text/plain", "text/html") + "hi", ("header.Content-Type", "text/plain", "text/html")),
        (HEAD.replace("Server", "X: y\\r\\nServer") + "hi", ("header.X", "absent", "y")),
        (HEAD.replace("Server", "no field\\r\\nServer") + "hi", ("head", "absent", "no field")),
        (HEAD + "h\\x00", ("body octet 1", "hi", "h\\x00")),
        ("HTTP/1.1 100 Go\\r\\n\\r\\n" + HEAD + "hi", ("interim", "none", "HTTP/1.1 100 Go")),
        ("", ("response", "HTTP/1.0 200 OK", "none")),
    ],
)
def test_each_difference_names_its_place_and_both_values(octets: str, told: tuple[str, str, str]) -> None:
    assert found(answered(HEAD + "hi"), answered(octets)) == [told]
    assert found(answered(octets), answered(HEAD + "hi")) == [(told[0], told[2], told[1])]


def test_octets_beyond_a_response_are_compared_up_to_the_first_difference() -> None:
    assert found(answered("<p>one"), answered("<p>two")) == [("beyond the responses, octet 3", "<p>one", "<p>two")]


def test_octets_that_were_cut_off_are_not_compared() -> None:
    assert found(answered(HEAD + "hi…"), answered(HEAD + "higher…")) == []
    assert found(answered(HEAD + "hi…"), answered(HEAD + "how…")) == [("body octet 1", "hi", "ho")]


def test_different_ends_of_a_connection_are_a_difference() -> None:
    assert found(answered("", "closed"), answered("", "open")) == [("end", "closed", "open")]


def test_verdict_and_status_come_first_and_a_known_failure_counts_as_failed() -> None:
    broken = result_of(case_of("a/b"), "expected")
    ours, theirs = answered(HEAD + "hi"), answered(HEAD.replace("200 OK", "405 No") + "hi", saw=405, verdict="expected")
    theirs["mismatches"] = broken["mismatches"]
    assert found(ours, theirs) == [("verdict", "pass", "fail"), ("status", "200", "405")]


def test_different_mismatches_in_the_same_answer_are_a_difference() -> None:
    ours, theirs = answered(""), answered("")
    ours["mismatches"], theirs["mismatches"] = ([{"what": "log", "expected": "x", "got": got, "at": None}] for got in "yz")
    assert found(ours, theirs) == [("found", "log y", "log z")]


def probed(told: str) -> CaseResult:
    return answered(f"HTTP/1.0 200 OK\\r\\n\\r\\n{told}")


def test_the_output_of_the_probe_script_is_compared_name_by_name() -> None:
    ours = probed('{"env": {"A": "1", "B": ""}, "argv": [], "umask": 18}')
    theirs = probed('{"env": {"A": "2", "C": "x"}, "argv": ["w"], "umask": 0}')
    assert found(ours, theirs) == [
        ("env.A", '"1"', '"2"'), ("env.B", '""', "absent"), ("env.C", "absent", '"x"'), ("argv", "none", '"w"'),
        ("probe.umask", "18", "0"),
    ]  # fmt: skip


def test_a_difference_names_its_response_and_connection_if_there_are_several() -> None:
    twice = "GET / HTTP/1.1\\r\\n\\r\\n" * 2
    ours = answered(HEAD + "hi" + HEAD + "hi", sent=twice)
    assert found(ours, answered(HEAD + "hi" + HEAD + "ho", sent=twice)) == [("response 2 body octet 1", "hi", "ho")]
    assert found(ours, answered(HEAD + "hi", sent=twice)) == [("response 2", "HTTP/1.0 200 OK", "none")]
    ours, theirs = answered(""), answered("")
    for case, end in ((ours, "open"), (theirs, "closed")):
        case["received"] = [{"connection": name, "bytes": "", "end": e} for name, e in (("a", "open"), ("b", end))]
    assert found(ours, theirs) == [("b: end", "open", "closed")]


def both() -> tuple[Results, Results]:
    """Returns two runs with a case that agrees, one that differs, one that only A tried, and one that neither tried."""

    def named(case: CaseResult, name: str) -> CaseResult:
        return case | {"id": name}  # type: ignore[return-value]

    same, skip = answered(HEAD + "hi"), answered("", verdict="skip", note=f"left {NASTY}", saw=None, received=[])
    ours = [named(same, "a/same"), named(same, "a/differs"), named(same, "a/ours"), named(skip, "a/none")]
    theirs = [named(same, "a/same"), named(answered(HEAD + NASTY), "a/differs"), named(skip, "a/ours"), named(skip, "a/none")]
    return run(*ours), run(*theirs, name="two")


def test_a_case_that_a_run_did_not_try_is_not_compared() -> None:
    comparison = compared(*both())
    assert comparison["totals"] == {"selected": 4, "compared": 2, "agree": 1, "differ": 1, "verdict": 0, "status": 0}
    assert [case["id"] for case in comparison["cases"]] == ["a/differs"]
    assert [(each["id"], bool(each["a"]), bool(each["b"])) for each in comparison["untried"]] == [
        ("a/none", True, True), ("a/ours", False, True),
    ]  # fmt: skip
    assert schema.faults(comparison, "diff.schema.json") == []
    other = run()
    other["profile"] = "rfc3875"
    with pytest.raises(UserError, match="one run is of profile cgihttpserver, the other of rfc3875"):
        compared(run(), other)


def test_the_reports_show_the_differences_and_octets_never_become_markup(tmp_path: Path) -> None:
    comparison = compared(*both())
    told = text(comparison, 100)
    assert "a/differs" in told and "body octet 0" in told and "a/same" not in told
    assert "2 cases compared in profile cgihttpserver: 1 agree, 1 differ" in told
    assert all(len(line) <= 100 for line in told.splitlines() if "not compared" not in line)
    assert "<script>" not in html(comparison) and "a/differs" in html(comparison)
    assert "<script>" not in markdown(comparison) and "`a/differs`" in markdown(comparison)
    write_all(comparison, tmp_path)
    assert json.loads((tmp_path / "diff.json").read_text()) == comparison
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diff.html", "diff.json", "diff.md"]


def test_the_text_of_equal_runs_is_one_line_of_totals() -> None:
    told = text(compared(run(answered(HEAD + "hi")), run(answered(HEAD + "hi"), name="two")))
    assert told == "1 case compared in profile cgihttpserver: 1 agree, 0 differ\n"
