"""The files of a conversation as an answer reads them when they are short: whole, and not as a search finds them."""

import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import F

from documents.models import Chunk, Status
from documents.retrieval.passages import Ranking, RetrievalStep, RetrievedPassage
from documents.retrieval.preparing import put_together
from documents.retrieval.scope import Within, scope_of

if TYPE_CHECKING:
    from accounts.models import User

STEP = "read_files"
MOST_CHUNKS = 2000
"""More than fit into any bound of tokens; so that a book is not counted to its end."""


def read_whole(
    user: "User", attached: uuid.UUID, tokens: int, within: Within | None = None
) -> tuple[list[RetrievedPassage], RetrievalStep]:
    """All that the files in ``attached`` say, in their order, where that is at most ``tokens``; else nothing.

    ``within`` leaves the files that were chosen. The passages have no scores: nothing was searched. Neighbours are one
    passage, which is one span of its document, as in ``prepare``. Costs up to three statements.
    """
    started = time.perf_counter()
    chunks = Chunk.objects.filter(
        source=attached, document__status=Status.READY, version=F("document__current_version"), excluded=False
    )
    if within is not None and attached not in within.sources:
        chunks = chunks.filter(document__in=within.documents)
    rows = list(
        chunks.order_by("document__created_at", "document_id", "ordinal").values_list("pk", "tokens")[: MOST_CHUNKS + 1]
    )
    length = sum(size for _pk, size in rows)
    passages: Sequence[RetrievedPassage] = ()
    if rows and length <= tokens and len(rows) <= MOST_CHUNKS:
        # Read as everything that is found is: by a statement that holds the permission condition.
        passages = put_together(_ranking(rows).passages(scope_of(user, (), (), attached=attached)))
    told: dict[str, Any] = {"chunks": len(rows), "tokens": length, "passages": len(passages)}
    ms = round((time.perf_counter() - started) * 1000, 3)
    return list(passages), RetrievalStep(STEP, ms, {"attached": str(attached), "tokens": tokens}, told)


def _ranking(rows: Sequence[tuple[int, int]]) -> Ranking:
    """The chunks in their own order."""
    ids = np.array([pk for pk, _size in rows], np.int64)
    nothing, found = np.zeros(len(ids)), np.zeros(len(ids), np.bool_)
    return Ranking(ids, nothing, nothing, found, found, nothing)
