"""The vector of a question, made in a thread of its own while the database is asked about its words."""

import logging
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from documents.embedders import TokenPacker, embedder_of, note_search
from documents.models import EmbeddingSet
from documents.retrieval.passages import RetrievalStep
from rag.embeddings import available_cores
from rag.errors import EmbeddingError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A question's ``vector``, its ``tokens`` where a packer was given, or the ``error``; and the step."""

    vector: NDArray[Any] | None
    tokens: NDArray[Any] | None
    error: EmbeddingError | None
    step: RetrievalStep


class EmbeddingQuestion:
    """A question whose vector is being made. ``result`` waits for it.

    A model in this process begins at once, in one of the threads for it; any other, a server say, is asked by whoever
    waits.
    """

    def __init__(self, searched: EmbeddingSet, packer: TokenPacker | None, query: str) -> None:
        self._searched, self._packer, self._query = searched, packer, query
        self._making: Future[Embedded] | None = _threads().submit(self._make) if packer is not None else None

    def result(self) -> Embedded:
        """Return the vector; without one, as the embedder is elsewhere and fails, words still find."""
        made = self._making.result() if self._making is not None else self._make()
        note_search(self._searched, made.error)
        return made

    def _make(self) -> "Embedded":
        started = time.perf_counter()
        vector = tokens = failed = None
        known: dict[str, Any] = {"dimensions": self._searched.dimensions, "model": self._searched.name}
        try:
            if self._packer is None:
                vector = embedder_of(self._searched).embed_query(self._query)
            else:
                vector, tokens = self._packer.embedder.embed_query_and_tokens(self._query)
        except EmbeddingError as error:
            log.warning("retrieval: the question could not be embedded, searching by words alone: %s", error)
            failed = error
            known = {"error": error.code, "searched_by": "words", "model": self._searched.name}
        ms = round((time.perf_counter() - started) * 1000, 3)
        asked = {"characters": len(self._query)}
        return Embedded(vector, tokens, failed, RetrievalStep("embed_question", ms, asked, known))


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    """The threads of this process: as many as cores for a model here, more would only get in each other's way."""
    return ThreadPoolExecutor(available_cores(), thread_name_prefix="embed-question")


# In a forked child the threads are gone.
os.register_at_fork(after_in_child=_threads.cache_clear)
