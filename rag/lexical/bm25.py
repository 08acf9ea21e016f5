"""BM25: how much a term in a chunk weighs, and an exact index in memory that says what the right ranking is.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the IDF of Lucene, which
is never negative.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

K1 = 1.2  # how soon a term that comes again adds nothing more
B = 0.75  # how much a long chunk has to pay for its length


def idf(holding: int, chunks: int) -> float:
    """Return the weight of a term that ``holding`` of all ``chunks`` hold; always above zero."""
    return math.log(1 + (chunks - holding + 0.5) / (holding + 0.5))


def saturation(count: float, length: float, mean_length: float, k1: float = K1, b: float = B) -> float:
    """Return the weight (0 to k1 + 1) of a term that comes ``count`` times in a chunk of ``length`` terms."""
    return count * (k1 + 1) / (count + k1 * (1 - b + b * length / mean_length))


class Index:
    """All chunks in memory, scored exactly: what an index in a database is measured against."""

    def __init__(self, chunks: Sequence[Mapping[str, int]], k1: float = K1, b: float = B) -> None:
        self._lengths = np.array([sum(chunk.values()) for chunk in chunks], np.float64)
        postings: dict[str, list[tuple[int, int]]] = {}
        for place, chunk in enumerate(chunks):
            for term, count in chunk.items():
                postings.setdefault(term, []).append((place, count))
        self._spans: dict[str, slice] = {}
        first = 0
        for term, held in postings.items():
            self._spans[term] = slice(first, first + len(held))
            first += len(held)
        pairs = [pair for held in postings.values() for pair in held]
        self._places, counts = np.array(pairs, np.int64).reshape(-1, 2).T
        self._counts = counts.astype(np.float64)
        self._holding = np.repeat(
            *np.array([(len(held),) * 2 for held in postings.values()], np.int64).reshape(-1, 2).T
        )
        self.weigh(k1, b)

    def weigh(self, k1: float, b: float) -> None:
        """Weigh the terms anew, with other constants."""
        size = len(self._lengths)
        mean = max(float(self._lengths.mean()), 1.0) if size else 1.0
        rarity = np.log(1 + (size - self._holding + 0.5) / (self._holding + 0.5))
        slowing = k1 * (1 - b + b * self._lengths[self._places] / mean)
        self._weights: NDArray[np.float64] = rarity * self._counts * (k1 + 1) / (self._counts + slowing)

    def scores(self, groups: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """Return the score (chunks,) of every chunk for a question's terms; each term counts once."""
        scores = np.zeros(len(self._lengths))
        for term in {term for group in groups for term in group} & self._spans.keys():
            span = self._spans[term]
            scores[self._places[span]] += self._weights[span]
        return scores
