"""cgi_bench_report/second_opinion.py: measuring with two programs, and finding pairs that they rank differently."""

from pathlib import Path

import pytest
from cgi_bench_report import second_opinion
from cgi_bench_report.second_opinion import Samples, by_wrk, disagreements, measure, name_of, table

FAST, SLOW = [200.0, 210, 190, 205, 195], [100.0, 101, 99, 102, 98]


def samples(by_bench: dict[str, list[float]], by_wrk: dict[str, list[float]]) -> Samples:
    return {(name, "cgi-bench"): rates for name, rates in by_bench.items()} | {
        (name, "wrk"): rates for name, rates in by_wrk.items()
    }


def test_the_same_ranking_is_no_disagreement() -> None:
    assert disagreements(samples({"a": FAST, "b": SLOW}, {"a": FAST, "b": SLOW}), ["a", "b"]) == []


def test_opposite_rankings_are_a_disagreement() -> None:
    found = disagreements(samples({"a": FAST, "b": SLOW}, {"a": SLOW, "b": FAST}), ["a", "b"])
    assert len(found) == 1
    assert found[0].startswith("a / b: 2.00") and "by wrk" in found[0]


def test_an_uncertain_ranking_is_no_disagreement() -> None:
    assert disagreements(samples({"a": FAST, "b": SLOW}, {"a": [90.0, 150] * 2, "b": [80.0, 160] * 2}), ["a", "b"]) == []


def test_the_table_shows_both_rates_and_their_ratio() -> None:
    text = table(samples({"a": FAST, "b": SLOW}, {"a": FAST, "b": SLOW}), ["a", "b"], "static-1k/64")
    assert "| a | 200 | 200 |  |  | 1.00" in text
    assert "| b | 100 | 100 | 0.50" in text


def test_every_server_is_measured_by_both_programs_in_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str, int, float]] = []

    def asks(program: str, rate: float):  # type: ignore[no-untyped-def]
        def ask(url: str, scenario: str, clients: int, seconds: float) -> float:
            asked.append((program, url, scenario, clients, seconds))
            return rate + len(url)

        return ask

    monkeypatch.setattr(second_opinion, "by_cgi_bench", asks("cgi-bench", 100.0))
    monkeypatch.setattr(second_opinion, "by_wrk", asks("wrk", 200.0))
    found = measure({"a": "u", "b": "uu"}, "static-1k", 64, 3, 0.5)
    assert found == {
        ("a", "cgi-bench"): [101.0] * 3, ("a", "wrk"): [201.0] * 3,
        ("b", "cgi-bench"): [102.0] * 3, ("b", "wrk"): [202.0] * 3,
    }  # fmt: skip
    for at in range(0, 12, 4):  # each round ends before the next one begins
        turns = {(program, url) for program, url, *_ in asked[at : at + 4]}
        assert turns == {("cgi-bench", "u"), ("cgi-bench", "uu"), ("wrk", "u"), ("wrk", "uu")}
    assert {tuple(rest) for _, _, *rest in asked} == {("static-1k", 64, 0.5)}


def test_each_round_has_a_random_order(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(second_opinion.random, "shuffle", lambda turns: turns.reverse())
    monkeypatch.setattr(second_opinion, "by_cgi_bench", lambda url, *rest: order.append(f"bench {url}") or 1.0)
    monkeypatch.setattr(second_opinion, "by_wrk", lambda url, *rest: order.append(f"wrk {url}") or 1.0)
    measure({"a": "a", "b": "b"}, "static-1k", 1, 1, 1.0)
    assert order == ["wrk b", "bench b", "wrk a", "bench a"]


@pytest.mark.parametrize(
    ("text", "name"),
    [("lighttpd", "lighttpd"), ("./bench/servers/cgi-server:rfc3875", "cgi-server"), ("go=go-net-http-cgi", "go"), ("a=b/c:rfc3875", "a")],
)
def test_a_server_has_its_own_name_or_that_of_its_folder(text: str, name: str) -> None:
    assert name_of(text) == name


def test_wrk_measures_whole_seconds_and_its_rate_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrk = tmp_path / "wrk"
    wrk.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/words\necho "Requests/sec:   1234.50"\n')
    wrk.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert by_wrk("http://127.0.0.1:1", "cgi-hello", 8, 0.3) == 1234.5
    assert (tmp_path / "words").read_text() == "-t1 -c8 -d1s http://127.0.0.1:1/cgi-bin/hello-static\n"
