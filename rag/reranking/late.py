"""Reranks by late interaction, joined with the cosine and the keyword score that the search has found."""

from collections.abc import Sequence

import numpy as np

from rag.errors import RerankingError
from rag.errors import marked as _
from rag.late_interaction import LateInteraction
from rag.reranking import Candidate, Question, Reranked
from rag.reranking.chances import reranked_scores


class LateInteractionReranker:
    """A Reranker over packed token vectors. Its score is the chance that the passage answers (``chances``)."""

    name = "late_interaction"

    def __init__(self, late_interaction: LateInteraction) -> None:
        self._late_interaction = late_interaction

    def rerank(self, question: Question, candidates: Sequence[Candidate]) -> Reranked:
        """Score the candidates; the part ``tokens`` is late interaction's own score, -1 to 1.

        Raises RerankingError ``tokens_missing`` where the question or a candidate has no token vectors, and
        ``token_format`` for those of another version.
        """
        packed = [each.tokens for each in candidates if each.tokens is not None]
        if question.tokens is None or len(packed) < len(candidates):
            raise RerankingError(
                "tokens_missing", _("Some passages have no token vectors yet. They are made in the background.")
            )
        tokens = self._late_interaction.scores(question.tokens, packed)
        similarities = np.array([each.similarity for each in candidates], np.float32)
        keywords = np.array([each.keywords for each in candidates], np.float32)
        return Reranked(reranked_scores(tokens, similarities, keywords.clip(0, 1)), {"tokens": tokens})
