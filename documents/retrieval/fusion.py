"""Joins what the two sides say of each candidate into one score."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from documents.retrieval.passages import Ranking
from documents.retrieval.settings import DEFAULT, SearchSettings

RRF_K = 60
"""Of Cormack, Clarke and Büttcher, 2009: how slowly a rank loses its weight."""

Floats = NDArray[np.float64]


def fuse(candidates: Ranking, settings: SearchSettings = DEFAULT) -> Ranking:
    """Order candidates, best first, with a score of 0 to 1 relative to each other."""
    if settings.fusion == "rrf":
        return candidates.ordered(_reciprocal_ranks(candidates.dense, candidates.keyword))
    weight = {"dense": 1.0, "keyword": 0.0}.get(settings.fusion, settings.dense_weight)
    return candidates.ordered(weight * _stretched(candidates.dense) + (1 - weight) * _stretched(candidates.keyword))


def _stretched(scores: Floats) -> Floats:
    low, high = (scores.min(), scores.max()) if len(scores) else (0.0, 0.0)
    # Without a spread the side says nothing about the order; a single hit still counts as one.
    stretched: Floats = (scores - low) / (high - low) if high > low else (scores > 0).astype(np.float64)
    return stretched


def _reciprocal_ranks(dense: Floats, keyword: Floats) -> Floats:
    """Sums of ``1 / (RRF_K + rank)``, as a share of what the first of both sides would have.

    Every candidate has a rank by meaning, one that has none of the words none by words. Equal scores share a rank.
    """
    best = 2 / (RRF_K + 1)
    of_meaning = _shares(dense, np.full(len(dense), dense.any()))
    return (of_meaning + _shares(keyword, keyword > 0)) / best


def _shares(scores: Floats, ranked: NDArray[Any]) -> Floats:
    """``1 / (RRF_K + rank)`` of those that are ranked, by score from 1, the highest first; 0 of the others."""
    shares: Floats = np.zeros(len(scores))
    among = np.sort(-scores[ranked])
    shares[ranked] = 1 / (RRF_K + 1 + np.searchsorted(among, -scores[ranked]))
    return shares
