"""What people change about chunks: another text in a chunk's place, a chunk left out of searches, and the way back.

The change is kept by the chunk's own words (``ChunkEdit``), so that a new reading takes it over; the chunk that is
there now and its vectors change in the same transaction, and searches follow with its commit.
"""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from documents.embedders import embedder_of, hold_sets
from documents.errors import DocumentsError, permission_denied
from documents.ingest.drafts import draft_of, text_hash
from documents.ingest.terms import replace_terms
from documents.ingest.vectors import Vectors, embed_chunk, replace_vectors, sets_kept_up
from documents.models import Chunk, ChunkEdit, Document
from rag.embeddings import Embedder, shipped_embedder
from rag.parsing.building import clean

MAX_CHARACTERS = 20_000
"""More is not even counted in tokens."""

MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class _Place:
    """What a chunk is found by again when the document was read anew meanwhile."""

    chunk_id: int
    document_id: uuid.UUID
    text_hash: bytes
    occurrence: int


def chunk_edit(*, user: User, chunk_id: int, text: str, revision: str | None = None) -> Chunk:
    """Let ``text`` be searched and read in the chunk's place; its own text again when they are the same.

    ``revision`` is that of the chunk which the writer saw; None replaces whatever is there. Raises DocumentsError:
    ``chunk_not_found``, ``permission_denied``, ``chunk_empty``, ``chunk_too_long``, ``chunk_changed``.
    """
    return chunk_update(user=user, chunk_id=chunk_id, text=text, revision=revision)


def chunk_reset(*, user: User, chunk_id: int) -> Chunk:
    """Let the chunk's own text be searched and read again. Whether it is left out stays as it is."""
    return _change(user, _place(user, chunk_id), "chunk.reset", text=None)


def chunk_exclude(*, user: User, chunk_id: int) -> Chunk:
    """Leave the chunk out of every search and answer."""
    return chunk_update(user=user, chunk_id=chunk_id, excluded=True)


def chunk_include(*, user: User, chunk_id: int) -> Chunk:
    """Let the chunk be found again."""
    return chunk_update(user=user, chunk_id=chunk_id, excluded=False)


def chunk_update(
    *, user: User, chunk_id: int, text: str | None = None, excluded: bool | None = None, revision: str | None = None
) -> Chunk:
    """Edit a chunk, leave it out or take it back in, or both at once; None leaves that as it is.

    Raises what ``chunk_edit`` does, and DocumentsError ``nothing_to_change``.
    """
    place = _place(user, chunk_id)
    changes: dict[str, str | bool | None] = {}
    if text is not None:
        changes["text"] = _checked(text)
    if excluded is not None:
        changes["excluded"] = excluded
    if not changes:
        raise DocumentsError("nothing_to_change", _("Say what to change: text, excluded or both."), 422)
    action = "chunk.edit" if "text" in changes else "chunk.exclude" if excluded else "chunk.include"
    return _change(user, place, action, revision=revision, **changes)


def edit_discard(*, user: User, edit_id: int) -> None:
    """Forget a change whose words no chunk has any more.

    Raises DocumentsError: ``edit_not_found``, ``permission_denied``, ``edit_in_use``.
    """
    with transaction.atomic():
        edit = ChunkEdit.objects.visible_to(user).filter(pk=edit_id).first()
        # Held, so that no new reading takes the change over at this moment.
        document = Document.objects.select_for_update().filter(pk=edit.document_id).first() if edit else None
        if edit is None or document is None:
            raise edit_not_found()
        if not Document.objects.editable_by(user).filter(pk=document.pk).exists():
            raise permission_denied()
        if not ChunkEdit.objects.waiting_in(document).filter(pk=edit_id).exists():
            raise edit_in_use()
        edit.delete()
        audit(actor=user, action="chunk.discard", target=document, detail={"excluded": edit.excluded})


def most_tokens() -> int:
    """How many tokens an edited text may have: what the shipped embedder reads, or less where another reads less."""
    return min(each.max_tokens for each in _embedders()) - 2


def _embedders() -> list[Embedder]:
    # The shipped one counts in any case: chunks must outlive a change of the embedder.
    return [shipped_embedder(), *(embedder_of(each) for each in sets_kept_up())]


def _checked(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        raise _too_long(most_tokens())
    text = clean(text).strip()
    if not text:
        raise DocumentsError("chunk_empty", _("There is no text. Write some, or exclude the chunk."), 422)
    limit = most_tokens()
    if max(len(each.token_offsets(text)) for each in _embedders()) > limit:
        raise _too_long(limit)
    return text


def _too_long(limit: int) -> DocumentsError:
    message = _("The text is longer than the %(limit)s tokens that the search reads of a chunk. Shorten it.")
    return DocumentsError("chunk_too_long", message % {"limit": limit}, 422)


def _change(user: User, place: _Place, action: str, revision: str | None = None, **changes: str | bool | None) -> Chunk:
    """Apply ``text`` or ``excluded`` to a chunk, its edit and its vectors."""
    for _attempt in range(MAX_ATTEMPTS):
        seen = _wanted(_found(place), changes)
        # Before the locks: an embedder that is elsewhere may take seconds.
        vectors = embed_chunk(draft_of(seen), seen.version.title, sets_kept_up())
        with transaction.atomic():
            chunk = _locked(user, place)
            if revision is not None and chunk.revision != revision:
                raise chunk_changed()
            if _apply(user, chunk, place, changes, seen, vectors, action):
                return chunk
    raise chunk_changed()


def _apply(
    user: User,
    chunk: Chunk,
    place: _Place,
    changes: dict[str, str | bool | None],
    seen: Chunk,
    vectors: Vectors,
    action: str,
) -> bool:
    """Write the change; whether the vectors still suit what is there."""
    kept_up = hold_sets()
    before = (chunk.edited_text, chunk.excluded)
    _wanted(chunk, changes)
    now = (chunk.pk, chunk.edited_text, chunk.excluded)
    if vectors.missing(kept_up) or now != (seen.pk, seen.edited_text, seen.excluded):
        return False
    if (chunk.edited_text, chunk.excluded) == before:
        return True
    chunk.save(update_fields=["edited_text", "excluded"])
    replace_vectors(chunk, vectors)
    replace_terms(chunk)
    _keep(user, chunk, place)
    detail = {"chunk": chunk.ordinal + 1, "excluded": chunk.excluded}
    audit(actor=user, action=action, target=chunk.document, detail=detail)
    return True


def _keep(user: User, chunk: Chunk, place: _Place) -> None:
    """Write down what differs from the chunk as it was cut; nothing when nothing does."""
    edits = ChunkEdit.objects.filter(document_id=place.document_id, text_hash=place.text_hash)
    if chunk.edited_text is None and not chunk.excluded:
        edits.filter(occurrence=place.occurrence).delete()
        return
    ChunkEdit.objects.update_or_create(
        document_id=place.document_id,
        text_hash=place.text_hash,
        occurrence=place.occurrence,
        defaults={"original": chunk.text, "text": chunk.edited_text, "excluded": chunk.excluded, "author": user},
    )


def _wanted(chunk: Chunk, changes: dict[str, str | bool | None]) -> Chunk:
    """The chunk, unsaved, as the change makes it."""
    if "text" in changes:
        text = changes["text"]
        chunk.edited_text = None if text == chunk.text else str(text) if text is not None else None
    if "excluded" in changes:
        chunk.excluded = bool(changes["excluded"])
    return chunk


def _place(user: User, chunk_id: int) -> _Place:
    chunk = Chunk.objects.visible_to(user).filter(pk=chunk_id).first()
    if chunk is None:
        raise chunk_not_found()
    if not Document.objects.editable_by(user).filter(pk=chunk.document_id).exists():
        raise permission_denied()
    equal = Chunk.objects.filter(version_id=chunk.version_id, text=chunk.text, ordinal__lt=chunk.ordinal)
    return _Place(chunk.pk, chunk.document_id, text_hash(chunk.text), equal.count())


def _locked(user: User, place: _Place) -> Chunk:
    """The chunk, with its document held until the end of the transaction: a new reading waits, or has just come."""
    documents = Document.objects.editable_by(user).select_for_update(of=("self",))
    if documents.filter(pk=place.document_id).first() is None:
        raise chunk_not_found()
    return _found(place)


def _found(place: _Place) -> Chunk:
    """The chunk; when the document was read anew, the one with the same words in the same turn."""
    chunks = Chunk.objects.select_related("version", "document").filter(document_id=place.document_id)
    chunk = chunks.filter(pk=place.chunk_id).first()
    if chunk is not None:
        return chunk
    turn = 0
    for pk, text in chunks.order_by("ordinal").values_list("pk", "text").iterator(chunk_size=500):
        if text_hash(text) == place.text_hash:
            if turn == place.occurrence:
                return chunks.get(pk=pk)
            turn += 1
    raise chunk_not_found()


def chunk_not_found() -> DocumentsError:
    """No such chunk, none this person may know of, or one that a new reading has replaced."""
    message = _("There is no such chunk. The document may have been read again: load the page anew.")
    return DocumentsError("chunk_not_found", message, 404)


def edit_not_found() -> DocumentsError:
    """No such change, or none this person may know of."""
    return DocumentsError("edit_not_found", _("There is no such edit. Somebody may have discarded it."), 404)


def edit_in_use() -> DocumentsError:
    """The words that it replaces are there."""
    message = _("The words of this edit are in the document again, so it holds. Load the page anew.")
    return DocumentsError("edit_in_use", message, 409)


def chunk_changed() -> DocumentsError:
    """Somebody was faster."""
    message = _("Somebody else changed this chunk meanwhile. Look at their text, then save again to replace it.")
    return DocumentsError("chunk_changed", message, 409)
