"""Search: the chunks that answer a question, by meaning and by words, among those the asker may see.

One SQL statement finds the candidates of both kinds and holds the permission condition (``statement``), by words that
``lexicon`` has weighed; ``fusion`` joins their scores, and ``reranking`` puts the best of them into order.
``prepare`` makes of what was found the passages that an answer reads.
"""

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser

from documents.embedders import searched_set
from documents.rerankers import RERANKERS
from documents.retrieval.again import Span, read_again
from documents.retrieval.embedding import EmbeddingQuestion
from documents.retrieval.filters import FIELDS, MAX_FILTERS, OPERATORS, Filter, Operator
from documents.retrieval.fusion import RRF_K, fuse
from documents.retrieval.lexicon import informative
from documents.retrieval.named import any_left, known_names
from documents.retrieval.passages import Ranking, Retrieval, RetrievalStep, RetrievedPassage
from documents.retrieval.preparing import prepare
from documents.retrieval.reranking import Asked, Reranking
from documents.retrieval.scope import Within, scope_of
from documents.retrieval.settings import DEFAULT, FUSIONS, MAX_CANDIDATES, Fusion, SearchSettings
from documents.retrieval.statement import PREPARE, choose_by_words, find_candidates, vector_text
from documents.retrieval.whole import read_whole

if TYPE_CHECKING:
    from accounts.models import User

__all__ = [
    "DEFAULT",
    "FIELDS",
    "FUSIONS",
    "MAX_CANDIDATES",
    "MAX_FILTERS",
    "MAX_PASSAGES",
    "OPERATORS",
    "PREPARE",
    "RERANKERS",
    "Filter",
    "Fusion",
    "Operator",
    "Retrieval",
    "RetrievalStep",
    "RetrievedPassage",
    "SearchSettings",
    "Span",
    "Within",
    "any_left",
    "fuse",
    "informative",
    "known_names",
    "prepare",
    "read_again",
    "read_whole",
    "search",
    "vector_text",
]

MAX_PASSAGES = 100
MAX_QUESTION_CHARS = 20_000


def search(
    *,
    user: "User | AnonymousUser",
    query: str,
    limit: int = 8,
    sources: Iterable[uuid.UUID] | None = None,
    settings: SearchSettings = DEFAULT,
    filters: Sequence[Filter] = (),
    within: Within | None = None,
    attached: uuid.UUID | None = None,
    candidates: bool = False,
) -> Retrieval:
    """Find at most ``limit`` passages that ``user`` may see, best first; all ``candidates`` too, for those who ask.

    ``sources`` narrows the search to these data sources; None means all that are visible, an empty one finds nothing.
    ``filters``, at most ``MAX_FILTERS``, leave documents that meet all of them; ValueError for more. ``within`` leaves
    those that were chosen; ``attached`` adds the files of the conversation that is asked in.
    Safe in any thread. Costs one embedding and five statements, and two more now and then that ask which vectors to
    search and which languages there are. By ``settings`` that ask for words alone nothing is embedded; where the
    question cannot be embedded, words are asked whatever they say.
    """
    if len(filters) > MAX_FILTERS:
        raise ValueError(f"A search takes {MAX_FILTERS} filters at most.")
    limit = max(1, min(limit, MAX_PASSAGES))
    query = query.replace("\x00", " ")[:MAX_QUESTION_CHARS]
    searched = searched_set()
    reranking = Reranking.chosen(settings, searched)
    steps: list[RetrievalStep] = []
    started = time.perf_counter()
    embedding = EmbeddingQuestion(searched, reranking.packer, query) if settings.fusion != "keyword" else None
    count = max(limit, settings.candidates)
    wanted = None if sources is None else sorted(set(sources))
    scope = scope_of(user, wanted, filters, within=within, attached=attached)
    words = None if settings.fusion == "dense" else query
    chosen = choose_by_words(scope, count, words)
    vector = tokens = None
    if embedding is not None:
        embedded = embedding.result()
        vector, tokens = embedded.vector, embedded.tokens
        steps.append(embedded.step)
        if vector is None and words is None:
            settings, words = replace(settings, fusion="keyword"), query
            chosen = choose_by_words(scope, count, words)
    found = find_candidates(scope, searched, count, chosen, vector)
    asked = {
        "per_side": count,
        "sides": [side for side, part in (("dense", vector), ("keyword", words)) if part is not None],
        "sources": None if wanted is None else list(map(str, wanted)),
    }
    if filters:
        asked["filters"] = [asdict(each) for each in filters]
    if within is not None:
        asked["within"] = {name: list(map(str, ids)) for name, ids in asdict(within).items()}
    if attached is not None:
        asked["attached"] = str(attached)
    # The vector is made meanwhile: what it took is its own step's.
    ms = max(_ms(started) - sum(step.ms for step in steps), 0.0)
    steps.append(RetrievalStep("retrieve", round(ms, 3), asked, {"candidates": len(found.found)}))

    started = time.perf_counter()
    fused = fuse(found.found, settings)
    how = {"candidates": len(fused), **_said(settings)}
    scored = [
        {"chunk": chunk_id, "score": score, "dense": dense, "keyword": keyword}
        for chunk_id, score, dense, keyword in zip(
            *(column.tolist() for column in (fused.ids, fused.scores, fused.dense, fused.keyword)), strict=True
        )
    ]
    steps.append(RetrievalStep("fuse", _ms(started), how, {"candidates": scored}))

    def read(ranking: Ranking) -> list[RetrievedPassage]:
        return ranking.passages(scope)

    order, step = reranking.order(fused, Asked(query, tokens, found.reach), limit, settings, read)
    if step is not None:
        steps.append(step)
    passages = read(order.first(limit))
    if not candidates:
        return Retrieval(passages, steps, by_words=vector is None)
    reranked = None if step is None or step.output.get("kept") else read(order)
    return Retrieval(passages, steps, by_words=vector is None, candidates=read(fused), reranked=reranked)


def _said(settings: SearchSettings) -> dict[str, Any]:
    """What a trace says of the settings: those that count."""
    counting: dict[str, dict[str, Any]] = {"convex": {"dense_weight": settings.dense_weight}, "rrf": {"k": RRF_K}}
    return {"fusion": settings.fusion, **counting.get(settings.fusion, {})}


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
