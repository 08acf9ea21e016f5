"""Metrics of a ranking equal what one computes by hand, and a difference is sure where it is large for its spread."""

import math
import random

import numpy as np
import pytest

from rag.evaluation.bootstrap import paired_difference
from rag.evaluation.metrics import judge, ndcg, recall, reciprocal_rank


def test_recall_is_the_share_of_what_is_relevant() -> None:
    grades = {"a": 1, "b": 2, "c": 0, "d": 1}
    assert recall(["c", "b", "x"], grades, 1) == 0
    assert recall(["c", "b", "x"], grades, 3) == pytest.approx(1 / 3)
    assert recall(["a", "b", "d"], grades, 3) == 1
    assert recall([], grades, 5) == 0


def test_reciprocal_rank_is_of_the_first_relevant_one() -> None:
    grades = {"a": 1, "c": 0}
    assert reciprocal_rank(["c", "x", "a"], grades, 10) == pytest.approx(1 / 3)
    assert reciprocal_rank([*"0123456789", "a"], grades, 10) == 0


def test_ndcg_counts_grades_by_rank() -> None:
    grades = {"a": 3, "b": 1, "c": 2, "d": 0}
    # Found: 1, 3, none, 2; best would be 3, 2, 1.
    gained = 1 / math.log2(2) + 3 / math.log2(3) + 2 / math.log2(5)
    best = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(["b", "a", "x", "c"], grades, 10) == pytest.approx(gained / best)
    assert ndcg(["a", "c", "b"], grades, 10) == pytest.approx(1)
    assert ndcg(["a"], {"a": 1, "b": 1}, 1) == 1  # no better order of one exists


def test_all_metrics_lie_between_none_and_perfect() -> None:
    dice = random.Random(5)
    for _ in range(200):
        keys = [str(number) for number in range(30)]
        grades = {key: dice.randrange(3) for key in dice.sample(keys, 8)} | {"0": 1}
        assert all(0 <= value <= 1 for value in judge(dice.sample(keys, 20), grades).values())
        ideal = sorted(grades, key=lambda key: -grades[key])
        assert judge(ideal, grades)["nDCG@10"] == pytest.approx(1)
        assert set(judge(["x", "y"], grades).values()) == {0.0}


def test_without_anything_relevant_there_is_nothing_to_judge() -> None:
    with pytest.raises(ValueError, match="relevant"):
        judge(["a"], {"a": 0})


def test_a_difference_that_every_query_has_is_sure() -> None:
    found = paired_difference([0.2, 0.4, 0.6], [0.3, 0.5, 0.7])
    assert (found.mean, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))
    assert found.sure


def test_the_interval_is_that_of_the_normal_distribution_where_there_are_many_queries() -> None:
    numbers = np.random.default_rng(3)
    differences = numbers.normal(0.01, 0.2, 1500)
    baseline = numbers.uniform(size=1500)
    found = paired_difference(baseline.tolist(), (baseline + differences).tolist())
    margin = 1.96 * differences.std() / 1500**0.5
    assert found.low == pytest.approx(differences.mean() - margin, abs=0.1 * margin)
    assert found.high == pytest.approx(differences.mean() + margin, abs=0.1 * margin)


def test_systems_that_are_alike_do_not_differ_surely() -> None:
    numbers = np.random.default_rng(11)
    sure = sum(
        paired_difference(numbers.uniform(size=200).tolist(), numbers.uniform(size=200).tolist(), seed=seed).sure
        for seed in range(100)
    )
    assert sure <= 12  # about five of a hundred


def test_the_same_seed_gives_the_same_interval() -> None:
    numbers = np.random.default_rng(1)
    one, other = numbers.uniform(size=50).tolist(), numbers.uniform(size=50).tolist()
    assert paired_difference(one, other, seed=4) == paired_difference(one, other, seed=4)
    assert paired_difference(one, other, seed=4) != paired_difference(one, other, seed=5)


@pytest.mark.parametrize(("one", "other"), [([], []), ([1.0], [1.0, 0.5])])
def test_values_must_be_pairs(one: list[float], other: list[float]) -> None:
    with pytest.raises(ValueError, match="each query"):
        paired_difference(one, other)
