"""Joins what the two sides say of each candidate into one score."""

from collections.abc import Sequence
from dataclasses import replace

from documents.retrieval.passages import RetrievedPassage
from documents.retrieval.settings import DEFAULT, SearchSettings

RRF_K = 60
"""Of Cormack, Clarke and Büttcher, 2009: how slowly a rank loses its weight."""


def fuse(candidates: Sequence[RetrievedPassage], settings: SearchSettings = DEFAULT) -> list[RetrievedPassage]:
    """Order candidates, best first, with a ``score`` of 0 to 1 relative to each other."""
    dense = [each.dense_score for each in candidates]
    keyword = [each.keyword_score for each in candidates]
    if settings.fusion == "rrf":
        joined = _reciprocal_ranks(dense, keyword)
    else:
        weight = {"dense": 1.0, "keyword": 0.0}.get(settings.fusion, settings.dense_weight)
        pairs = zip(_stretched(dense), _stretched(keyword), strict=True)
        joined = [weight * one + (1 - weight) * other for one, other in pairs]
    scored = [replace(each, score=round(score, 6)) for each, score in zip(candidates, joined, strict=True)]
    return sorted(scored, key=lambda each: (-each.score, -each.dense_score, each.chunk_id))


def _stretched(scores: list[float]) -> list[float]:
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    # Without a spread the side says nothing about the order; a single hit still counts as one.
    return [(score - low) / (high - low) if high > low else float(score > 0) for score in scores]


def _reciprocal_ranks(dense: list[float], keyword: list[float]) -> list[float]:
    """Sums of ``1 / (RRF_K + rank)``, as a share of what the first of both sides would have.

    Every candidate has a rank by meaning, one that has none of the words none by words. Equal scores share a rank.
    """
    best = 2 / (RRF_K + 1)
    of_meaning = _ranks(dense) if len(set(dense)) > 1 or any(dense) else {}
    of_words = _ranks([score for score in keyword if score > 0])
    return [
        (_share(of_meaning.get(one)) + _share(of_words.get(other))) / best
        for one, other in zip(dense, keyword, strict=True)
    ]


def _share(rank: int | None) -> float:
    return 0.0 if rank is None else 1 / (RRF_K + rank)


def _ranks(scores: list[float]) -> dict[float, int]:
    """The rank of each score from 1, the highest first."""
    ranks: dict[float, int] = {}
    for rank, score in enumerate(sorted(scores, reverse=True), start=1):
        ranks.setdefault(score, rank)
    return ranks
