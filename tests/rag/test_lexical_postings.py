"""Postings of terms: the best chunks are those that adding up all weights gives."""

from collections import defaultdict

import numpy as np
import pytest

from rag.lexical.postings import BLOCK, ENTRY, STEP, asked, best, entries_of
from rag.lexical.terms import term_id

Read = list[tuple[int, float, bytes]]


def random_postings(seed: int) -> tuple[Read, dict[int, float]]:
    """Postings of some terms over ids of three blocks, and the score of each chunk."""
    numbers = np.random.default_rng(seed)
    read: Read = []
    scores: dict[int, float] = defaultdict(float)
    for rarity in (0.5, 1.7, 4.2, 6.0):
        ids = np.sort(numbers.choice(3 * BLOCK, int(3000 / rarity), replace=False)).astype(np.int64)
        weights = numbers.uniform(0.1, 2.2, len(ids)).astype(np.float32)
        entries = entries_of(ids, weights)
        for chunk_id, entry in zip(ids.tolist(), entries["weight"].tolist(), strict=True):
            scores[chunk_id] += rarity * entry * STEP
        # In no order, as postings are added to.
        for block in numbers.permutation(3).tolist():
            its = entries[ids // BLOCK == block]
            half = len(its) // 2
            read += [(block, rarity, its[half:].tobytes()), (block, rarity, its[:half].tobytes())]
    return read, dict(scores)


@pytest.mark.parametrize("count", [1, 10, 500, 100_000])
def test_the_best_are_found(count: int) -> None:
    read, scores = random_postings(count)
    gone = list(scores)[::7]
    elsewhere = dict.fromkeys((gone[0], 7 * BLOCK), 9.0)
    right = {chunk_id: score for chunk_id, score in scores.items() if chunk_id not in gone} | elsewhere
    found = best(read, [*gone, 99 * BLOCK], elsewhere, count)
    assert len(found) == len(set(found)) == min(count, len(right))
    floor = sorted(right.values(), reverse=True)[: len(found)][-1]
    assert all(right[chunk_id] >= floor - 1e-4 for chunk_id in found)
    assert [right[chunk_id] for chunk_id in found] == sorted((right[each] for each in found), reverse=True) or (
        np.diff([right[chunk_id] for chunk_id in found]).max() < 1e-4
    )


def test_nothing_is_found_among_nothing() -> None:
    assert best([], [3], {}, 10) == []


def test_an_entry_tells_place_and_weight_in_three_bytes() -> None:
    made = entries_of(np.array([5, BLOCK + 7, BLOCK - 1], np.int64), np.array([0.0001, 1.1, 2.2], np.float32))
    assert ENTRY.itemsize == 3
    assert made["place"].tolist() == [5, 7, BLOCK - 1]
    assert made["weight"].tolist()[0] == 1
    assert (made["weight"] * STEP)[1:] == pytest.approx([1.1, 2.2], abs=STEP)


def test_the_rarest_terms_are_read() -> None:
    holding = {term_id("rare"): 5, term_id("some"): 50, term_id("common"): 900}
    groups = [("common",), ("rare", "unheard"), ("some",)]
    assert asked(groups, holding, 1000, 10_000).read == tuple(map(term_id, ("rare", "some", "common")))
    assert asked(groups, holding, 1000, 60).read == tuple(map(term_id, ("rare", "some")))
    assert asked(groups, holding, 1000, 1).read == (term_id("rare"),)
    assert len(asked(groups, holding, 1000, 1).ids) == 3
    assert asked([("unheard",)], holding, 1000, 1).read == ()
