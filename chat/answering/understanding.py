"""From a question and its conversation to the queries to search by: by the model, or by rule where there is none."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from channels.db import database_sync_to_async

from accounts.models import User
from chat.answering.answerers import ModelSettings, ready_answerer
from documents.retrieval import RetrievalStep, informative
from rag.errors import GenerationError
from rag.follow_ups import carried_over
from rag.generation import QuestionPart, Turn, Writer
from rag.question_parts import asked_in, is_long, parts_of
from rag.rewriting import MOST_CHARACTERS, queries_in, rewriting_prompt

log = logging.getLogger(__name__)

REWRITE_S = 8.0
"""A model that has not rewritten the question by then is not waited for."""

KEYWORDS = 8
"""Words of a long text that are searched for together with what it asks."""


@dataclass(frozen=True, slots=True)
class Understood:
    """``queries`` are searched by; ``parts`` are the questions to answer, for an answerer without a language model.

    ``step`` is None for a question that is searched for as it was asked.
    """

    queries: tuple[str, ...]
    parts: tuple[QuestionPart, ...]
    step: RetrievalStep | None


async def understand(
    user: User, model: ModelSettings, text: str, history: Sequence[Turn], *, rewrite: bool
) -> Understood:
    """The queries of a question that ``user`` asks.

    With ``rewrite`` and a language model, a question that follows others, is long or is several in one is rewritten by
    it; when it fails or takes too long, by rule.
    """
    started = time.perf_counter()
    if is_long(text):
        ruled = await database_sync_to_async(by_rule, thread_sensitive=False)(user, text, history)
    else:
        ruled = by_rule(user, text, history)
    queries, how, error = ruled.queries, "rule", ""
    if rewrite and (history or ruled.queries != (text,)):
        writer = await ready_answerer(model)
        if isinstance(writer, Writer):
            written, error = await _written(writer, text, history)
            if written:
                queries, how = tuple(written), "model"
    if queries == (text,) and not error and how == "rule":
        return ruled
    ms = round((time.perf_counter() - started) * 1000, 1)
    told = {"queries": list(queries), "by": how, **({"error": error} if error else {})}
    step = RetrievalStep("rewrite", ms, {"question": text, "turns": len(history)}, told)
    return Understood(queries, ruled.parts, step)


def by_rule(user: User, text: str, history: Sequence[Turn]) -> Understood:
    """The queries without a model. One statement for a long text, none for any other."""
    if is_long(text):
        return _long(user, text)
    first, *others = parts_of(text)
    # A part may lean on the first as a question does on the one before it.
    before = [*history, Turn("user", first)]
    parts = [QuestionPart(first, carried_over(first, history))]
    parts += [QuestionPart(other, carried_over(other, before)) for other in others]
    compares = bool(others) and first == " ".join(text.split())
    # What is compared is only searched for.
    return Understood(tuple(part.completed for part in parts), tuple(parts[:1] if compares else parts), None)


def _long(user: User, text: str) -> Understood:
    asked = asked_in(text)
    keywords = " ".join(informative(text, KEYWORDS, user))
    queries = [f"{sentence} {keywords}".strip() for sentence in asked] or [text, keywords]
    parts = tuple(QuestionPart(sentence, sentence) for sentence in asked or [text])
    return Understood(tuple(query for query in queries if query), parts, None)


async def _written(writer: Writer, text: str, history: Sequence[Turn]) -> tuple[list[str], str]:
    """The queries that the model wrote, and the code of what went wrong."""
    try:
        async with asyncio.timeout(REWRITE_S):
            reply = await writer.write(rewriting_prompt(text, history), MOST_CHARACTERS)
    except TimeoutError:
        log.warning("the model took longer than %s s to rewrite a question, the rule is used", REWRITE_S)
        return [], "llm_timeout"
    except GenerationError as problem:
        log.warning("the model could not rewrite a question, the rule is used: %s", problem)
        return [], problem.code
    written = queries_in(reply, text, history)
    return written, "" if written else "llm_malformed"
