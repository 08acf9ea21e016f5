"""One answer, step by step, as a stream of parts; the whole way of a question on one page."""

import time
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async

from accounts.languages import in_readers_language
from accounts.models import User
from chat.answering.answerers import ModelSettings, ready_answerer
from chat.answering.files import Files
from chat.answering.finding import Finding, Found, find
from chat.answering.saying import Said, may_say_filters, said_in, unsaid
from chat.answering.searching_on import what_next
from chat.answering.understanding import understand
from chat.events import CitationPayload, FilterPayload
from chat.models import DEFAULT_QUESTION, MOST_STEPS, step_summary
from documents.retrieval import DEFAULT as DEFAULT_SEARCH
from documents.retrieval import Filter, Retrieval, RetrievalStep, RetrievedPassage, SearchSettings, Within
from rag.embeddings import available_cores
from rag.generation import (
    AnswerPart,
    AnswerRequest,
    Beginning,
    CitationMade,
    PromptPassage,
    PromptReady,
    QuestionPart,
    Refusal,
    TextDelta,
    Turn,
)
from rag.prompts import REFUSAL_SENTENCE


@dataclass(frozen=True, slots=True)
class AssistantSettings:
    """Everything that shapes an answer: an assistant version, or a draft of one.

    ``sources`` are the data sources it may read, None for all; whoever asks never sees more than they may. ``search``
    says how passages are found and put in order.
    ``passages`` is how many are read at most. The last four are the fields of ``chat.models.QuestionSettings``.
    """

    system_prompt: str
    model: ModelSettings
    sources: tuple[UUID, ...] | None
    passages: int
    threshold: float
    search: SearchSettings = DEFAULT_SEARCH
    rewrite: bool = DEFAULT_QUESTION.rewrite
    said_filters: bool = DEFAULT_QUESTION.said_filters
    max_steps: int = DEFAULT_QUESTION.max_steps
    passage_tokens: int = DEFAULT_QUESTION.passage_tokens


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, by whom, after which conversation (oldest turn first).

    ``without`` are the keys of filters that the question says and that were taken away. ``within`` are the documents
    that it was narrowed to, None for all; ``attached`` is what holds the files of its conversation, None for none.
    """

    text: str
    user: User
    history: tuple[Turn, ...] = ()
    without: tuple[str, ...] = ()
    within: Within | None = None
    attached: UUID | None = None


@dataclass(frozen=True, slots=True)
class SoFar:
    """An answer that was stopped: its text, what it cites, and the passages that it was reading, in their order."""

    text: str
    passages: tuple[RetrievedPassage, ...]
    citations: tuple[CitationPayload, ...]


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step has ended: what went in, what came out (JSON, no document text), and ``ms`` of wall time."""

    name: str
    ms: float
    input: dict[str, Any]
    output: dict[str, Any]
    summary: str


@dataclass(frozen=True, slots=True)
class FiltersSaid:
    """The filters that the question says, used or not; in place of those that were told before."""

    filters: tuple[FilterPayload, ...]


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """The passages the answer will rest on, best first."""

    passages: tuple[RetrievedPassage, ...]


MEASURES_ITSELF = "extractive"
"""The kind of model that knows how sure it is, and holds that against the threshold. For any other the threshold is
the least similarity (cosine) of a passage that it gets to read."""

AnsweringPart = StepDone | FiltersSaid | PassagesFound | TextDelta | CitationMade | Refusal


async def answer(assistant: AssistantSettings, question: Question) -> AsyncGenerator[AnsweringPart]:
    """Answer ``question`` as ``assistant`` would.

    Yields steps as they end, filters as they are found, then passages, text and citations; without passages every
    answerer refuses. Raises GenerationError when the model fails and RagError or DocumentsError when the search does;
    what was yielded before stays valid.
    """
    attached = Files(question.user, question.attached, question.within, assistant.passage_tokens)
    async for read in attached.read():
        yield _done(read)
    said = await _said(assistant, question)
    while True:
        for told in _told(said):
            yield told
        understood = await understand(
            question.user, assistant.model, said.text, question.history, rewrite=assistant.rewrite
        )
        finding = _finding(assistant, question, understood.queries, said.filters, attached)
        found = await _found(finding)
        for step in (understood.step, *found.steps):
            if step:
                yield _done(step)
        if found.passages or not said.filters:
            break
        # A filter is a guess: what it leaves may be nothing to read, and the documents answer all the same.
        said = unsaid(said, question.text)
    request = _request(assistant, question, (*attached.passages, *found.passages), understood.parts)
    searched = list(understood.queries)
    for _search in range(min(assistant.max_steps, MOST_STEPS) - 1):
        if not request.passages:
            break
        query, decided = await what_next(assistant.model, request, searched)
        if decided:
            yield _done(decided)
        if not query:
            break
        searched.append(query)
        found = await _found(replace(finding, queries=(query,)), found.pool)
        for step in found.steps:
            yield _done(step)
        request = _request(assistant, question, (*attached.passages, *found.passages), understood.parts)
    yield PassagesFound((*attached.passages, *found.passages))
    async with aclosing(_written(assistant, request)) as written:
        async for part in written:
            yield part


async def go_on(assistant: AssistantSettings, question: Question, so_far: SoFar) -> AsyncGenerator[AnsweringPart]:
    """Write an answer on from where it ended, from the same passages; offsets go on from its length.

    For a language model. Yields and raises what ``answer`` does, without passages.
    """
    made = [CitationMade(each.start, each.end, each.passage_rank, 0, 0) for each in so_far.citations]
    request = replace(_request(assistant, question, so_far.passages), beginning=Beginning(so_far.text, tuple(made)))
    async with aclosing(_written(assistant, request)) as written:
        async for part in written:
            yield part


async def _written(assistant: AssistantSettings, request: AnswerRequest) -> AsyncGenerator[AnsweringPart]:
    started = time.perf_counter()
    timing: dict[str, Any] = {}
    produced = {"chars": 0, "citations": 0, "refused": False}
    async with aclosing(_parts(assistant.model, request)) as parts:
        async for part in parts:
            if isinstance(part, PromptReady):
                messages = [asdict(message) for message in part.messages]
                ms = _since(started)
                yield StepDone("prompt", ms, {"passages": len(request.passages)}, {"messages": messages}, "")
                continue
            timing.setdefault("first_part_ms", _since(started))
            _count(produced, part)
            yield part
    model = {"model": assistant.model.name, "kind": assistant.model.kind, "threshold": assistant.threshold}
    output = {**timing, **produced}
    yield StepDone("generate", _since(started), model, output, step_summary("generate", output))


async def _said(assistant: AssistantSettings, question: Question) -> Said:
    # Most questions say none: a thread and back is as much work as the looking.
    if not assistant.said_filters or not may_say_filters(question.text):
        return Said(question.text)
    find_said = database_sync_to_async(said_in, thread_sensitive=False)
    return await find_said(
        question.text,
        question.user,
        assistant.sources,
        question.without,
        within=question.within,
        attached=question.attached,
    )


def _told(said: Said) -> list[AnsweringPart]:
    return [_done(said.step), FiltersSaid(said.payloads)] if said.step else []


def _finding(
    assistant: AssistantSettings,
    question: Question,
    queries: tuple[str, ...],
    filters: tuple[Filter, ...],
    attached: Files,
) -> Finding:
    return Finding(
        user=question.user,
        question=question.text,
        queries=queries,
        sources=assistant.sources,
        limit=assistant.passages,
        tokens=attached.tokens_left,
        least_similarity=None if assistant.model.kind == MEASURES_ITSELF else assistant.threshold,
        settings=assistant.search,
        filters=filters,
        within=question.within,
        attached=attached.searched,
    )


def _request(
    assistant: AssistantSettings,
    question: Question,
    passages: Sequence[RetrievedPassage],
    parts: Sequence[QuestionPart] = (),
) -> AnswerRequest:
    return AnswerRequest(
        question=question.text,
        system_prompt=assistant.system_prompt,
        passages=[prompt_passage(number, passage) for number, passage in enumerate(passages, start=1)],
        history=question.history,
        threshold=assistant.threshold,
        parts=parts,
    )


async def _found(asked: Finding, before: Retrieval | None = None) -> Found:
    return await database_sync_to_async(find, thread_sensitive=False, executor=_searching())(asked, before)


@cache
def _searching() -> ThreadPoolExecutor:
    """Threads of their own for searches, few of them.

    Half of a search is Python, so that ten at a time would all end late; one for each core keeps them busy, and who
    came first begins to read first.
    """
    return ThreadPoolExecutor(available_cores(), thread_name_prefix="search")


async def _parts(model: ModelSettings, request: AnswerRequest) -> AsyncGenerator[AnswerPart]:
    answerer = await ready_answerer(model)
    async with aclosing(answerer.answer(request)) as parts:
        async for part in parts:
            # The one sentence that is no quote and no model's: the asker reads it in their language.
            if isinstance(part, TextDelta) and part.text == REFUSAL_SENTENCE:
                yield TextDelta(in_readers_language(part.text))
            else:
                yield part


def prompt_passage(number: int, passage: RetrievedPassage) -> PromptPassage:
    """A passage as an answerer gets it."""
    return PromptPassage(
        number=number,
        text=passage.read_text,
        title=passage.title,
        filename=passage.filename,
        heading=passage.heading,
        page=passage.page,
        score=passage.score,
    )


def _done(step: RetrievalStep) -> StepDone:
    return StepDone(step.name, step.ms, dict(step.input), dict(step.output), step_summary(step.name, step.output))


def _since(started: float) -> float:
    """Milliseconds since ``started``, to a tenth."""
    return round((time.perf_counter() - started) * 1000, 1)


def _count(produced: dict[str, Any], part: TextDelta | CitationMade | Refusal) -> None:
    match part:
        case TextDelta(text):
            produced["chars"] += len(text)
        case CitationMade():
            produced["citations"] += 1
        case Refusal():
            produced["refused"] = True
