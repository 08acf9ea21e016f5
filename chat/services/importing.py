"""A conversation from a file that was exported: checked throughout, and tied to documents by what they hold alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import ValidationError

from accounts.models import User
from accounts.services import audit
from chat.errors import ChatError
from chat.events import CitationPayload
from chat.exports.schema import CitationPart, ConversationPart, MessagePart, PassagePart
from chat.models import Citation, Conversation, Message, Passage, Status
from chat.services.conversations import title_of
from documents.models import Document, DocumentVersion

MOST_BYTES = 20 * 1024 * 1024
Span = tuple[str, int, int, str]
"""What a document's bytes hash to, the start and end in its text, and the words that must stand there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a span of the file stands today."""

    version_id: int
    document_id: UUID
    source_id: UUID


Places = Mapping[Span, Place]


def conversation_import(*, user: User, data: bytes) -> Conversation:
    """Make a conversation of ``user``'s own from the JSON of an export, with the same branches.

    Nothing in the file names a row here. A citation is tied to a document that the user sees, whose version was read
    from the same bytes and has the quoted words at that place; else it stays as text. Answers name no version: nobody
    can say that an assistant wrote them, so they are not shared on. ChatError: ``import_too_large``,
    ``import_version``, ``import_invalid``.
    """
    part = _read(data)
    with transaction.atomic():
        title = title_of(_clean(part.title)) or _("Imported conversation")
        conversation = Conversation.objects.create(user=user, title=title)
        rows = _rows(part.messages, conversation, user)
        tied = _tied(part.messages, user)
        for message in part.messages:
            row, loose = rows[message.key], (each for each in message.citations if _span_of_citation(each) not in tied)
            row.kept_citations = [_kept(each, row) for each in loose]
        Message.objects.bulk_create(rows.values())
        _set_times(part.messages, rows)
        for message in part.messages:
            _save_sources(message, rows[message.key], tied)
        last = rows.get(part.leaf) if part.leaf is not None else None
        conversation.leaf = last or next(reversed(rows.values()), None)
        conversation.save(update_fields=["leaf"])
        audit(actor=user, action="conversation.import", target=conversation, detail={"messages": len(rows)})
    return conversation


def _read(data: bytes) -> ConversationPart:
    if len(data) > MOST_BYTES:
        raise ChatError("import_too_large", _("The file is larger than 20 MB. No export is."), 413)
    try:
        part = ConversationPart.model_validate_json(data)
    except ValidationError as error:
        raise _invalid(error) from error
    _check_tree(part)
    return part


def _invalid(error: ValidationError) -> ChatError:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if problem["loc"] == ("version",) and problem["type"] == "literal_error":
        message = _("The file is of another version of the format than this installation reads.")
        return ChatError("import_version", message, 422)
    place = ".".join(map(str, problem["loc"])) or _("the whole file")
    message = _("This is no conversation that Footnote exported as JSON. At %(place)s: %(problem)s.")
    return ChatError("import_invalid", message % {"place": place, "problem": problem["msg"]}, 422)


def _check_tree(part: ConversationPart) -> None:
    """Each message follows an earlier one of the other side; only questions begin a conversation."""
    roles: dict[int, str] = {}
    for message in part.messages:
        before = roles.get(message.in_reply_to) if message.in_reply_to is not None else None
        is_first = message.in_reply_to is None and message.role == "user"
        if message.key in roles or not (is_first or (before is not None and before != message.role)):
            words = _("The message with key %(key)d does not fit: each follows an earlier one of the other side.")
            raise ChatError("import_invalid", words % {"key": message.key}, 422)
        ranks = [passage.rank for passage in message.passages]
        if len(ranks) != len(set(ranks)):
            words = _("The message with key %(key)d has two passages of one rank.")
            raise ChatError("import_invalid", words % {"key": message.key}, 422)
        roles[message.key] = message.role


def _rows(parts: Sequence[MessagePart], conversation: Conversation, user: User) -> dict[int, Message]:
    rows: dict[int, Message] = {}
    for part in parts:
        rows[part.key] = Message(
            conversation=conversation,
            role=part.role,
            text=_clean(part.text),
            status=Status.INTERRUPTED if part.status == "running" else part.status,
            in_reply_to=rows[part.in_reply_to] if part.in_reply_to is not None else None,
            asked_by=user,
            ms=part.ms,
        )
    return rows


def _set_times(parts: Sequence[MessagePart], rows: dict[int, Message]) -> None:
    """The times of the file, never after now and never before those of an earlier message: they order branches."""
    last = datetime.min.replace(tzinfo=UTC)
    now = timezone.now()
    for part in parts:
        at = part.created_at if part.created_at.tzinfo else part.created_at.replace(tzinfo=UTC)
        last = rows[part.key].created_at = max(last, min(at, now))
    Message.objects.bulk_update(rows.values(), ["created_at"], batch_size=500)


def _tied(parts: Sequence[MessagePart], user: User) -> Places:
    """Look for all spans of the file, one version's text at a time."""
    wanted: dict[str, set[Span]] = {}
    for part in parts:
        for span in (*map(_span_of_citation, part.citations), *map(_span_of_passage, part.passages)):
            if span[0] and span[3]:
                wanted.setdefault(span[0], set()).add(span)
    places: dict[Span, Place] = {}
    visible = Document.objects.visible_to(user)
    versions = DocumentVersion.objects.filter(sha256__in=wanted, document__in=visible).select_related("document")
    # Held until the rows that point to them are committed; the newest first.
    held = versions.select_for_update(of=("self",), no_key=True).order_by("-created_at", "-pk")
    for version in held.iterator(chunk_size=1):
        place = Place(version.pk, version.document_id, version.document.source_id)
        for span in wanted[version.sha256]:
            if span not in places and version.text[span[1] : span[2]] == span[3]:
                places[span] = place
    return places


def _save_sources(part: MessagePart, row: Message, tied: Places) -> None:
    passages = [(each, tied[_span_of_passage(each)]) for each in part.passages if _span_of_passage(each) in tied]
    citations = [(each, tied[_span_of_citation(each)]) for each in part.citations if _span_of_citation(each) in tied]
    Passage.objects.bulk_create(
        Passage(
            message=row,
            rank=each.rank,
            document_id=place.document_id,
            version_id=place.version_id,
            source_id=place.source_id,
            chunk_id=0,
            source_start=each.start,
            source_end=each.end,
            page=each.page,
            edited=each.edited,
            heading=_clean(each.heading),
            score=each.score,
            dense_score=each.dense_score,
            keyword_score=each.keyword_score,
        )
        for each, place in passages
    )
    Citation.objects.bulk_create(
        Citation(
            message=row,
            number=each.number,
            start=min(each.start, len(row.text)),
            end=min(each.end, len(row.text)),
            passage_rank=each.passage_rank,
            document_id=place.document_id,
            version_id=place.version_id,
            chunk_id=0,
            source_start=each.source_start,
            source_end=each.source_end,
            page=each.page,
            edited=each.edited,
        )
        for each, place in citations
    )


def _kept(part: CitationPart, row: Message) -> dict[str, Any]:
    """A citation whose document is not here, as text."""
    kept = CitationPayload(
        number=part.number,
        start=min(part.start, len(row.text)),
        end=min(part.end, len(row.text)),
        document_id=None,
        filename=_clean(part.document.filename),
        title=_clean(part.document.title),
        chunk_id=0,
        source_start=0,
        source_end=0,
        page=part.page,
        quote=_clean(part.quote),
        passage_rank=0,
        edited=part.edited,
    )
    return kept.model_dump(mode="json")


def _span_of_citation(part: CitationPart) -> Span:
    return part.document.sha256, part.source_start, part.source_end, part.quote


def _span_of_passage(part: PassagePart) -> Span:
    return part.document.sha256, part.start, part.end, part.text


def _clean(text: str) -> str:
    """Without what no database holds; offsets stay, as nothing that was exported has any."""
    return text.replace("\x00", "")
