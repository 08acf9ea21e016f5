"""The chance that a candidate answers, from what late interaction, meaning and words say of it.

It is a weighted sum of three numbers, turned into a probability by a logistic curve. The weights are round on
purpose: weights learned from questions made the order worse on questions of another kind (docs/decisions/0043). The
curve is fitted by ``scripts/fit_reranking.py``.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SIMILARITY_WEIGHT = 0.4
KEYWORD_WEIGHT = 0.4
STEEPNESS, MIDDLE = 9.45, 1.040


def reranked_scores(tokens: Floats, similarities: Floats, keywords: Floats) -> Floats:
    """Return the chance of each candidate (candidates,) that it answers the question, 0 to 1.

    ``tokens`` are the scores of late interaction, -1 to 1, ``similarities`` the cosines of the sentence vectors, -1 to
    1, and ``keywords`` the share of the most BM25 that any passage could reach for this question, 0 to 1: BM25 divided
    by (k1 + 1) times the sum of the IDFs of the question's words, those that no passage holds among them. None depends
    on which other candidates there are, so scores of different questions may be compared. Of a question without words
    to search for, ``keywords`` are zeros. NaN in any of them gives 0.
    """
    odds = STEEPNESS * (evidence(tokens, similarities, keywords) - MIDDLE)
    chances: Floats = np.nan_to_num(1.0 / (1.0 + np.exp(-odds.clip(-50, 50)))).astype(np.float32)
    return chances


def evidence(tokens: Floats, similarities: Floats, keywords: Floats) -> Floats:
    """Return the weighted sum that orders the candidates, shape (candidates,)."""
    total: Floats = tokens + SIMILARITY_WEIGHT * similarities + KEYWORD_WEIGHT * keywords
    return total
