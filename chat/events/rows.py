"""Rows as browsers and the API get them, cut to what the reader may see today."""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, cast
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.languages import in_readers_language
from accounts.models import User
from chat.events.filters import filter_payload
from chat.events.payloads import (
    AssistantPayload,
    CitationPayload,
    ConversationPayload,
    ErrorPayload,
    FeedbackPayload,
    MessagePayload,
    PassagePayload,
    ScopePayload,
    StatsPayload,
)
from chat.events.scopes import named_scopes
from chat.models import Citation, Conversation, Feedback, Message, Passage, Role, Status
from documents.models import Document

WireRole = Literal["user", "assistant"]
WireStatus = Literal["running", "complete", "refused", "failed", "stopped", "interrupted"]


def conversation_payload(conversation: Conversation) -> ConversationPayload:
    """A conversation without its messages; its assistant must be loaded."""
    assistant = conversation.assistant
    return ConversationPayload(
        id=conversation.pk,
        title=conversation.title,
        assistant=AssistantPayload(slug=assistant.slug, name=assistant.name) if assistant else None,
        leaf=conversation.leaf_id,
    )


def message_payloads(messages: Iterable[Message], reader: User, *, with_passages: bool = True) -> list[MessagePayload]:
    """Messages loaded by ``with_sources``, in the given order.

    What they cite is checked against what ``reader`` may see now: a passage of a document that is hidden today is
    left out, and a citation of it stays as a number without a quote. Without passages, those of finished answers are
    None, and ``with_citations`` has loaded enough.
    """
    rows = list(messages)
    visible = _visible(rows, reader)
    said = Feedback.objects.by(reader).of_answers(row.pk for row in rows if row.role == Role.ASSISTANT)
    scopes = named_scopes(rows, reader)
    return [_message_payload(row, visible, with_passages, said.get(row.pk), scopes.get(row.pk, [])) for row in rows]


def new_message_payloads(messages: Iterable[Message], reader: User) -> list[MessagePayload]:
    """Messages that were stored just now, in the given order: nothing is tied to them yet, so no row is read for that.

    The assistant of an answer's version must be loaded.
    """
    rows = list(messages)
    scopes = named_scopes(rows, reader)
    return [_message_payload(row, set(), True, None, scopes.get(row.pk, []), is_new=True) for row in rows]


def finished_payload(
    answer: Message, passages: Collection[Passage], citations: Sequence[CitationPayload]
) -> MessagePayload:
    """An answer that was stored just now, for who asked, without the text of its passages; no row is read for it.

    ``passages`` and ``citations`` are all that it has. They were found for the reader while it was written, so that
    nothing of them is hidden; and nobody has said what they think of it.
    """
    payload = _message_payload(answer, set(), False, None, [], is_new=True)
    sources, documents = ({getattr(each, name) for each in passages} for name in ("source_id", "document_id"))
    stats = StatsPayload(sources=len(sources), documents=len(documents), passages=len(passages), ms=answer.ms or 0)
    return payload.model_copy(update={"citations": list(citations), "stats": stats})


def message_payload(message: Message, reader: User, *, with_passages: bool = True) -> MessagePayload:
    """One message; see ``message_payloads``."""
    return message_payloads([message], reader, with_passages=with_passages)[0]


def passage_payloads(message: Message, reader: User) -> list[PassagePayload]:
    """The passages of an answer loaded by ``with_sources``, those of them that ``reader`` may see now."""
    visible = _visible([message], reader)
    return [_passage_payload(passage) for passage in message.passages.all() if passage.document_id in visible]


def _visible(rows: list[Message], reader: User) -> set[UUID]:
    """The documents that the messages rest on, those of them that ``reader`` may see now."""
    cited = {span.document_id for row in rows for span in (*row.citations.all(), *row.passages.all())}
    if not cited:
        return set()
    return set(Document.objects.openable_by(reader).filter(pk__in=cited).values_list("pk", flat=True))


def feedback_payload(said: Feedback | None) -> FeedbackPayload | None:
    """What a reader said of an answer, if anything."""
    return FeedbackPayload(is_good=said.is_good, reason=said.reason, comment=said.comment) if said else None


def _message_payload(
    message: Message,
    visible: set[UUID],
    with_passages: bool,
    said: Feedback | None,
    scope: list[ScopePayload],
    *,
    is_new: bool = False,
) -> MessagePayload:
    passages = [] if is_new else list(message.passages.all())
    left_out = not with_passages and message.role == Role.ASSISTANT and message.status != Status.RUNNING
    version = message.version
    assistant = None
    if version:
        name = version.assistant.name
        assistant = AssistantPayload(slug=version.assistant.slug, name=name, version=version.number)
    stats = None
    if message.ms is not None:
        stats = StatsPayload(
            sources=len({passage.source_id for passage in passages}),
            documents=len({passage.document_id for passage in passages} & visible),
            passages=len(passages),
            ms=message.ms,
        )
    error = None
    if message.error_code:
        error = ErrorPayload(code=message.error_code, message=in_readers_language(message.error_message))
    return MessagePayload(
        id=message.pk,
        role=cast(WireRole, message.role),
        text=message.text,
        status=cast(WireStatus, message.status),
        error=error,
        citations=[] if is_new else _citation_payloads(message, visible),
        passages=None if left_out else [_passage_payload(one) for one in passages if one.document_id in visible],
        sentences=[],
        filters=[filter_payload(stored) for stored in message.filters],
        scope=scope,
        in_reply_to=message.in_reply_to_id,
        assistant=assistant,
        created_at=message.created_at.isoformat(),
        seq=message.event_seq,
        stats=stats,
        feedback=feedback_payload(said),
    )


def _citation_payloads(message: Message, visible: set[UUID]) -> list[CitationPayload]:
    tied = [_citation_payload(citation, visible) for citation in message.citations.all()]
    kept = [CitationPayload(**each) for each in message.kept_citations]
    return sorted([*tied, *kept], key=lambda each: (each.start, each.end, each.number)) if kept else tied


def _citation_payload(citation: Citation, visible: set[UUID]) -> CitationPayload:
    shown = citation.document_id in visible
    return CitationPayload(
        number=citation.number,
        start=citation.start,
        end=citation.end,
        document_id=citation.document_id if shown else None,
        filename=citation.document.filename if shown else "",
        title=str(citation.document) if shown else _("A document you may not see"),
        chunk_id=citation.chunk_id,
        source_start=citation.source_start,
        source_end=citation.source_end,
        page=citation.page if shown else None,
        quote=citation.quote if shown else "",
        passage_rank=citation.passage_rank,
        edited=citation.edited and shown,
    )


def _passage_payload(passage: Passage) -> PassagePayload:
    return PassagePayload(
        rank=passage.rank,
        chunk_id=passage.chunk_id,
        document_id=passage.document_id,
        filename=passage.document.filename,
        title=str(passage.document),
        heading=passage.heading,
        page=passage.page,
        start=passage.source_start,
        end=passage.source_end,
        text=passage.quote,
        score=passage.score,
        dense_score=passage.dense_score,
        keyword_score=passage.keyword_score,
        source=passage.source.name,
        edited=passage.edited,
    )
