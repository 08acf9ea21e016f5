"""Puts the best candidates in order again, by late interaction over the token vectors stored with them."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from documents.embedders import TokenPacker
from documents.models import EmbeddingSet
from documents.retrieval.passages import RetrievedPassage
from documents.retrieval.statement import packed_tokens
from rag.reranking import reranked_scores


def rerank(
    passages: list[RetrievedPassage],
    searched: EmbeddingSet,
    packer: TokenPacker,
    question: NDArray[np.float32],
    reach: float,
    depth: int,
) -> tuple[list[RetrievedPassage], dict[str, Any]]:
    """Order the first ``depth`` passages by their chance to answer, and leave out the others.

    ``question`` holds the question's token vectors (tokens, dimensions), ``reach`` the most BM25 that a passage could
    have. Chunks from before token vectors were kept have none: while one of them is among the passages, the order
    stays. Returns what a trace says of it too.
    """
    first = passages[:depth]
    packed = packed_tokens(searched, [each.chunk_id for each in first])
    if len(packed) < len(first):
        return passages, {"kept": True, "without_tokens": len(first) - len(packed)}
    if not first:
        return passages, {"candidates": []}
    tokens = packer.late_interaction.scores(question, [packed[each.chunk_id] for each in first])
    similarities = np.array([each.dense_score for each in first], np.float32)
    keywords = np.array([each.keyword_score for each in first], np.float32) / max(reach, 1e-6)
    chances = reranked_scores(tokens, similarities, keywords.clip(0, 1))
    scored = [
        (replace(each, score=round(chance, 6)), round(its, 6))
        for each, chance, its in zip(first, chances.tolist(), tokens.tolist(), strict=True)
    ]
    scored.sort(key=lambda pair: (-pair[0].score, -pair[0].dense_score, pair[0].chunk_id))
    told = [{"chunk": each.chunk_id, "score": each.score, "tokens": its} for each, its in scored]
    return [each for each, _its in scored], {"candidates": told}
