"""How well a ranking has put what was to be found in front, for one query.

``ranked`` holds the keys of what was found, best first, each once; ``grades`` the judged ones, relevant above 0. All
results are 0 to 1, as trec_eval has them.
"""

import math
from collections.abc import Mapping, Sequence

METRICS = ("recall@1", "recall@5", "recall@20", "MRR@10", "nDCG@10")


def judge(ranked: Sequence[str], grades: Mapping[str, int]) -> dict[str, float]:
    """Each of ``METRICS`` for one query. Raises ValueError when nothing is relevant."""
    return {
        "recall@1": recall(ranked, grades, 1),
        "recall@5": recall(ranked, grades, 5),
        "recall@20": recall(ranked, grades, 20),
        "MRR@10": reciprocal_rank(ranked, grades, 10),
        "nDCG@10": ndcg(ranked, grades, 10),
    }


def recall(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """The share of what is relevant that is among the first ``k``."""
    relevant = {key for key, grade in grades.items() if grade > 0}
    if not relevant:
        raise ValueError("nothing is relevant")
    return len(relevant.intersection(ranked[:k])) / len(relevant)


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """One divided by the rank of the first relevant one, 0 when none is among the first ``k``."""
    return next((1 / rank for rank, key in enumerate(ranked[:k], start=1) if grades.get(key, 0) > 0), 0.0)


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Sum of ``grade / log2(rank + 1)`` over the first ``k``, divided by that of the best order there could be.

    Of Järvelin and Kekäläinen, 2002, with the grade itself as gain.
    """
    best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    if not best:
        raise ValueError("nothing is relevant")
    return _gain([max(grades.get(key, 0), 0) for key in ranked[:k]]) / _gain(best[:k])


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))
