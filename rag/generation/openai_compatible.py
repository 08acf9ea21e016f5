"""Answers with any server that speaks OpenAI's chat protocol, as a stream, through the guarded HTTP client.

Every way in which such a server fails becomes a GenerationError with a code and a sentence; what came before the
failure has been given out by then.
"""

import asyncio
import contextlib
import importlib
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.errors import GenerationError
from rag.generation import AnswerPart, AnswerRequest, PromptMessage, PromptReady, failures
from rag.generation.clients import Server, client_of, sdk
from rag.generation.patience import Patience
from rag.generation.reading import AnswerReader, refuse
from rag.outbound import OutboundLimits, OutboundPolicy
from rag.outbound.transport import read_certificates
from rag.prompts import DEFAULT_BUDGET, PromptBudget, build_prompt

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream

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


def warm_up() -> None:
    """Load the SDK and what its first call needs, which takes a second; call it from a thread as the process starts."""
    sdk()
    # httpx2 would import it at the first connection.
    importlib.import_module("anyio._backends._asyncio")
    read_certificates()


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
                    page = await client.models.list()
                names = [model.id for model in page.data[:_LISTED_MODELS]]
            except Exception as error:
                raise failures.explain(error, self._model, began=False) from error
        if not all(isinstance(name, str) for name in names):
            raise failures.malformed()
        return sorted(names)

    def _client(self) -> "AbstractAsyncContextManager[AsyncOpenAI]":
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
        wire: list[Any] = [{"role": message.role, "content": message.content} for message in messages]
        async with self._client() as client:
            try:
                started = time.monotonic()
                async with asyncio.timeout(self._timeouts.first_token):
                    stream = await _chunks(client, {"model": self._model, "messages": wire, "stream": True})
                try:
                    with Patience() as patience:
                        patience.waits(self._timeouts.first_token - (time.monotonic() - started))
                        async for chunk in stream:
                            # The reader's time is not the model's.
                            patience.rests()
                            text, finish = _read_chunk(chunk)
                            finished = finished or finish is not None
                            if text:
                                began = True
                                yield text
                            patience.waits(self._timeouts.between_tokens)
                finally:
                    await stream.close()
            except GenerationError:
                raise
            except Exception as error:
                raise failures.explain(error, self._model, began=began) from error
        if not finished:
            raise failures.interrupted() if began else failures.malformed()


async def _chunks(client: "AsyncOpenAI", body: dict[str, Any]) -> "AsyncStream[object]":
    """The events of a streamed completion as plain JSON.

    The SDK's own objects take longer to build than all else that it does with an event, and nobody checks their shape.
    """
    stream_cls = sdk().AsyncStream[object]
    stream: AsyncStream[object] = await client.post(
        "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=stream_cls
    )
    return stream


def _read_chunk(chunk: object) -> tuple[str, str | None]:
    """Text and finish reason of one event, whose shape is checked here."""
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
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
