"""From the queries of a question to the passages its answer reads. Blocking: for a thread of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from accounts.models import User
from documents.retrieval import (
    DEFAULT,
    MAX_PASSAGES,
    Filter,
    Retrieval,
    RetrievalStep,
    RetrievedPassage,
    SearchSettings,
    Within,
    prepare,
    search,
)

SPARE = 10
"""So many passages more are found than are read, in place of those that say the same as others."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What to find passages by: ``queries`` in the words of the search, ``question`` in those of the answer.

    ``sources`` narrows the search to these, None to none, ``filters`` to documents that meet all of them, ``within`` to
    those that were chosen; ``attached`` holds files that are searched too. ``limit`` passages of together ``tokens``
    are read.
    ``least_similarity`` (cosine) is asked of each, None where the answerer judges itself.
    """

    user: User
    question: str
    queries: tuple[str, ...]
    sources: tuple[UUID, ...] | None
    limit: int
    tokens: int
    least_similarity: float | None = None
    settings: SearchSettings = DEFAULT
    filters: tuple[Filter, ...] = ()
    within: Within | None = None
    attached: UUID | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The passages to read, best first; ``pool`` is all that was found, for a search that adds to it."""

    passages: tuple[RetrievedPassage, ...]
    pool: Retrieval
    steps: tuple[RetrievalStep, ...]


def find(asked: Finding, before: Retrieval | None = None) -> Found:
    """Search by each query, join what they found with ``before``, and prepare it for reading.

    Raises what ``search`` raises.
    """
    # What is not put in order again is not worth a place, and the depth is what a reranker is asked to do.
    spare = min(asked.limit + SPARE, asked.settings.rerank_depth, asked.settings.candidates)
    limit = min(max(asked.limit, spare), MAX_PASSAGES)
    found = [
        search(
            user=asked.user,
            query=query,
            limit=limit,
            sources=asked.sources,
            settings=asked.settings,
            filters=asked.filters,
            within=asked.within,
            attached=asked.attached,
        )
        for query in asked.queries
    ]
    steps = [
        replace(step, input={**step.input, "query": query}) if asked.queries != (asked.question,) else step
        for query, each in zip(asked.queries, found, strict=True)
        for step in each.steps
    ]
    several = [*found, before] if before is not None else found
    pool = united(several, asked.limit) if len(several) > 1 else found[0]
    passages = pool.passages
    # Found by words alone, passages have no similarity to hold against the threshold.
    if asked.least_similarity is not None and not pool.by_words:
        passages = [each for each in passages if each.dense_score >= asked.least_similarity]
        limits = {"threshold": asked.least_similarity, "passages": len(pool.passages)}
        steps.append(RetrievalStep("threshold", 0.0, limits, {"passages": len(passages)}))
    ready, step = prepare(passages, asked.question, limit=asked.limit, tokens=asked.tokens)
    return Found(tuple(ready), pool, (*steps, step))


def united(found: Sequence[Retrieval], limit: int) -> Retrieval:
    """What several searches found, each passage once with its best scores.

    The first of each search come first, an equal share of ``limit`` each, so that no part of a question goes without;
    then the others by score.
    """
    share = max(1, limit // max(1, len(found)))
    best: dict[int, RetrievedPassage] = {}
    for each in (passage for one in found for passage in one.passages):
        known = best.get(each.chunk_id)
        if known is None:
            best[each.chunk_id] = each
        else:
            best[each.chunk_id] = replace(
                known,
                score=max(known.score, each.score),
                dense_score=max(known.dense_score, each.dense_score),
                keyword_score=max(known.keyword_score, each.keyword_score),
            )
    first = {passage.chunk_id for one in found for passage in one.passages[:share]}
    ordered = sorted(
        best.values(),
        key=lambda each: (each.chunk_id not in first, -each.score, -each.dense_score, each.chunk_id),
    )
    by_words = all(one.by_words for one in found)
    return Retrieval(ordered, [step for one in found for step in one.steps], by_words=by_words)
