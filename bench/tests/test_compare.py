"""cgi_bench_report/compare.py: ratios and their intervals."""

import itertools
import random

import pytest

from cgi_bench_report.compare import _ways, ratio


def test_two_samples_of_the_same_speed_do_not_differ() -> None:
    noise = random.Random(1)
    a, b = ([noise.gauss(1000, 50) for _ in range(7)] for _ in range(2))
    found = ratio(a, b)
    assert found is not None and found.is_one
    assert 0.9 < found.value < 1.1


def test_a_clear_difference_has_an_interval_that_excludes_one() -> None:
    found = ratio([120, 121, 119, 122, 118], [100, 101, 99, 102, 98])
    assert found is not None and not found.is_one
    assert found.value == pytest.approx(1.2, abs=0.01)
    assert found.low is not None and found.high is not None and found.low > 1.1 and found.high < 1.3


def test_one_slow_repetition_does_not_change_the_ratio() -> None:
    found = ratio([120, 121, 119, 122, 60], [100, 101, 99, 102, 98])
    assert found is not None and found.value == pytest.approx(1.2, abs=0.03)


def test_too_few_repetitions_have_no_interval() -> None:
    found = ratio([2, 2, 2], [1, 1, 1])
    assert found is not None
    assert (found.value, found.low, found.high) == (2, None, None)
    assert found.is_one  # three repetitions cannot show a difference


def test_there_is_no_ratio_without_values_or_with_zero() -> None:
    assert ratio([], [1]) is None
    assert ratio([1], []) is None
    assert ratio([1], [0]) is None


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (3, 3), (4, 2), (4, 4)])
def test_ways_counts_the_orders_correctly(n: int, m: int) -> None:
    counted = [0] * (n * m + 1)
    for places in itertools.combinations(range(n + m), n):
        others = [place for place in range(n + m) if place not in places]
        counted[sum(a > b for a in places for b in others)] += 1
    assert _ways(n, m) == counted


def test_95_percent_of_the_intervals_cover_the_true_ratio() -> None:
    noise = random.Random(7)
    tries, covered = 2000, 0
    for _ in range(tries):
        a = [1.3 * noise.lognormvariate(0, 0.2) for _ in range(5)]
        b = [noise.lognormvariate(0, 0.2) for _ in range(5)]
        found = ratio(a, b)
        assert found is not None and found.low is not None and found.high is not None
        covered += found.low <= 1.3 <= found.high
    assert 0.94 < covered / tries < 0.99
