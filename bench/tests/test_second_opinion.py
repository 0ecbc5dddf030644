"""Two programs that rank servers differently are told apart from two that are only unsure."""

from cgi_bench_report.second_opinion import Samples, disagreements, table

FAST, SLOW = [200.0, 210, 190, 205, 195], [100.0, 101, 99, 102, 98]


def samples(by_bench: dict[str, list[float]], by_wrk: dict[str, list[float]]) -> Samples:
    return {(name, "cgi-bench"): rates for name, rates in by_bench.items()} | {
        (name, "wrk"): rates for name, rates in by_wrk.items()
    }


def test_agreement_is_silent() -> None:
    assert disagreements(samples({"a": FAST, "b": SLOW}, {"a": FAST, "b": SLOW}), ["a", "b"]) == []


def test_an_opposite_ranking_is_told() -> None:
    found = disagreements(samples({"a": FAST, "b": SLOW}, {"a": SLOW, "b": FAST}), ["a", "b"])
    assert len(found) == 1
    assert found[0].startswith("a / b: 2.00") and "by wrk" in found[0]


def test_who_is_unsure_does_not_disagree() -> None:
    assert disagreements(samples({"a": FAST, "b": SLOW}, {"a": [90.0, 150] * 2, "b": [80.0, 160] * 2}), ["a", "b"]) == []


def test_the_table_shows_both_and_their_ratio() -> None:
    text = table(samples({"a": FAST, "b": SLOW}, {"a": FAST, "b": SLOW}), ["a", "b"], "static-1k/64")
    assert "| a | 200 | 200 |  |  | 1.00" in text
    assert "| b | 100 | 100 | 0.50" in text
