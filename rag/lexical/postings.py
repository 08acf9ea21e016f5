"""What a database keeps of a chunk's terms: a weight for each, so that BM25 is an inner product, and postings by term.

Postings say which chunks hold a term, in blocks of chunk ids, three bytes for each: its place in the block and its
weight in one byte. The best chunks of a question are found by adding them up; their exact scores come from the weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.lexical.bm25 import K1, B, idf
from rag.lexical.terms import term_id

DIMENSIONS = 1_000_000_000
"""Of the sparse vectors: term ids are below it."""

BLOCK = 16_384
"""Chunk ids of one block: more make common terms dear to add to, fewer make rare ones take more rows."""

ENTRY = np.dtype([("place", "<u2"), ("weight", "u1")])
STEP = (K1 + 1) / 255
"""Of an entry's weight. Weights run from 0 to ``K1 + 1``; a term that comes once in a chunk of mean length weighs 1."""

MAX_TERMS = 48
"""Of a long question the rarest terms count."""

_BLOCKS_TO_JUDGE_BY = 4
_LEAST = np.float32(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class Postings:
    """The terms of one chunk: ``ids`` (terms,) ascending, and their ``weights``; ``length`` in terms."""

    ids: NDArray[np.int32]
    weights: NDArray[np.float32]
    length: int


@dataclass(frozen=True, slots=True)
class LexicalQuestion:
    """A question's terms with how rare each is, those of them whose postings are ``read``, and ``reach``: the most
    that a passage could score, with every word of the question in it, the words that no passage holds among them.
    """

    ids: tuple[int, ...]
    idfs: tuple[float, ...]
    read: tuple[int, ...]
    reach: float


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


def entries_of(chunk_ids: NDArray[np.int64], weights: NDArray[np.float32]) -> NDArray[np.void]:
    """The entries (chunks,) of one or more terms, for the ids and the weights that these have there."""
    made = np.empty(len(chunk_ids), ENTRY)
    made["place"] = chunk_ids % BLOCK
    # Never 0, which would mean that the chunk does not hold the term.
    made["weight"] = np.clip(np.rint(weights / STEP), 1, 255)
    return made


def asked(groups: Sequence[Sequence[str]], holding: Mapping[int, int], chunks: int, most: float) -> LexicalQuestion:
    """Weigh the terms of a question and choose those whose postings are read.

    ``groups`` are the question's words, each with its alternatives; ``holding`` says how many of all ``chunks`` hold a
    term. The commonest terms are not read that would bring the postings above ``most``; the rarest always is.
    """
    rarity = {
        term: idf(holding[term], max(chunks, holding[term]))
        for group in groups
        for term in map(term_id, group)
        if holding.get(term, 0) > 0
    }
    rarest = sorted(sorted(rarity), key=lambda term: -rarity[term])[:MAX_TERMS]
    read: list[int] = []
    postings = 0
    for term in rarest:
        postings += holding[term]
        if read and postings > most:
            break
        read.append(term)
    unheard = idf(0, max(chunks, 1))
    worths = sorted(
        (max((rarity.get(term_id(term), 0.0) for term in group), default=0.0) or unheard for group in groups),
        reverse=True,
    )
    ordered = sorted(rarest)
    return LexicalQuestion(
        tuple(ordered), tuple(rarity[term] for term in ordered), tuple(read), (K1 + 1) * sum(worths[:MAX_TERMS])
    )


def best(
    read: Sequence[tuple[int, float, bytes]], without: Sequence[int], scored: Mapping[int, float], count: int
) -> list[int]:
    """The ids of the ``count`` chunks that score highest, or of all that score, best first.

    ``read`` are the postings: the number of a block, the term's IDF, packed entries. Chunks in ``without`` do not count
    by their postings; ``scored`` are further chunks, whose scores are known.
    """
    rows = {block: row for row, block in enumerate(sorted({block for block, _idf, _entries in read}))}
    scores = np.zeros((len(rows), BLOCK), np.float32)
    for block, rarity, packed in read:
        entries = np.frombuffer(packed, ENTRY)
        scores[rows[block]][entries["place"]] += entries["weight"] * np.float32(rarity * STEP)
    for chunk_id in without:
        if chunk_id // BLOCK in rows:
            scores[rows[chunk_id // BLOCK], chunk_id % BLOCK] = 0
    ids = np.fromiter(scored, np.int64, len(scored))
    held = np.fromiter(scored.values(), np.float32, len(scored))
    # Whatever the best of some blocks are above, the best of all are above too: little is left to be put in order.
    some = scores[:_BLOCKS_TO_JUDGE_BY].ravel()
    # Most chunks hold none of the terms. Among thousands of equal numbers numpy finds a place two hundred times slower.
    some = np.concatenate((held, some[some > 0]))
    floor = np.partition(some, -count)[-count] if len(some) > count else np.float32(0)
    places = np.flatnonzero(scores.ravel() >= max(floor, _LEAST))
    numbers = np.fromiter(rows, np.int64, len(rows))
    ids = np.concatenate((ids, numbers[places // BLOCK] * BLOCK + places % BLOCK))
    held = np.concatenate((held, scores.ravel()[places]))
    order = np.lexsort((ids, -held))
    return [int(each) for each in ids[order[:count]]]


def _slowing(length: int, reference: float) -> float:
    return K1 * (1 - B + B * length / reference)
