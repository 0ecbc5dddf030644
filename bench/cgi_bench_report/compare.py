"""How much faster is A than B, and how sure is that? On repetitions that were interleaved.

The estimate is the median of all ratios between a repetition of A and one of B (Hodges and Lehmann); its interval is
the one that goes with the test of Mann and Whitney, which Google Benchmark's compare.py uses, too. Neither assumes
how the noise is distributed: on shared machines it comes in single dips to half the speed.
"""

import functools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Ratio:
    """A divided by B; no interval where there are too few repetitions to have one."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def is_one(self) -> bool:
        """No difference that these repetitions can tell."""
        return self.low is None or self.high is None or self.low <= 1.0 <= self.high

    def __str__(self) -> str:
        interval = f" ({self.low:.2f}–{self.high:.2f})" if self.low is not None and self.high is not None else ""
        return f"{self.value:.2f}{interval}"


def ratio(a: Sequence[float], b: Sequence[float]) -> Ratio | None:
    """None where there is nothing to divide."""
    if not a or not b or min(b) <= 0:
        return None
    pairs = sorted(x / y for x in a for y in b)
    left_out = _left_out(len(a), len(b))
    if left_out is None:
        return Ratio(statistics.median(pairs))
    return Ratio(statistics.median(pairs), pairs[left_out], pairs[-1 - left_out])


@functools.cache
def _left_out(n: int, m: int) -> int | None:
    """How many of the n·m ordered ratios may be left out at each end; None if even all of them are too few."""
    ways = _ways(n, m)
    limit = (1 - CONFIDENCE) / 2 * sum(ways)
    below = 0
    for rank, count in enumerate(ways):
        below += count
        if below > limit:
            return rank - 1 if rank else None
    return None


def _ways(n: int, m: int) -> list[int]:
    """In how many orders of n and m values the statistic U is 0, 1, …, n·m: the Gaussian binomial coefficient."""
    ways = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for u in range(n * m, m + i - 1, -1):
            ways[u] -= ways[u - m - i]
        for u in range(i, n * m + 1):
            ways[u] += ways[u - i]
    return ways
