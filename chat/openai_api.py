"""OpenAI's chat completions, so that any client which speaks them can talk to an assistant.

``model`` is an assistant's slug. The citations stand in an extra field ``citations`` of the reply, or of the last
chunk of a stream. Errors have OpenAI's shape.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import Router

from accounts.api import TokenAuth, caller
from accounts.languages import in_readers_language
from accounts.models import User
from chat.errors import ChatError
from chat.events import AnswerDelta, ChatEvent, message_payload
from chat.models import Assistant, Message, Status
from chat.schemas import ChatCompletionIn
from chat.services import asking, running
from rag.generation import Turn

router = Router(tags=["OpenAI-compatible"], auth=TokenAuth())
QUIET_S = 15
"""A stream with nothing to say sends a comment this often, so that proxies keep it open."""


@router.get("/models", summary="List assistants as models")
def model_list(request: HttpRequest) -> dict[str, Any]:
    """Every assistant that the token's user can talk to."""
    visible = Assistant.objects.visible_to(caller(request))
    data = [
        {"id": row.slug, "object": "model", "created": int(row.created_at.timestamp()), "owned_by": "footnote"}
        for row in visible
    ]
    return {"object": "list", "data": data}


@router.post("/chat/completions", summary="Ask in OpenAI's shape")
async def chat_completions(request: HttpRequest, body: ChatCompletionIn) -> HttpResponse | StreamingHttpResponse:
    """Answer the last user message; earlier ones are the conversation so far."""
    user = caller(request)
    try:
        question, history = _question(body)
        ask = database_sync_to_async(asking.question_ask_once)
        begun = await ask(user=user, slug=body.model, text=question, history=history)
    except ChatError as error:
        return _error(error.code, error.message, error.status)
    if body.stream:
        reply = StreamingHttpResponse(_chunks(body.model, begun, user), content_type="text/event-stream")
        reply["Cache-Control"] = "no-cache"
        reply["X-Accel-Buffering"] = "no"
        return reply
    row = await running.answer_once(begun)
    if row.status == Status.FAILED:
        return _error(row.error_code, in_readers_language(row.error_message), 502)
    payload = await database_sync_to_async(message_payload)(row, user)
    whole = _envelope(body.model, row, "chat.completion")
    message = {"role": "assistant", "content": row.text}
    whole["choices"] = [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}]
    whole["usage"] = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    whole["citations"] = [citation.model_dump(mode="json") for citation in payload.citations]
    whole["filters"] = [each.model_dump(mode="json") for each in payload.filters]
    return JsonResponse(whole)


def _question(body: ChatCompletionIn) -> tuple[str, tuple[Turn, ...]]:
    spoken = [message for message in body.messages if message.role in ("user", "assistant")]
    if not spoken or spoken[-1].role != "user":
        raise ChatError("question_empty", _("The last message must be the user's question."), 422)
    earlier = spoken[:-1][-asking.HISTORY_MESSAGES :]
    history = tuple(Turn("user" if message.role == "user" else "assistant", message.text) for message in earlier)
    return spoken[-1].text, history


def _envelope(slug: str, answer: Message, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer.pk}", "object": kind, "created": int(time.time()), "model": slug}


async def _chunks(slug: str, begun: asking.Begun, user: User) -> AsyncIterator[str]:
    """Server-sent events; the answer stops when the client goes away."""
    texts: asyncio.Queue[str | None] = asyncio.Queue()

    async def publish(event: ChatEvent) -> None:
        if isinstance(event, AnswerDelta):
            texts.put_nowait(event.text)

    async def write() -> Message:
        try:
            return await running.answer_once(begun, publish)
        finally:
            texts.put_nowait(None)

    def chunk(delta: dict[str, Any], finish: str | None = None, **extra: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        data = {**_envelope(slug, begun.answer, "chat.completion.chunk"), "choices": [choice], **extra}
        return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"

    task = asyncio.create_task(write())
    try:
        yield chunk({"role": "assistant", "content": ""})
        while True:
            try:
                text = await asyncio.wait_for(texts.get(), QUIET_S)
            except TimeoutError:
                yield ": still answering\n\n"
                continue
            if text is None:
                break
            yield chunk({"content": text})
        row = await task
        if row.status == Status.FAILED:
            message = in_readers_language(row.error_message)
            error = {"message": message, "type": "server_error", "code": row.error_code, "param": None}
            yield f"data: {json.dumps({'error': error})}\n\n"
            return
        payload = await database_sync_to_async(message_payload)(row, user)
        citations = [citation.model_dump(mode="json") for citation in payload.citations]
        filters = [each.model_dump(mode="json") for each in payload.filters]
        yield chunk({}, "stop", citations=citations, filters=filters)
        yield "data: [DONE]\n\n"
    finally:
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _error(code: str, message: str, status: int) -> JsonResponse:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return JsonResponse({"error": {"message": message, "type": kind, "code": code, "param": None}}, status=status)
