"""How sure a difference between two systems is that answered the same queries."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
_RESAMPLED_AT_ONCE = 2_000_000
"""Numbers drawn in one go: bounds memory."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean difference, and the interval that holds it in 95 of 100 resamples."""

    mean: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def paired_difference(
    baseline: Sequence[float], other: Sequence[float], *, resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """How much more ``other`` has than ``baseline``; each holds one value per query, in the same order.

    The queries are drawn with replacement, each with the values of both (paired bootstrap, percentiles; Efron and
    Tibshirani, 1993). Raises ValueError for sequences that are empty or of unequal length.
    """
    if len(baseline) != len(other) or not len(baseline):
        raise ValueError("both must have a value for each query, and there must be one")
    differences = np.asarray(other, np.float64) - np.asarray(baseline, np.float64)
    numbers = np.random.default_rng(seed)
    at_once = max(1, _RESAMPLED_AT_ONCE // len(differences))
    means = np.concatenate(
        [
            differences[
                numbers.integers(0, len(differences), (min(at_once, resamples - first), len(differences)))
            ].mean(1)
            for first in range(0, resamples, at_once)
        ]
    )
    low, high = np.percentile(means, [2.5, 97.5])
    return Difference(float(differences.mean()), float(low), float(high))
