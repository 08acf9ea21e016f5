"""JSON with all branches, complete enough to be imported again."""

from collections.abc import Mapping
from uuid import UUID

from django.utils import timezone

from chat.events import AssistantPayload, CitationPayload, MessagePayload, PassagePayload
from chat.exports.schema import (
    FORMAT,
    VERSION,
    AssistantPart,
    CitationPart,
    ConversationPart,
    DocumentPart,
    MessagePart,
    PassagePart,
)
from chat.exports.written import Written
from chat.models import Message

Hashes = Mapping[tuple[UUID | None, int, int], str]
"""Of the bytes that each span's version was read from, by document, start and end."""


def write(written: Written) -> bytes:
    """The file's bytes: UTF-8, indented, for people to look into as well."""
    conversation = written.conversation
    keys = {row.pk: number for number, row in enumerate(written.rows, start=1)}
    assistant = conversation.assistant
    part = ConversationPart(
        format=FORMAT,
        version=VERSION,
        exported_at=timezone.now(),
        title=conversation.title,
        assistant=AssistantPart(slug=assistant.slug, name=assistant.name) if assistant else None,
        leaf=keys.get(conversation.leaf_id) if conversation.leaf_id else None,
        messages=[
            _message(row, payload, keys[row.pk], keys.get(payload.in_reply_to) if payload.in_reply_to else None)
            for row, payload in zip(written.rows, written.payloads, strict=True)
        ],
    )
    return part.model_dump_json(indent=1).encode()


def _message(row: Message, payload: MessagePayload, key: int, in_reply_to: int | None) -> MessagePart:
    spans = (*row.passages.all(), *row.citations.all())
    hashes: Hashes = {(each.document_id, each.source_start, each.source_end): each.version.sha256 for each in spans}
    return MessagePart(
        key=key,
        in_reply_to=in_reply_to,
        role=payload.role,
        text=payload.text,
        status=payload.status,
        created_at=row.created_at,
        assistant=_assistant(payload.assistant),
        ms=row.ms,
        citations=[_citation(each, hashes) for each in payload.citations],
        passages=[_passage(each, hashes) for each in payload.passages or ()],
    )


def _assistant(payload: AssistantPayload | None) -> AssistantPart | None:
    return AssistantPart(slug=payload.slug, name=payload.name, version=payload.version) if payload else None


def _citation(payload: CitationPayload, hashes: Hashes) -> CitationPart:
    seen = payload.document_id is not None
    sha256 = hashes.get((payload.document_id, payload.source_start, payload.source_end), "")
    return CitationPart(
        number=payload.number,
        start=payload.start,
        end=payload.end,
        document=DocumentPart(title=payload.title, filename=payload.filename, sha256=sha256 if seen else ""),
        source_start=payload.source_start if seen else 0,
        source_end=payload.source_end if seen else 0,
        page=payload.page,
        quote=payload.quote,
        passage_rank=payload.passage_rank,
        edited=payload.edited,
    )


def _passage(payload: PassagePayload, hashes: Hashes) -> PassagePart:
    sha256 = hashes.get((payload.document_id, payload.start, payload.end), "")
    return PassagePart(
        rank=payload.rank,
        document=DocumentPart(title=payload.title, filename=payload.filename, sha256=sha256),
        heading=payload.heading,
        page=payload.page,
        start=payload.start,
        end=payload.end,
        text=payload.text,
        score=payload.score,
        dense_score=payload.dense_score,
        keyword_score=payload.keyword_score,
        edited=payload.edited,
    )
