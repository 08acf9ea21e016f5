"""Puts the best candidates in order again: by late interaction over stored token vectors, or with an added reranker.

Whatever a reranker fails at, the question is answered: the order of the fusion stays, and the step says why.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from documents.embedders import TokenPacker, token_packer
from documents.models import EmbeddingSet, Reranker
from documents.rerankers import LATE_INTERACTION, RERANKERS, note_rerank, reranker_of
from documents.retrieval.passages import Ranking, RetrievalStep, RetrievedPassage
from documents.retrieval.settings import SearchSettings
from documents.retrieval.statement import packed_tokens
from rag.errors import RerankingError
from rag.reranking import Candidate, Question, Reranked
from rag.reranking.late import LateInteractionReranker

log = logging.getLogger(__name__)

Ordered = tuple[Ranking, dict[str, Any]]
Read = Callable[[Ranking], list[RetrievedPassage]]


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
        self, found: Ranking, asked: Asked, limit: int, settings: SearchSettings, read: Read
    ) -> tuple[Ranking, RetrievalStep | None]:
        """Order the first by their scores and leave out the others; without a reranker all as they are.

        As many are looked at as the settings say and an added reranker takes, but not fewer than ``limit``. ``read``
        gives the passages to one that reads texts.
        """
        by_tokens = self.packer is not None and asked.tokens is not None
        if self.row is None and not by_tokens and not self.gone:
            return found, None
        started = time.perf_counter()
        depth = max(limit, settings.rerank_depth if self.row is None else min(settings.rerank_depth, self.row.depth))
        first = found.first(depth)
        try:
            found, told = self._ordered(found, first, asked, read)
        except RerankingError as error:
            name = self.row.slug if self.row else LATE_INTERACTION
            log.warning("retrieval: the reranker %s failed, the order of the fusion stays: %s", name, error)
            told = {"kept": True, "error": error.code}
            if self.row is not None:
                note_rerank(self.row, error)
        said: dict[str, Any] = {"reranker": self.row.slug if self.row else LATE_INTERACTION, "candidates": len(first)}
        if self.gone:
            said["gone"] = self.gone
        return found, RetrievalStep("rerank", round((time.perf_counter() - started) * 1000, 3), said, told)

    def _ordered(self, found: Ranking, first: Ranking, asked: Asked, read: Read) -> Ordered:
        """Raises RerankingError."""
        if not len(first):
            return found, {"candidates": []}
        if self.row is not None:
            passages = {each.chunk_id: Candidate(headed_text(each)) for each in read(first)}
            # One that was deleted this very moment has nothing to be compared by.
            candidates = [passages.get(chunk_id, Candidate("")) for chunk_id in first.ids.tolist()]
            reranked = reranker_of(self.row).rerank(Question(asked.text), candidates)
            note_rerank(self.row, None)
            return _by_scores(first, reranked)
        if self.packer is None or asked.tokens is None:
            return found, {"kept": True}
        packed = packed_tokens(self.searched, first.ids.tolist())
        # Chunks from before token vectors were kept have none: while one of them is there, the order stays.
        if len(packed) < len(first):
            return found, {"kept": True, "without_tokens": len(first) - len(packed)}
        reach = max(asked.reach, 1e-6)
        candidates = [
            Candidate("", dense, keyword / reach, packed[chunk_id])
            for chunk_id, dense, keyword in zip(
                first.ids.tolist(), first.dense.tolist(), first.keyword.tolist(), strict=True
            )
        ]
        reranker = LateInteractionReranker(self.packer.late_interaction)
        return _by_scores(first, reranker.rerank(Question(asked.text, asked.tokens), candidates))


def headed_text(passage: RetrievedPassage) -> str:
    """What a model reads of a passage: title and headings, then its text."""
    return "\n".join(part for part in (passage.title, passage.heading, passage.read_text) if part)


def _by_scores(first: Ranking, reranked: Reranked) -> Ordered:
    """The first by their scores, and what a trace says of each."""
    found = first.ordered(reranked.scores)
    told = [
        {"chunk": chunk_id, "score": score}
        for chunk_id, score in zip(found.ids.tolist(), found.scores.tolist(), strict=True)
    ]
    for name, values in reranked.parts.items():
        its = dict(zip(first.ids.tolist(), np.round(values.astype(np.float64), 6).tolist(), strict=True))
        for each in told:
            each[name] = its[each["chunk"]]
    return found, {"candidates": told}
