"""The files of the conversation that is asked in: waited for while they are indexed, read whole when they are short."""

import asyncio
import time
from collections.abc import AsyncGenerator
from uuid import UUID

from channels.db import database_sync_to_async
from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import ChatError
from documents.models import Document
from documents.retrieval import RetrievalStep, RetrievedPassage, Within, read_whole

STEP = "wait_for_files"
WAIT_S = 60.0
"""A question waits so long for files that are being indexed."""

LOOK_S = 0.3
WHOLE_SHARE = 2
"""Files are read whole when they take up at most one half of what an answer reads: the documents need the other."""


class Files:
    """What the files in ``attached`` give to one answer that reads ``tokens``; nothing where there are none.

    ``within`` are the documents that the question was narrowed to, None for all. ``passages`` are the files whole, once
    they were ``read`` and are short.
    """

    def __init__(self, user: User, attached: UUID | None, within: Within | None, tokens: int) -> None:
        self.passages: tuple[RetrievedPassage, ...] = ()
        self._user = user
        self._attached = attached
        self._within = within
        self._tokens = tokens

    async def read(self) -> AsyncGenerator[RetrievalStep]:
        """Wait until the files are indexed, and read them; the steps of it.

        ChatError ``files_not_ready`` when that takes too long: an answer that leaves them out would mislead.
        """
        if self._attached is None:
            return
        started = time.perf_counter()
        waiting = await self._unfinished(self._attached)
        if waiting:
            yield RetrievalStep(STEP, 0.0, {"files": len(waiting)}, {"waiting": len(waiting)})
        while waiting:
            if time.perf_counter() - started > WAIT_S:
                message = _("%(name)s is still being indexed. Ask again when it is ready.")
                raise ChatError("files_not_ready", message % {"name": waiting[0]}, 409)
            await asyncio.sleep(LOOK_S)
            waiting = await self._unfinished(self._attached)
            if not waiting:
                yield RetrievalStep(STEP, round((time.perf_counter() - started) * 1000, 1), {}, {"waiting": 0})
        # A thread of its own, as for each search.
        read = database_sync_to_async(read_whole, thread_sensitive=False)
        passages, step = await read(self._user, self._attached, self._tokens // WHOLE_SHARE, self._within)
        self.passages = tuple(passages)
        yield step

    @property
    def searched(self) -> UUID | None:
        """What is searched along with the assistant's documents: files that were read whole need not be found."""
        return None if self.passages else self._attached

    @property
    def tokens_left(self) -> int:
        """What is left for the passages that a search finds."""
        return self._tokens - self._tokens // WHOLE_SHARE if self.passages else self._tokens

    @database_sync_to_async
    def _unfinished(self, attached: UUID) -> list[str]:
        """The names of the files that are on their way."""
        files = Document.objects.openable_by(self._user).filter(source=attached).unfinished()
        if self._within is not None and attached not in self._within.sources:
            files = files.filter(pk__in=self._within.documents)
        return list(files.order_by("created_at").values_list("filename", flat=True))
