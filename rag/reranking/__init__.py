"""Puts the candidates of a search into their final order.

A Reranker scores each candidate for a question. There are three: ``late`` compares token vectors that were made at
ingest, ``cross_encoder`` has a model of a folder read question and passage together, ``remote`` asks a server.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MOST_CANDIDATES = 100
"""As many as a server is asked for in one call."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question; ``tokens`` are its token vectors (tokens, dimensions), where late interaction is to compare them."""

    text: str
    tokens: Floats | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage as it is read, and what is known of it already.

    ``similarity`` is the cosine of the sentence vectors, -1 to 1; ``keywords`` the share of the most BM25 that a
    passage could reach, 0 to 1; ``tokens`` its packed token vectors, None where there are none.
    """

    text: str
    similarity: float = 0.0
    keywords: float = 0.0
    tokens: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reranked:
    """``scores`` (candidates,), 0 to 1, higher is better, in the order of the candidates.

    ``parts`` are numbers behind the scores, by name, of the same shape: a trace tells them.
    """

    scores: Floats
    parts: Mapping[str, Floats] = field(default_factory=dict)


class Reranker(Protocol):
    """What orders candidates. Safe to share between threads."""

    @property
    def name(self) -> str:
        """What a trace calls it."""

    def rerank(self, question: Question, candidates: Sequence[Candidate]) -> Reranked:
        """Score the candidates. Raises RerankingError when it cannot; the order is then left as it was.

        What a score means is the reranker's own: only late interaction's is calibrated to be a chance, those of other
        models order the candidates of one question.
        """


def logistic(values: NDArray[np.floating]) -> Floats:
    """Return 0 to 1 for any finite numbers, in the same order."""
    chances: Floats = (1.0 / (1.0 + np.exp(-values.astype(np.float64).clip(-50, 50)))).astype(np.float32)
    return chances
