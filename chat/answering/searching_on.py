"""Search, read, search again: a language model says what is missing, as often as its assistant allows."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from chat.answering.answerers import ModelSettings, ready_answerer
from documents.retrieval import RetrievalStep
from rag.errors import GenerationError
from rag.generation import AnswerRequest, Writer
from rag.next_search import MOST_CHARACTERS, next_search, next_search_prompt

log = logging.getLogger(__name__)

DECIDE_S = 15.0
"""A model that has not said by then what is missing answers from what there is."""


async def what_next(
    model: ModelSettings, request: AnswerRequest, searched: Sequence[str]
) -> tuple[str, RetrievalStep | None]:
    """What to search for next, empty for nothing, and the step; None where no language model could say."""
    writer = await ready_answerer(model)
    if not isinstance(writer, Writer):
        return "", None
    started = time.perf_counter()
    query = ""
    told: dict[str, Any] = {}
    try:
        async with asyncio.timeout(DECIDE_S):
            query = next_search(await writer.write(next_search_prompt(request, searched), MOST_CHARACTERS), searched)
    except TimeoutError:
        told = {"error": "llm_timeout"}
    except GenerationError as problem:
        log.warning("the model could not say what to search for next: %s", problem)
        told = {"error": problem.code}
    ms = round((time.perf_counter() - started) * 1000, 1)
    told |= {"search": query} if query else {"enough": True}
    return query, RetrievalStep("search_on", ms, {"passages": len(request.passages), "searched": list(searched)}, told)
