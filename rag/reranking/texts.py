"""Scores texts that are not stored by late interaction: they are embedded when they are asked for."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.embeddings import TokenEmbedder
from rag.errors import RerankingError
from rag.errors import marked as _
from rag.late_interaction import LateInteraction
from rag.lexical import chunk_terms, language_of, question_terms
from rag.lexical.bm25 import K1, idf
from rag.reranking import Candidate, Floats, Question
from rag.reranking.late import LateInteractionReranker

MOST_TOKENS = 100_000  # of all texts together; at some 60 pieces of 254 tokens a second


def scores_of_texts(
    question: str, texts: Sequence[str], embedder: TokenEmbedder, late_interaction: LateInteraction
) -> Floats:
    """Return a score (texts,), 0 to 1, for texts of any length, in the calling thread and no other.

    As in a search, but for the rareness of words, which is counted among these very texts: a score may depend on which
    others are there. A long text is read in pieces, and its best one counts. Raises RerankingError ``texts_too_long``
    for more than MOST_TOKENS.
    """
    vector, tokens = embedder.embed_query_and_tokens(question)
    owners: list[int] = []
    pieces: list[str] = []
    read = 0
    for owner, text in enumerate(texts):
        spans = embedder.token_offsets(text)
        read += len(spans)
        if read > MOST_TOKENS:
            raise RerankingError(
                "texts_too_long",
                _("The texts have more than %(most)s tokens together. Send fewer at a time.") % {"most": MOST_TOKENS},
            )
        for piece in _pieces(text, spans, embedder.max_tokens - 2):
            owners.append(owner)
            pieces.append(piece)
    shares = _shares(question, pieces)
    candidates = []
    for piece, share in zip(pieces, shares.tolist(), strict=True):
        its_vector, its_tokens = embedder.embed_query_and_tokens(piece)
        packed = late_interaction.encode(its_tokens)
        candidates.append(Candidate(piece, float(vector @ its_vector), share, packed))
    found = LateInteractionReranker(late_interaction).rerank(Question(question, tokens), candidates).scores
    best = np.zeros(len(texts), np.float32)
    np.maximum.at(best, owners, found)
    return best


def _pieces(text: str, spans: Sequence[tuple[int, int]], room: int) -> Iterator[str]:
    """The text in as few equal parts as the model can read; ``spans`` are those of its tokens."""
    count = max(1, math.ceil(len(spans) / room))
    size = max(1, math.ceil(len(spans) / count))
    for first in range(0, max(len(spans), 1), size):
        part = spans[first : first + size]
        yield text[part[0][0] : part[-1][1]] if part else ""


def _shares(question: str, texts: Sequence[str]) -> NDArray[np.float64]:
    """Of each text, BM25 without a penalty for length as a share of the most that these texts could reach, 0 to 1."""
    held = [chunk_terms(text, language_of(text)) for text in texts]
    groups = question_terms(question, sorted({language_of(text) for text in texts}))
    counts = np.array([[sum(each.get(term, 0) for term in group) for group in groups] for each in held], np.float64)
    if not groups or not texts:
        return np.zeros(len(texts))
    weights = np.array([idf(int(holding), len(texts)) for holding in (counts > 0).sum(axis=0)])
    shares: NDArray[np.float64] = (counts / (counts + K1)) @ weights / weights.sum()
    return shares
