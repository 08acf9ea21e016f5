"""Answers with any server that speaks OpenAI's chat protocol, as a stream, through the guarded HTTP client.

Every way in which such a server fails becomes a GenerationError with a code and a sentence; what came before the
failure has been given out by then.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import httpx2

from rag.errors import GenerationError
from rag.generation import AnswerPart, AnswerRequest, PromptMessage, PromptReady, failures
from rag.generation.chat_protocol import posted
from rag.generation.clients import Server, client_of
from rag.generation.patience import Patience
from rag.generation.reading import AnswerReader, refuse
from rag.outbound import OutboundLimits, OutboundPolicy
from rag.prompts import DEFAULT_BUDGET, PromptBudget, build_prompt

_LISTED_MODELS = 1_000
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ModelTimeouts:
    """Seconds to wait: for a connection, for the first event, between two events, for the whole answer."""

    connect: float = 5.0
    first_token: float = 60.0
    between_tokens: float = 30.0
    total: float = 600.0


DEFAULT_TIMEOUTS = ModelTimeouts()


class OpenAIAnswerer:
    """Answers with ``model`` at ``base_url`` (such as ``http://localhost:11434/v1``).

    The host may be private only where ``outbound_policy`` names it. An empty ``api_key`` suits servers without keys.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        model: str,
        outbound_policy: OutboundPolicy,
        *,
        timeouts: ModelTimeouts = DEFAULT_TIMEOUTS,
        budget: PromptBudget = DEFAULT_BUDGET,
    ) -> None:
        self._base_url = base_url.strip()
        self._api_key = api_key.strip()
        self._model = model
        self._policy = outbound_policy
        self._timeouts = timeouts
        self._budget = budget

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[AnswerPart]:
        """Yield the parts of the answer as the model writes it. Raises GenerationError.

        Without passages it refuses and the model is not asked. Closing the iterator closes the request.
        """
        if not request.passages:
            for part in refuse():
                yield part
            return
        prompt = build_prompt(request, self._budget)
        yield PromptReady(prompt.traced)
        reader = AnswerReader(prompt.passages, request.beginning)
        async with contextlib.aclosing(self._texts(prompt.messages)) as texts:
            try:
                async for text in texts:
                    for part in reader.feed(text):
                        yield part
            except GenerationError:
                for part in reader.rest():
                    yield part
                raise
        for part in reader.finish():
            yield part

    async def write(self, messages: Sequence[PromptMessage], most_characters: int) -> str:
        """What the model says to ``messages``; it is stopped after ``most_characters``. Raises GenerationError."""
        written = ""
        async with contextlib.aclosing(self._texts(tuple(messages))) as texts:
            async for text in texts:
                written += text
                # No parameter bounds the length in every server: closing the stream does.
                if len(written) >= most_characters:
                    break
        return written[:most_characters]

    async def check(self) -> float:
        """Seconds until the model began to answer one tiny request. Raises GenerationError."""
        started = time.monotonic()
        async with contextlib.aclosing(self._texts((PromptMessage("user", "Reply with the word ok."),))) as texts:
            async for text in texts:
                if text:
                    return time.monotonic() - started
        raise failures.empty()

    async def list_models(self) -> list[str]:
        """Names of the models that the server offers, sorted. Raises GenerationError."""
        async with self._client() as client:
            try:
                async with asyncio.timeout(self._timeouts.first_token):
                    reply = await client.get(self._url("models"))
                listed = reply.raise_for_status().json()
            except Exception as error:
                raise failures.explain(error, self._model, began=False) from error
        models = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(models, list):
            raise failures.malformed()
        named = [model["id"] for model in models[:_LISTED_MODELS] if isinstance(model, dict) and "id" in model]
        names = [name for name in named if isinstance(name, str)]
        if len(names) < min(len(models), _LISTED_MODELS):
            raise failures.malformed()
        return sorted(names)

    def _url(self, path: str) -> str:
        return f"{self._base_url.rstrip('/')}/{path}"

    def _client(self) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
        return client_of(
            Server(
                self._base_url,
                self._api_key,
                self._policy,
                OutboundLimits(max_bytes=_MAX_BYTES, total_s=self._timeouts.total),
                connect_s=self._timeouts.connect,
                silence_s=max(self._timeouts.first_token, self._timeouts.between_tokens),
            )
        )

    async def _texts(self, messages: tuple[PromptMessage, ...]) -> AsyncGenerator[str]:
        """The raw pieces of text as they come. Raises GenerationError for every failure."""
        began = False
        finished = False
        wire = [{"role": message.role, "content": message.content} for message in messages]
        body = {"model": self._model, "messages": wire, "stream": True}
        async with self._client() as client:
            try:
                with Patience() as patience:
                    patience.waits(self._timeouts.first_token)
                    async with posted(client, self._url("chat/completions"), body) as events:
                        async for event in events:
                            # The reader's time is not the model's.
                            patience.rests()
                            text, finish = _read_event(event)
                            finished = finished or finish is not None
                            if text:
                                began = True
                                yield text
                            patience.waits(self._timeouts.between_tokens)
            except GenerationError:
                raise
            except Exception as error:
                raise failures.explain(error, self._model, began=began) from error
        if not finished:
            raise failures.interrupted() if began else failures.malformed()


def _read_event(event: object) -> tuple[str, str | None]:
    """Text and finish reason of one event, whose shape is checked here."""
    choices = event.get("choices") if isinstance(event, dict) else None
    if not isinstance(choices, list):
        raise failures.malformed()
    if not choices:
        # Some servers send usage or filter results in events of their own.
        return "", None
    choice = choices[0] if isinstance(choices[0], dict) else {}
    delta = choice.get("delta")
    text = delta.get("content") if isinstance(delta, dict) else None
    finish = choice.get("finish_reason")
    if text is not None and not isinstance(text, str):
        raise failures.malformed()
    if finish == "content_filter":
        raise failures.filtered()
    return text or "", finish
