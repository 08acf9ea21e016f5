"""Weights of the two regressions in sentence_scoring: bias, weights, means, scales of each feature, in its order.

Written by scripts/train_sentence_scorer.py.
"""

Weights = tuple[float, tuple[float, ...], tuple[float, ...], tuple[float, ...]]

RANKING: Weights = (
    -3.0,
    (5.0, 1.0, 0.0, 3.0, 1.0, 1.0, 0.5, 0.5, 0.0, 1.0, 0.2, -0.1, 0.0, 0.0, 1.0, 1.0, -1.0),
    (0.0,) * 17,
    (1.0,) * 17,
)
ANSWERED: Weights = (
    -4.5,
    (0.3, 0.0, 4.0, 1.0, 1.0, 1.0, 2.0, 0.0, 0.5, -1.0, -1.0, -1.0, 0.0),
    (0.0,) * 13,
    (1.0,) * 13,
)
