"""Puts the best candidates in order again: by late interaction over stored token vectors, or with an added reranker.

Whatever a reranker fails at, the question is answered: the order of the fusion stays, and the step says why.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from documents.embedders import TokenPacker, token_packer
from documents.models import EmbeddingSet, Reranker
from documents.rerankers import LATE_INTERACTION, RERANKERS, note_rerank, reranker_of
from documents.retrieval.passages import RetrievalStep, RetrievedPassage
from documents.retrieval.settings import SearchSettings
from documents.retrieval.statement import packed_tokens
from rag.errors import RerankingError
from rag.reranking import Candidate, Question, Reranked
from rag.reranking.late import LateInteractionReranker

log = logging.getLogger(__name__)

Ordered = tuple[list[RetrievedPassage], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the rerankers need it: with its token vectors, where there are any, and the most BM25 there is."""

    text: str
    tokens: NDArray[Any] | None
    reach: float


@dataclass(frozen=True, slots=True)
class Reranking:
    """The reranker of one search: ``row`` for an added one, ``packer`` for late interaction, neither for none.

    ``gone`` is the name of an added one that is there no more: late interaction takes its place.
    """

    searched: EmbeddingSet
    packer: TokenPacker | None = None
    row: Reranker | None = None
    gone: str = ""

    @classmethod
    def chosen(cls, settings: SearchSettings, searched: EmbeddingSet) -> "Reranking":
        """What these settings name; costs a statement for one that was added."""
        name = settings.reranker
        row = None if name in RERANKERS else Reranker.objects.filter(slug=name).first()
        if row is not None:
            return cls(searched, row=row)
        gone = "" if name in RERANKERS else name
        by_tokens = bool(gone) or name == LATE_INTERACTION
        return cls(searched, token_packer(searched) if by_tokens else None, gone=gone)

    def order(
        self, passages: list[RetrievedPassage], asked: Asked, limit: int, settings: SearchSettings
    ) -> tuple[list[RetrievedPassage], RetrievalStep | None]:
        """Order the first passages by their scores and leave out the others; without a reranker all as they are.

        As many are looked at as the settings say and an added reranker takes, but not fewer than ``limit``.
        """
        by_tokens = self.packer is not None and asked.tokens is not None
        if self.row is None and not by_tokens and not self.gone:
            return passages, None
        started = time.perf_counter()
        depth = max(limit, settings.rerank_depth if self.row is None else min(settings.rerank_depth, self.row.depth))
        first = passages[:depth]
        try:
            passages, told = self._ordered(passages, first, asked)
        except RerankingError as error:
            name = self.row.slug if self.row else LATE_INTERACTION
            log.warning("retrieval: the reranker %s failed, the order of the fusion stays: %s", name, error)
            told = {"kept": True, "error": error.code}
            if self.row is not None:
                note_rerank(self.row, error)
        said: dict[str, Any] = {"reranker": self.row.slug if self.row else LATE_INTERACTION, "candidates": len(first)}
        if self.gone:
            said["gone"] = self.gone
        return passages, RetrievalStep("rerank", round((time.perf_counter() - started) * 1000, 3), said, told)

    def _ordered(self, passages: list[RetrievedPassage], first: list[RetrievedPassage], asked: Asked) -> Ordered:
        """Raises RerankingError."""
        if not first:
            return passages, {"candidates": []}
        if self.row is not None:
            texts = [Candidate(headed_text(each)) for each in first]
            reranked = reranker_of(self.row).rerank(Question(asked.text), texts)
            note_rerank(self.row, None)
            return _by_scores(first, reranked)
        if self.packer is None or asked.tokens is None:
            return passages, {"kept": True}
        packed = packed_tokens(self.searched, [each.chunk_id for each in first])
        # Chunks from before token vectors were kept have none: while one of them is there, the order stays.
        if len(packed) < len(first):
            return passages, {"kept": True, "without_tokens": len(first) - len(packed)}
        reach = max(asked.reach, 1e-6)
        candidates = [
            Candidate(each.read_text, each.dense_score, each.keyword_score / reach, packed[each.chunk_id])
            for each in first
        ]
        reranker = LateInteractionReranker(self.packer.late_interaction)
        return _by_scores(first, reranker.rerank(Question(asked.text, asked.tokens), candidates))


def headed_text(passage: RetrievedPassage) -> str:
    """What a model reads of a passage: title and headings, then its text."""
    return "\n".join(part for part in (passage.title, passage.heading, passage.read_text) if part)


def _by_scores(passages: Sequence[RetrievedPassage], reranked: Reranked) -> Ordered:
    """The passages by their scores, and what a trace says of each."""
    parts = {name: values.tolist() for name, values in reranked.parts.items()}
    scored = []
    for index, (passage, score) in enumerate(zip(passages, reranked.scores.tolist(), strict=True)):
        its = replace(passage, score=round(score, 6))
        told = {"chunk": its.chunk_id, "score": its.score}
        scored.append((its, told | {name: round(values[index], 6) for name, values in parts.items()}))
    scored.sort(key=lambda pair: (-pair[0].score, -pair[0].dense_score, pair[0].chunk_id))
    return [each for each, _told in scored], {"candidates": [told for _each, told in scored]}
