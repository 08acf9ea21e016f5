"""Footnote's models for other systems, under ``/v1``: OpenAI's embeddings, and reranking in Cohere's and Jina's shape.

They see texts that come with the request and nothing that is stored.
"""

import base64
import uuid
from collections.abc import Sequence

import numpy as np
from channels.db import database_sync_to_async
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router

from accounts.api import TokenAuth
from accounts.languages import in_readers_language
from documents.errors import DocumentsError
from documents.lane import models_lane
from documents.models import Reranker, RerankerKind
from documents.openai_schemas import (
    EmbeddingOut,
    EmbeddingsIn,
    EmbeddingsOut,
    RerankedOut,
    RerankIn,
    RerankOut,
    Usage,
)
from documents.rerankers import LATE_INTERACTION, reranker_of
from rag.embeddings import Floats, shipped_embedder
from rag.errors import RerankingError
from rag.late_interaction import shipped_late_interaction
from rag.reranking import Candidate, Question
from rag.reranking.texts import scores_of_texts

router = Router(tags=["Models"], auth=TokenAuth())


@router.post("/embeddings", response=EmbeddingsOut, summary="Embed texts in OpenAI's shape")
async def embeddings(request: HttpRequest, body: EmbeddingsIn) -> EmbeddingsOut:
    """Vectors of unit length of the shipped model. A text of any length is read to its end."""
    embedder = shipped_embedder()
    if body.model not in ("", embedder.name):
        raise _no_such_model(body.model, embedder.name)
    if body.dimensions not in (None, embedder.dimensions):
        message = _("The vectors of this model have %(there)s dimensions. Leave “dimensions” out.")
        raise DocumentsError("dimensions", message % {"there": embedder.dimensions}, 422)

    def embedded() -> tuple[list[Floats], int]:
        # One after the other in this thread: the embedder's own threads would take every core at once.
        return [embedder.embed_query(text) for text in body.input], _tokens(body.input)

    vectors, tokens = await models_lane().run(embedded)
    written = (_base64(vector) if body.encoding_format == "base64" else vector.tolist() for vector in vectors)
    data = [EmbeddingOut(index=index, embedding=each) for index, each in enumerate(written)]
    return EmbeddingsOut(data=data, model=embedder.name, usage=Usage(prompt_tokens=tokens, total_tokens=tokens))


@router.post("/rerank", response=RerankOut, exclude_none=True, summary="Rerank documents in Cohere's and Jina's shape")
async def rerank(request: HttpRequest, body: RerankIn) -> RerankOut:
    """Order documents by how well they answer a question: by late interaction, or with a cross-encoder by its slug."""
    row = await database_sync_to_async(_cross_encoder)(body.model) if body.model else None

    def scored() -> tuple[list[float], int]:
        tokens = _tokens([body.query, *body.documents])
        if row is not None:
            candidates = [Candidate(text) for text in body.documents]
            return reranker_of(row).rerank(Question(body.query), candidates).scores.tolist(), tokens
        embedder, late_interaction = shipped_embedder(), shipped_late_interaction()
        return scores_of_texts(body.query, body.documents, embedder, late_interaction).tolist(), tokens

    try:
        scores, tokens = await models_lane().run(scored)
    except RerankingError as error:
        status = 422 if error.code in ("texts_too_long", "reranking_question_long") else 502
        raise DocumentsError(error.code, in_readers_language(error.message), status) from error
    order = sorted(range(len(scores)), key=lambda index: (-scores[index], index))[: body.top_n]
    results = [
        RerankedOut(
            index=index,
            relevance_score=round(scores[index], 6),
            document={"text": body.documents[index]} if body.return_documents else None,
        )
        for index in order
    ]
    usage = Usage(prompt_tokens=tokens, total_tokens=tokens)
    return RerankOut(
        id=f"rerank-{uuid.uuid4()}", model=row.slug if row else LATE_INTERACTION, results=results, usage=usage
    )


def _cross_encoder(name: str) -> Reranker | None:
    """The cross-encoder of this slug; None for late interaction. Raises DocumentsError for anything else."""
    if name == LATE_INTERACTION:
        return None
    row = Reranker.objects.filter(slug=name).first()
    if row is None:
        raise _no_such_model(name, LATE_INTERACTION)
    if row.kind != RerankerKind.CROSS_ENCODER:
        # Whoever has a token could spend what the key of another server pays for.
        message = _("This reranker runs on another server. Ask it there.")
        raise DocumentsError("model_elsewhere", message, 422)
    return row


def _tokens(texts: Sequence[str]) -> int:
    return sum(len(shipped_embedder().token_offsets(text)) for text in texts)


def _base64(vector: Floats) -> str:
    return base64.b64encode(vector.astype(np.dtype("<f4")).tobytes()).decode()


def _no_such_model(name: str, there: str) -> DocumentsError:
    message = _("There is no model “%(name)s” here. Ask for “%(there)s”, or leave “model” out.")
    return DocumentsError("model_not_found", message % {"name": name, "there": there}, 404)
