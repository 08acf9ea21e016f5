"""How good a ranking is: recall@1, MRR@10 and nDCG@10, each from 0 to 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_DEPTH = 10


@dataclass(frozen=True)
class Quality:
    """Means over questions."""

    recall_at_1: float
    mrr_at_10: float
    ndcg_at_10: float


def quality(
    scores: Callable[[int], NDArray[np.float64]],
    gold: Sequence[set[int]],
    asked: Callable[[int], bool] = lambda _: True,
) -> Quality:
    """Rank by ``scores(question)`` (passages,) for each question that ``asked`` takes and that has an answer."""
    rows = [_of_one(scores(index), wanted) for index, wanted in enumerate(gold) if wanted and asked(index)]
    first, reciprocal, gain = (float(np.mean(column)) for column in zip(*rows, strict=True))
    return Quality(first, reciprocal, gain)


def _of_one(scores: NDArray[np.float64], wanted: set[int]) -> tuple[float, float, float]:
    """Return the three measures for one question; passages of equal score rank in their order."""
    size = min(_DEPTH, len(scores))
    bar = np.partition(scores, -size)[-size]
    candidates = np.flatnonzero(scores >= bar)
    best = candidates[np.argsort(-scores[candidates], kind="stable")][:size]
    hits = [rank for rank, index in enumerate(best.tolist()) if index in wanted]
    ideal = sum(1 / np.log2(rank + 2) for rank in range(min(_DEPTH, len(wanted))))
    gain = float(sum(1 / np.log2(rank + 2) for rank in hits) / ideal)
    return float(hits[:1] == [0]), 1 / (hits[0] + 1) if hits else 0.0, gain
