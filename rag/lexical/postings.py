"""What a database keeps of a chunk's terms: a weight for each, and a key by which the heaviest are found first.

A key joins a term with a bucket of its weight. So a question can ask for the chunks in which a rare term weighs most
before it asks for those that hold a common one, and stop when it has enough: few candidates, and hardly any of the best
chunks missing from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.lexical.bm25 import K1, B, idf
from rag.lexical.terms import term_id

DIMENSIONS = 1_000_000_000
"""Of the sparse vectors: term ids are below it."""

BUCKETS = 4
_EDGES = np.array([0.75, 1.1, 1.45], np.float32)
_TYPICAL = (0.57, 0.92, 1.27, 1.75)
"""Weights run from 0 to ``K1 + 1``; a term that comes once in a chunk of mean length weighs 1."""

_LOWEST_KEY = -(2**31)
MAX_TERMS = 48
"""Of a long question the rarest terms count."""


@dataclass(frozen=True, slots=True)
class Postings:
    """The terms of one chunk: ``ids`` (terms,) ascending, their ``weights`` and ``keys``; ``length`` in terms."""

    ids: NDArray[np.int32]
    weights: NDArray[np.float32]
    length: int

    @property
    def keys(self) -> NDArray[np.int32]:
        """The key of each term with the bucket of its weight."""
        return keys_of(self.ids, self.weights)


@dataclass(frozen=True, slots=True)
class LexicalQuestion:
    """A question's terms with how rare each is, the keys by which its candidates are found, and ``reach``: the most
    that a passage could score, with every word of the question in it, the words that no passage holds among them.

    ``candidates`` says how many passages hold a key, those that hold several counted for each.
    """

    ids: tuple[int, ...]
    idfs: tuple[float, ...]
    keys: tuple[int, ...]
    reach: float
    candidates: int = 0


NOTHING_ASKED = LexicalQuestion((), (), (), 0.0)


def postings(terms: Mapping[str, int], reference: float) -> Postings:
    """The postings of a chunk with these terms; its length is held against ``reference``, a length in terms."""
    counts: dict[int, int] = {}
    for term, count in terms.items():
        # Two terms of one id, about once in a billion pairs, count as one.
        counts[term_id(term)] = counts.get(term_id(term), 0) + count
    ids = np.array(sorted(counts), np.int32)
    held = np.array([counts[each] for each in ids.tolist()], np.float32)
    length = sum(counts.values())
    return Postings(ids, held * (K1 + 1) / (held + _slowing(length, reference)), length)


def against(weights: NDArray[np.float32], length: int, before: float, reference: float) -> NDArray[np.float32]:
    """The weights that postings of a chunk would have with another reference: how often each term comes is in them."""
    held = np.rint(weights * _slowing(length, before) / (K1 + 1 - weights))
    result: NDArray[np.float32] = (held * (K1 + 1) / (held + _slowing(length, reference))).astype(np.float32)
    return result


def keys_of(ids: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.int32]:
    """The key of each term with the bucket of its weight."""
    buckets = np.searchsorted(_EDGES, weights, side="right")
    return (ids.astype(np.int64) * BUCKETS + buckets + _LOWEST_KEY).astype(np.int32)


def all_keys(terms: Sequence[str]) -> dict[int, list[int]]:
    """For the id of each term its keys, the lightest bucket first."""
    ids = {term_id(term) for term in terms}
    return {each: [each * BUCKETS + bucket + _LOWEST_KEY for bucket in range(BUCKETS)] for each in ids}


def asked(groups: Sequence[Sequence[str]], holding: Mapping[int, int], chunks: int, most: float) -> LexicalQuestion:
    """Choose what to ask for.

    ``groups`` are the question's words, each with its alternatives; ``holding`` says how many of all ``chunks`` hold a
    key. Keys are taken by how much they can add to a score, those left out that would bring the candidates above
    ``most``; never none.
    """
    keys = all_keys([term for group in groups for term in group])
    rarity: dict[int, float] = {}
    for term, its in keys.items():
        found = sum(holding.get(key, 0) for key in its)
        if found > 0:
            rarity[term] = idf(found, max(chunks, found))
    rarest = sorted(sorted(rarity), key=lambda term: -rarity[term])[:MAX_TERMS]
    offers = sorted(
        (-rarity[term] * typical, key)
        for term in rarest
        for typical, key in zip(_TYPICAL, keys[term], strict=True)
        if holding.get(key, 0) > 0
    )
    chosen: list[int] = []
    candidates = 0
    for _worth, key in offers:
        if not chosen or candidates + holding[key] <= most:
            chosen.append(key)
            candidates += holding[key]
    unheard = idf(0, max(chunks, 1))
    worths = sorted(
        (max((rarity.get(term_id(term), 0.0) for term in group), default=0.0) or unheard for group in groups),
        reverse=True,
    )
    ordered = sorted(rarest)
    return LexicalQuestion(
        tuple(ordered),
        tuple(rarity[term] for term in ordered),
        tuple(chosen),
        (K1 + 1) * sum(worths[:MAX_TERMS]),
        candidates,
    )


def _slowing(length: int, reference: float) -> float:
    return K1 * (1 - B + B * length / reference)
