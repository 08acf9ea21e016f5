"""Messages as somebody else than their owner reads them: nothing that rests on what this reader may not see.

The owner's own view hides a source's name and words. Here the answer's text is at stake too: it may tell what stands in
a hidden document. Where anything that was read for an answer is hidden from the reader, or gone, only those sentences
stay that rest on documents which the reader sees. A sentence without a citation may rest on anything, so it goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_origin
from uuid import UUID

from accounts.models import User
from chat.events.payloads import CitationPayload, MessagePayload, StatsPayload
from chat.events.rows import message_payloads
from chat.models import Message, TraceStep
from rag.sentences import Span, sentence_spans

WITHHELD = "[…]"
"""What stands in the place of sentences that are not shown."""


TOLD = frozenset(
    ("id", "role", "text", "status", "citations", "passages", "in_reply_to", "assistant", "created_at", "seq", "stats")
)
"""What a reader is told of a message. A field that is not here is for its owner alone: it may name sources."""


@dataclass(frozen=True, slots=True)
class SharedMessage:
    """A message for this reader; ``withheld`` says that some of its text is not shown."""

    payload: MessagePayload
    withheld: bool = False


def shared_messages(messages: Sequence[Message], reader: User) -> list[SharedMessage]:
    """Messages loaded by ``with_sources``, in the given order, as ``reader`` may read them."""
    prepared = TraceStep.objects.filter(message__in=messages, name="prepare").order_by("ordinal")
    read = dict(prepared.values_list("message_id", "output__passages"))
    return [_shared(payload, read.get(payload.id)) for payload in message_payloads(messages, reader)]


def _shared(payload: MessagePayload, read: int | None) -> SharedMessage:
    # Who stopped it, and that a server was restarted, says nothing to a reader.
    status = "complete" if payload.status in ("stopped", "interrupted") else payload.status
    plain = payload.model_copy(update={**_nothing(), "stats": _stats(payload), "status": status})
    if payload.role == "user" or _sees_all(payload, read):
        return SharedMessage(plain)
    text, citations = without_hidden(payload.text, payload.citations)
    withheld = plain.model_copy(update={"text": text, "citations": citations})
    return SharedMessage(withheld, withheld=text != payload.text)


def _nothing() -> dict[str, object]:
    """Every field that a reader is not told, as it is where there is nothing to tell."""
    fields = MessagePayload.model_fields
    lists = {name: get_origin(field.annotation) is list for name, field in fields.items()}
    return {
        name: [] if lists[name] else None if field.is_required() else field.get_default(call_default_factory=True)
        for name, field in fields.items()
        if name not in TOLD
    }


def _sees_all(payload: MessagePayload, read: int | None) -> bool:
    """Whether every passage that was read is there for the reader; one of a deleted document has left a gap."""
    ranks = [passage.rank for passage in payload.passages or ()]
    is_cited_seen = all(citation.document_id for citation in payload.citations)
    return read is not None and ranks == list(range(1, read + 1)) and is_cited_seen


def _stats(payload: MessagePayload) -> StatsPayload | None:
    if payload.stats is None:
        return None
    passages = payload.passages or []
    documents: set[UUID] = {passage.document_id for passage in passages}
    told = {"sources": len(documents), "documents": len(documents), "passages": len(passages)}
    return payload.stats.model_copy(update=told)


def without_hidden(text: str, citations: Sequence[CitationPayload]) -> tuple[str, list[CitationPayload]]:
    """The text with only those sentences that rest on what is seen, and the citations at their new places.

    A hidden citation stands at what took its sentence's place, as a number alone. Linear but for the citations.
    """
    gaps = _joined(text, [span for span in sentence_spans(text) if not _is_shown(span, citations)])
    pieces: list[str] = []
    at = 0
    for gap in gaps:
        pieces += [text[at : gap.start], WITHHELD]
        at = gap.end
    moved = [_moved(citation, gaps) for citation in citations]
    return "".join([*pieces, text[at:]]), sorted(moved, key=lambda each: (each.start, each.end, each.number))


def _is_shown(span: Span, citations: Sequence[CitationPayload]) -> bool:
    over = [each for each in citations if each.start < span.end and each.end > span.start]
    return bool(over) and all(each.document_id for each in over)


def _joined(text: str, spans: Sequence[Span]) -> list[Span]:
    """Spans that follow each other in a line as one."""
    joined: list[Span] = []
    for span in spans:
        between = text[joined[-1].end : span.start] if joined else "\n"
        if not between.strip() and "\n" not in between:
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined


def _moved(citation: CitationPayload, gaps: Sequence[Span]) -> CitationPayload:
    start, end = _place(citation.start, gaps, is_end=False), _place(citation.end, gaps, is_end=True)
    if citation.document_id:
        return citation.model_copy(update={"start": min(start, end), "end": end})
    # Where in the document it stands, and in how many places, is nobody's business who may not see it.
    hidden = {"chunk_id": 0, "source_start": 0, "source_end": 0, "passage_rank": 0}
    inside = next((gap for gap in gaps if gap.start < citation.end and gap.end > citation.start), None)
    if inside is not None:
        start = _place(inside.start, gaps, is_end=True)
        end = start + len(WITHHELD)
    return citation.model_copy(update={**hidden, "start": start, "end": end})


def _place(offset: int, gaps: Sequence[Span], *, is_end: bool) -> int:
    """Where an offset of the whole text lies in the new one; in a gap, an end before it and a start after it."""
    moved = offset
    for gap in gaps:
        if gap.end <= offset:
            moved += len(WITHHELD) - (gap.end - gap.start)
        elif gap.start < offset or (gap.start == offset and not is_end):
            moved += gap.start - offset + (0 if is_end else len(WITHHELD))
        else:
            break
    return moved
