"""judging/judge.py: comparing an exchange with the expectation of a case."""

from typing import Any

import pytest

from cgi_conform.cases.answer import Expectation, read_expectation
from cgi_conform.cases.matcher import Matcher
from cgi_conform.http.connection import Connection
from cgi_conform.http.exchange import Exchange, FailedStep
from cgi_conform.judging.judge import Judgement, Mismatch, CaseContext, judge, judge_log, settled
from cgi_conform.octets import Tokens

GET = b"GET / HTTP/1.0\r\n\r\n"
OK = b"HTTP/1.0 200 OK\r\nServer: s\r\nA: 1\r\nA: 2\r\nContent-Length: 5\r\n\r\nhello"
OPEN = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
PROBE = b'HTTP/1.0 200 OK\r\n\r\n{"env": {"A": "1", "B": ""}, "argv": ["x y"], "uid": 65534, "gid": 3, "cwd": "/srv/root"}'
AROUND = CaseContext(
    Tokens(8123, "/srv/root", "/srv"),
    lambda name: {"hello.txt": b"hello"}[name],
    {"uid": 65534, "gid": 65533},
    lambda octets: octets.replace(b"/srv/root", b"{root}"),
)


def expecting(connections: tuple[str, ...] = ("main",), **table: Any) -> Expectation:
    return read_expectation({"level": "required", **table}, connections)


def of(received: bytes, end: str = "closed", sent: bytes = GET, name: str = "main", **more: Any) -> Exchange:
    connection = Connection(name, bytearray(sent), bytearray(received), end, **more)
    return Exchange({name: connection})


def judged(received: bytes, end: str = "closed", sent: bytes = GET, **table: Any) -> Judgement:
    return judge(expecting(**table), of(received, end, sent), AROUND)


def whats(judgement: Judgement) -> list[str]:
    return [found.what for found in judgement.mismatches]


@pytest.mark.parametrize(
    "table",
    [
        {"status": 200},
        {"status": [404, 200]},
        {"reason": "OK", "version": "HTTP/1.0"},
        {"header": {"server": "s", "B": {"absent": True}, "A": {"count": 2}, "a": "1, 2", "C": {"count": 0}}},
        {"body": "hello"},
        {"body": {"file": "hello.txt"}},
        {"raw": {"starts-with": r"HTTP/1.0 200 OK\r\n"}},
        {"count": 1},
        {"closes": True},
    ],
)
def test_a_response_that_meets_the_expectation_has_no_mismatch(table: dict[str, Any]) -> None:
    assert judged(OK, **table) == Judgement((), 200)


@pytest.mark.parametrize(
    ("table", "mismatch"),
    [
        ({"status": 501}, Mismatch("status", "501", "200")),
        ({"status": [400, "closed"]}, Mismatch("status", "400 or closed", "200")),
        ({"reason": "Ok"}, Mismatch("reason", '"Ok"', '"OK"', 1)),
        ({"version": "HTTP/1.1"}, Mismatch("version", '"HTTP/1.1"', '"HTTP/1.0"', 7)),
        ({"header": {"A": "1"}}, Mismatch("header.A", '"1"', '"1, 2"', 1)),
        ({"header": {"A": {"count": 1}}}, Mismatch("header.A", "1 lines", "2 lines")),
        ({"header": {"A": {"absent": True}}}, Mismatch("header.A", "absent", '"1, 2"')),
        ({"header": {"X": "1"}}, Mismatch("header.X", '"1"', "absent")),
        ({"body": "hallo"}, Mismatch("body", '"hallo"', '"hello"', 1)),
        ({"raw": {"ends-with": "x"}}, Mismatch("raw", 'ends with "x"', '"' + OK.decode().replace("\r\n", r"\r\n") + '"')),
        ({"count": 2}, Mismatch("count", "2 responses", "1 responses")),
        ({"closes": False}, Mismatch("closes", "the connection stays open", "closed")),
        ({"env": {"A": "1"}}, Mismatch("body", "what the probe script prints", '"hello"')),
    ],
)
def test_a_response_that_differs_has_the_mismatch(table: dict[str, Any], mismatch: Mismatch) -> None:
    assert judged(OK, **table) == Judgement((mismatch,), 200)


@pytest.mark.parametrize(
    ("received", "end", "word"),
    [(b"", "closed", "closed"), (b"", "reset", "closed"), (b"", "open", "silent"), (b"hello", "closed", "bare")],
)
def test_an_answer_without_a_response_is_closed_silent_or_bare(received: bytes, end: str, word: str) -> None:
    assert judged(received, end, status=word) == Judgement((), word)
    shown = "bare (octets without a status line)" if word == "bare" else word
    assert judged(received, end, status=200) == Judgement((Mismatch("status", "200", shown),), word)
    assert judged(received, end, status=[200, word], reason="OK", header={"A": "1"}).mismatches == ()
    assert judged(received, end, reason="OK") == Judgement((Mismatch("status", "a response", shown),), word)


def test_the_body_of_a_bare_answer_is_all_its_octets() -> None:
    assert judged(b"hello", status="bare", body="hello").mismatches == ()
    assert whats(judged(b"hallo", status="bare", body="hello")) == ["body"]


def test_a_reset_is_a_mismatch_if_the_case_forbids_it() -> None:
    found = Mismatch("reset", "the connection is not reset", "reset")
    for reset, mismatches in ((False, ()), (True, (found,))):
        exchange = of(OK, reset=reset)
        assert judge(expecting(status=200, reset=False), exchange, AROUND) == Judgement(mismatches, 200)
        assert judge(expecting(status=200), exchange, AROUND) == Judgement((), 200)


def test_a_wrong_status_is_the_only_mismatch_of_its_answer() -> None:
    assert whats(judged(OK, status=404, body="x", header={"A": "x"})) == ["status"]


@pytest.mark.parametrize(
    ("received", "end"),
    [(OK[:-1], "closed"), (OK[:-1], "open"), (b"HTTP/1.0 200 OK\r\n\r\nx", "open"), (b"HTTP/1.0 200 OK\r\n\r\nx", "reset")],
)
def test_an_incomplete_response_is_a_mismatch_unless_raw_is_judged(received: bytes, end: str) -> None:
    assert whats(judged(received, end, status=200)) == ["end"]
    assert judged(received, end, raw={"starts-with": "HTTP"}).mismatches == ()


@pytest.mark.parametrize("received", [OK[:-1], OK[:-3], b"HTTP/1.0 200 OK\r\n\r\nh", b"HTTP/1.0 200 OK\r\n\r\nhell"])
def test_after_a_reset_the_mismatch_does_not_depend_on_the_number_of_octets_that_came(received: bytes) -> None:
    lost = Mismatch("end", "a complete response", "connection reset, so that its end may be lost")
    assert judged(received, "reset", status=200, body="hello", env={"A": "x"}).mismatches == (lost,)
    assert whats(judged(received, "closed", status=200, body="hello"))[-1] == "body"


def test_a_response_may_be_incomplete_if_the_client_ended_the_connection() -> None:
    exchange = of(b"HTTP/1.0 200 OK\r\n\r\nx", "open", ended_by_us=True)
    assert judge(expecting(status=200), exchange, AROUND).mismatches == ()


def test_octets_after_the_last_response_are_a_mismatch() -> None:
    surplus = Mismatch("surplus", "nothing after the last response", r'"more\n"')
    assert judged(OK + b"more\n", status=200) == Judgement((surplus,), 200)
    assert whats(judged(OK + OK, status=200)) == ["count"]
    assert judged(OK + b"more", raw={"ends-with": "more"}).mismatches == ()


def test_listed_responses_are_judged_in_order() -> None:
    responses = [{"status": 200}, {"status": 404, "body": "x"}, {"status": "closed"}]
    received = OPEN + b"HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx"
    assert judged(received, sent=GET * 3, response=responses).mismatches == ()
    found = judged(OPEN * 2, sent=GET * 3, response=responses)
    assert found == Judgement((Mismatch("status", "404", "200"),), 200)
    assert judged(OPEN, sent=GET * 3, response=responses[:2]) == Judgement((Mismatch("status", "404", "closed"),), "closed")
    assert whats(judged(received + OPEN, sent=GET * 3, response=responses)) == ["status"]


def test_each_connection_is_judged_by_its_own_answers() -> None:
    table = {"response": [{"connection": "a", "status": 200}, {"connection": "b", "status": "silent"}]}
    exchange = of(OK, name="a")
    exchange.connections["b"] = Connection("b")
    assert judge(expecting(("a", "b"), **table), exchange, AROUND).mismatches == ()


def test_a_wrong_status_comes_with_the_status_line_that_was_judged() -> None:
    table = {"response": [{"connection": "a", "status": 400}, {"connection": "b", "status": 400}]}
    exchange = of(b"HTTP/1.1 400 Bad Request\r\n\r\n", name="a")
    exchange.connections["b"] = Connection("b", bytearray(GET), bytearray(b"HTTP/1.1 200 OK\r\n\r\n"), "closed")
    [found] = judge(expecting(("a", "b"), **table), exchange, AROUND).mismatches
    assert (found.got, found.line, found.connection) == ("200", "HTTP/1.1 200 OK", "b")
    two = [{"status": 200}, {"status": 200}]
    [found] = judged(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.0 404 No\r\n\r\n", sent=GET * 2, response=two).mismatches
    assert (found.got, found.line, found.connection) == ("404", "HTTP/1.0 404 No", "")
    [found] = judged(b"", status=200).mismatches
    assert (found.got, found.line) == ("closed", "")


def test_a_connection_that_was_never_opened_is_silent() -> None:
    found = judge(expecting(status=200), Exchange(failed_steps=[FailedStep("await", b"\r", b"/srv/root")]), AROUND)
    assert found.mismatches[0] == Mismatch("await", r"\r", "{root}") and whats(found) == ["await", "status"]


@pytest.mark.parametrize(
    "table",
    [
        {"env": {"A": "1", "B": {"empty": True}, "C": {"absent": True}}},
        {"env-names": ["A", "B", "C"]},
        {"argv": ["x y"]},
        {"probe": {"uid": "nobody", "gid": 3, "cwd": "{root}"}},
    ],
)
def test_probe_output_that_meets_the_expectation_has_no_mismatch(table: dict[str, Any]) -> None:
    assert judged(PROBE, **table).mismatches == ()


@pytest.mark.parametrize(
    ("table", "mismatch"),
    [
        ({"env": {"A": "2"}}, Mismatch("env.A", '"2"', '"1"', 0)),
        ({"env": {"C": "2"}}, Mismatch("env.C", '"2"', "absent")),
        ({"env-names": ["B"]}, Mismatch("env-names", "no other than the names listed", "A")),
        ({"argv": ["x", "y"]}, Mismatch("argv", '["x", "y"]', '["x y"]')),
        ({"probe": {"gid": "nobody"}}, Mismatch("probe.gid", "65533", "3")),
        ({"probe": {"cwd": "{root}/x"}}, Mismatch("probe.cwd", '"{root}/x"', '"{root}"', 6)),
        ({"probe": {"stdin-eof": True}}, Mismatch("probe.stdin-eof", "true", "absent")),
    ],
)
def test_probe_output_that_differs_has_the_mismatch(table: dict[str, Any], mismatch: Mismatch) -> None:
    assert judged(PROBE, **table).mismatches == (mismatch,)


def test_within_is_counted_from_the_end_of_sending() -> None:
    for first, wrong in ((10.4, []), (10.6, ["within"]), (9.0, []), (None, ["within", "status"])):
        exchange = of(OK if first else b"", sent_at=10.0, first_at=first)
        table: dict[str, Any] = {"within": 0.5} if first else {"within": 0.5, "body": "x"}
        assert whats(judge(expecting(**table), exchange, AROUND)) == wrong


def test_the_log_is_matched_like_any_octets() -> None:
    assert judge_log(Matcher(contains=(b"{port}",)), b"on 8123", AROUND) is None
    assert judge_log(Matcher(contains=(b"x",)), b"/srv/root", AROUND) == Mismatch("log", 'contains "x"', '"{root}"')


@pytest.mark.parametrize(
    ("table", "received", "whole"),
    [
        ({"status": 200}, OPEN, True),
        ({"status": 200}, OPEN[:-1], False),
        ({"status": 200}, OK, False),
        ({"status": 200, "closes": False}, OK, True),
        ({"status": 200, "closes": True}, OPEN, False),
        ({"status": 200, "reset": False}, OPEN, False),
        ({"status": 200, "count": 2}, OPEN, False),
        ({"response": [{"status": 200}, {"status": 200}]}, OPEN, False),
        ({"response": [{"status": 200}, {"status": 200}]}, OPEN * 2, True),
    ],
)
def test_settled_is_true_once_an_open_connection_holds_every_expected_response(
    table: dict[str, Any], received: bytes, whole: bool
) -> None:
    assert settled(expecting(**table))("main", received, GET * 2) is whole
