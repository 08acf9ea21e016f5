"""The playground page's socket: runs a question in a column, streams what it gives."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any, ClassVar, Literal, cast

from channels.db import database_sync_to_async
from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from accounts.languages import in_readers_language
from accounts.models import User
from chat.answering import (
    AnswerDraft,
    AnsweringPart,
    AssistantSettings,
    FiltersSaid,
    PassagesFound,
    Question,
    StepDone,
    answer,
)
from chat.errors import ChatError
from chat.events import ErrorPayload, StepPayload
from chat.services.asking import question_text
from documents.errors import DocumentsError
from live.consumers import FollowingConsumer
from live.events import Command, LiveEvent
from playground.events import (
    PLAYGROUND_COMMAND,
    Column,
    FullStep,
    PlaygroundCommand,
    PlaygroundError,
    Run,
    RunCitation,
    RunCompleted,
    RunDelta,
    RunEvent,
    RunFailed,
    RunFilters,
    RunPassages,
    RunStarted,
    RunStep,
    StopRun,
)
from playground.services import draft_settings
from rag.errors import RagError
from rag.generation import TextDelta

log = logging.getLogger(__name__)

LIMIT_S = 10 * 60
"""No run takes longer than this."""


class PlaygroundConsumer(FollowingConsumer):
    """One page's socket. A run lives as long as the page that watches it."""

    commands: ClassVar[TypeAdapter[PlaygroundCommand]] = PLAYGROUND_COMMAND

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._runs: dict[Column, asyncio.Task[None]] = {}

    async def disconnect(self, code: int) -> None:
        """End what nobody watches any more."""
        for column in list(self._runs):
            await self._stop(column)
        await super().disconnect(code)

    async def carry_out(self, command: Command) -> None:
        """Run or stop; only for admins."""
        user = cast(User, self.scope["user"])
        if not user.is_admin:
            await self.refuse("permission_denied", _("The playground is for admins."), None)
            return
        match command:
            case Run():
                await self._stop(command.column)
                self._runs[command.column] = asyncio.create_task(self._run(command, user))
            case StopRun():
                await self._stop(command.column)

    async def refuse(self, code: str, message: str, request_id: str | None) -> None:
        """Answer with an ``error`` event."""
        await self.tell(PlaygroundError(code=code, message=message, request_id=request_id))

    async def tell(self, event: LiveEvent) -> None:
        """Send an event under the socket's next number."""
        await self.send_event(event.model_copy(update={"seq": self.seq + 1}))

    async def snapshot(self, key: str) -> LiveEvent | None:
        """Runs are not kept, so there is nothing to show afresh."""
        return None

    async def _stop(self, column: Column) -> None:
        task = self._runs.pop(column, None)
        if task:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self, command: Run, user: User) -> None:
        column = command.column
        await self.tell(RunStarted(column=column))
        draft = AnswerDraft()
        started = time.perf_counter()
        try:
            question = Question(question_text(command.question), user, without=tuple(command.without))
            settings = await database_sync_to_async(draft_settings)(user=user, config=command.config)
            async with asyncio.timeout(LIMIT_S):
                async for event in _events(column, draft, settings, question):
                    await self.tell(event)
        except (RagError, ChatError, DocumentsError) as error:
            await self.tell(
                RunFailed(
                    column=column, error=ErrorPayload(code=error.code, message=in_readers_language(error.message))
                )
            )
        except asyncio.CancelledError:
            await self.tell(_completed(column, draft, started, "stopped"))
        except TimeoutError:
            message = _("The run took too long and was ended.")
            await self.tell(RunFailed(column=column, error=ErrorPayload(code="run_too_long", message=message)))
        except Exception:
            log.exception("playground: a run failed")
            message = _("Something went wrong on the server; its log has the details.")
            await self.tell(RunFailed(column=column, error=ErrorPayload(code="server_error", message=message)))
        else:
            await self.tell(_completed(column, draft, started, "refused" if draft.refused else "complete"))


async def _events(
    column: Column, draft: AnswerDraft, settings: AssistantSettings, question: Question
) -> AsyncGenerator[RunEvent]:
    async with aclosing(answer(settings, question)) as parts:
        async for part in parts:
            event = _event(column, draft, part)
            if event:
                yield event


def _event(column: Column, draft: AnswerDraft, part: AnsweringPart) -> RunEvent | None:
    offset = len(draft.text)
    citation = draft.add(part)
    match part:
        case TextDelta(text):
            return RunDelta(column=column, offset=offset, text=text)
        case StepDone():
            return RunStep(column=column, step=StepPayload(name=part.name, ms=part.ms, summary=part.summary))
        case FiltersSaid(filters):
            return RunFilters(column=column, filters=list(filters))
        case PassagesFound():
            return RunPassages(column=column, passages=draft.passage_payloads())
    return RunCitation(column=column, citation=citation) if citation else None


def _completed(
    column: Column, draft: AnswerDraft, started: float, status: Literal["complete", "refused", "stopped"]
) -> RunCompleted:
    steps = [FullStep(name=step.name, ms=step.ms, input=step.input, output=step.output) for step in draft.steps]
    ms = round((time.perf_counter() - started) * 1000)
    return RunCompleted(column=column, status=status, text=draft.text, citations=draft.citations, steps=steps, ms=ms)
