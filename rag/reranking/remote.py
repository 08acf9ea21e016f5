"""Reranks with a server: one call with the question and all passages, in the shape that the server speaks.

``cohere``   ``POST {base_url}/rerank`` {model, query, documents, top_n} → {results: [{index, relevance_score}]}, as
             Cohere, Jina, Voyage and vLLM have it
``tei``      ``POST {base_url}/rerank`` {query, texts, truncate} → [{index, score}], as text-embeddings-inference has it

Every way in which such a server fails becomes a RerankingError with a code and a sentence, ``reranking_`` before what
``rag.model_servers`` lists.
"""

import json
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
import numpy as np

from rag.errors import RerankingError
from rag.errors import marked as _
from rag.model_servers import CALL_ERRORS, ServerFailures
from rag.outbound import OutboundLimits, OutboundPolicy, guarded_client
from rag.reranking import MOST_CANDIDATES, Candidate, Floats, Question, Reranked, logistic

Shape = Literal["cohere", "tei"]

CHARACTERS_OF_A_PASSAGE = 8_000
MAX_BYTES = 1024 * 1024
CONNECT_S = 2.0
ANSWER_S = 5.0
PROBE_S = 20.0
LEAVE_ALONE_S = 10.0
"""After a question that went unanswered no other waits for the server for so long."""

FAILURES = ServerFailures(
    RerankingError,
    _("reranking"),
    _("scores"),
    _(": /rerank is added to it"),
    _("protocol"),
    ("error", "message", "detail"),
)


@dataclass(frozen=True, slots=True)
class RemoteRerankingModel:
    """A model on a server: ``base_url`` such as ``https://api.jina.ai/v1``; ``model`` may be empty with ``tei``."""

    base_url: str
    model: str
    shape: Shape = "cohere"
    api_key: str = ""

    def __repr__(self) -> str:
        # The key must not reach a log or a traceback.
        return f"RemoteRerankingModel({self.base_url!r}, {self.model!r}, {self.shape!r})"


class RemoteReranker:
    """A Reranker behind HTTP. Safe to share between threads.

    A person waits: one try within ``answer_s`` seconds, and none at all for a few seconds after a failure. Where a
    server sends logits in place of scores, their logistic is taken. The scores are the model's own, not calibrated.
    """

    def __init__(self, remote: RemoteRerankingModel, policy: OutboundPolicy, answer_s: float = ANSWER_S) -> None:
        self.name = remote.model or remote.base_url
        self._remote = remote
        self._client = guarded_client(
            policy,
            timeout=httpx2.Timeout(answer_s, connect=CONNECT_S),
            limits=OutboundLimits(max_bytes=MAX_BYTES, total_s=answer_s),
        )
        # A reranker that nobody holds any more leaves no connection open.
        weakref.finalize(self, self._client.close)
        self._lock = threading.Lock()
        self._left_alone: tuple[float, RerankingError] | None = None

    def rerank(self, question: Question, candidates: Sequence[Candidate]) -> Reranked:
        """Score at most ``MOST_CANDIDATES`` candidates; of a long passage the beginning. Raises RerankingError."""
        if not candidates:
            return Reranked(np.zeros(0, np.float32))
        if len(candidates) > MOST_CANDIDATES:
            raise RerankingError(
                "reranking_too_many",
                _("A server is asked for %(most)s passages at most. Send fewer.") % {"most": MOST_CANDIDATES},
            )
        self._refuse_while_left_alone()
        try:
            return Reranked(self._ask(question.text, [each.text[:CHARACTERS_OF_A_PASSAGE] for each in candidates]))
        except RerankingError as error:
            with self._lock:
                self._left_alone = (time.monotonic() + LEAVE_ALONE_S, error)
            raise

    def _refuse_while_left_alone(self) -> None:
        with self._lock:
            left_alone = self._left_alone
            if left_alone is not None and time.monotonic() >= left_alone[0]:
                left_alone = self._left_alone = None
        if left_alone is not None:
            raise RerankingError(left_alone[1].code, left_alone[1].message)

    def _ask(self, question: str, texts: Sequence[str]) -> Floats:
        remote = self._remote
        body: dict[str, Any] = {"query": question, "texts": list(texts), "truncate": True}
        if remote.shape == "cohere":
            body = {"model": remote.model, "query": question, "documents": list(texts), "top_n": len(texts)}
        headers = {"authorization": f"Bearer {remote.api_key}"} if remote.api_key else {}
        try:
            response = self._client.post(f"{remote.base_url.rstrip('/')}/rerank", json=body, headers=headers)
        except CALL_ERRORS as error:
            raise FAILURES.of_call(error) from error
        if response.status_code != 200:
            raise FAILURES.of_refusal(response, remote.model, remote.api_key)
        return _scores(response.content, remote.shape, len(texts))


def _scores(content: bytes, shape: Shape, count: int) -> Floats:
    """The scores of an answer in the order of the passages, each there once. Raises RerankingError."""
    try:
        answer = json.loads(content)
        rows = answer["results"] if shape == "cohere" else answer
        key = "relevance_score" if shape == "cohere" else "score"
        found = {row["index"]: float(row[key]) for row in rows}
        if len(rows) != count or set(found) != set(range(count)):
            raise FAILURES.malformed(
                _("sent %(sent)s scores for %(count)s passages") % {"sent": len(rows), "count": count}
            )
        scores = np.array([found[index] for index in range(count)], np.float64)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise FAILURES.malformed(_("sent something that is not a list of scores")) from error
    if not np.isfinite(scores).all():
        raise FAILURES.malformed(_("sent a score that is no number"))
    return scores.astype(np.float32) if scores.min() >= 0 and scores.max() <= 1 else logistic(scores)
