"""Estimates how much faster A is than B, with an interval, from interleaved repetitions.

The estimate is the median of all ratios between a repetition of A and one of B (Hodges and Lehmann). Its interval
follows from the test of Mann and Whitney, which Google Benchmark's compare.py uses as well. Neither assumes a
distribution of the noise: on shared machines, single repetitions drop to half the speed.
"""

import functools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Ratio:
    """A divided by B. Without an interval if there are too few repetitions for one."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def is_one(self) -> bool:
        """Returns True if the repetitions do not show a difference."""
        return self.low is None or self.high is None or self.low <= 1.0 <= self.high

    def __str__(self) -> str:
        interval = f" ({self.low:.2f}–{self.high:.2f})" if self.low is not None and self.high is not None else ""
        return f"{self.value:.2f}{interval}"


def ratio(a: Sequence[float], b: Sequence[float]) -> Ratio | None:
    """Returns the ratio, or None if a side has no value or B is not positive."""
    if not a or not b or min(b) <= 0:
        return None
    pairs = sorted(x / y for x in a for y in b)
    left_out = _left_out(len(a), len(b))
    if left_out is None:
        return Ratio(statistics.median(pairs))
    return Ratio(statistics.median(pairs), pairs[left_out], pairs[-1 - left_out])


@functools.cache
def _left_out(n: int, m: int) -> int | None:
    """Returns how many of the n·m ordered ratios lie outside the interval at each end, or None if n·m is too small."""
    ways = _ways(n, m)
    limit = (1 - CONFIDENCE) / 2 * sum(ways)
    below = 0
    for rank, count in enumerate(ways):
        below += count
        if below > limit:
            return rank - 1 if rank else None
    return None


def _ways(n: int, m: int) -> list[int]:
    """Returns in how many orders of n and m values U is 0, 1, …, n·m: the Gaussian binomial coefficient."""
    ways = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for u in range(n * m, m + i - 1, -1):
            ways[u] -= ways[u - m - i]
        for u in range(i, n * m + 1):
            ways[u] += ways[u - i]
    return ways
