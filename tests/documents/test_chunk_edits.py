"""People change chunks: what is searched follows at once, and a new reading keeps it."""

import io
import threading
from typing import Any

import pytest
from django.db import connection

from accounts.models import AuditEntry
from documents import services
from documents.errors import DocumentsError
from documents.ingest import ingest
from documents.ingest.claims import Claim
from documents.ingest.swap import swap_in
from documents.models import Chunk, ChunkEdit, ChunkEmbedding, DataSource, Document, EmbeddingSet, Status
from documents.retrieval import search
from documents.services.chunks import chunk_edit, chunk_exclude, chunk_include, chunk_reset, most_tokens
from tests.documents.files import HANDBOOK

pytestmark = pytest.mark.django_db(transaction=True)
ZEPHYR = "The big crane is called Zephyr."


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)


@pytest.fixture
def handbook(cast: Any) -> Document:
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(HANDBOOK.encode()), filename="handbook.md", source=cast.research
    )
    ingest(document.pk)
    return Document.objects.get(pk=document.pk)


def leave(document: Document) -> Chunk:
    return document.chunks.get(text__contains="thirty days")


def best(user: Any, query: str) -> Any:
    return search(user=user, query=query).passages[0]


def test_an_edited_chunk_is_found_by_its_new_words_and_not_by_its_old_ones(cast: Any, handbook: Document) -> None:
    old = bytes(leave(handbook).embeddings.get().key)
    chunk = chunk_edit(user=cast.ada, chunk_id=leave(handbook).pk, text=f"  {ZEPHYR}\x00\u00ad\r\n")
    assert chunk.edited_text == ZEPHYR
    found = best(cast.max, "What is the big crane called?")
    assert (found.chunk_id, found.edited_text, found.text) == (chunk.pk, ZEPHYR, chunk.text)
    assert handbook.current_version.text[found.start : found.end] == found.text
    assert bytes(leave(handbook).embeddings.get().key) != old
    assert not [each for each in search(user=cast.max, query="paid").passages if each.keyword_score > 0]
    entry = AuditEntry.objects.get(action="chunk.edit")
    assert (entry.actor, entry.target_id, ZEPHYR in str(entry.detail)) == (cast.ada, str(handbook.pk), False)


def test_the_way_back_leaves_nothing_of_an_edit(cast: Any, handbook: Document) -> None:
    chunk = leave(handbook)
    before = chunk.embeddings.get()
    chunk_edit(user=cast.ada, chunk_id=chunk.pk, text=ZEPHYR)
    back = chunk_reset(user=cast.ada, chunk_id=chunk.pk)
    after = back.embeddings.get()
    assert (back.edited_text, bytes(after.key), after.vector) == (None, bytes(before.key), before.vector)
    assert not ChunkEdit.objects.exists()
    chunk_edit(user=cast.ada, chunk_id=chunk.pk, text=ZEPHYR)
    assert chunk_edit(user=cast.ada, chunk_id=chunk.pk, text=chunk.text).edited_text is None
    assert not ChunkEdit.objects.exists()


def test_an_excluded_chunk_is_never_found_until_it_is_included_again(cast: Any, handbook: Document) -> None:
    chunk = leave(handbook)
    chunk_exclude(user=cast.ada, chunk_id=chunk.pk)
    assert chunk.pk not in {each.chunk_id for each in search(user=cast.max, query="thirty days of leave").passages}
    assert not chunk.embeddings.exists()
    chunk_edit(user=cast.ada, chunk_id=chunk.pk, text=ZEPHYR)
    assert not chunk.embeddings.exists()
    chunk_include(user=cast.ada, chunk_id=chunk.pk)
    assert best(cast.max, "Zephyr").chunk_id == chunk.pk
    assert ChunkEdit.objects.get().text == ZEPHYR


def test_every_set_that_is_kept_up_gets_the_new_vector(cast: Any, handbook: Document) -> None:
    building = EmbeddingSet.objects.create(name="second", kind="shipped", dimensions=384)
    chunk = chunk_edit(user=cast.ada, chunk_id=leave(handbook).pk, text=ZEPHYR)
    assert ChunkEmbedding.objects.filter(chunk=chunk).count() == 2
    assert ChunkEmbedding.objects.filter(chunk=chunk, set=building).exists()


def test_only_those_who_may_edit_the_document_may_change_its_chunks(cast: Any, handbook: Document) -> None:
    chunk = leave(handbook)
    for user, code in (
        (cast.ben, "permission_denied"),
        (cast.max, "permission_denied"),
        (cast.cleo, "chunk_not_found"),
    ):
        for change in (
            lambda user=user: chunk_edit(user=user, chunk_id=chunk.pk, text=ZEPHYR),
            lambda user=user: chunk_exclude(user=user, chunk_id=chunk.pk),
            lambda user=user: chunk_reset(user=user, chunk_id=chunk.pk),
        ):
            with pytest.raises(DocumentsError) as refused:
                change()
            assert refused.value.code == code
    assert chunk_edit(user=cast.root, chunk_id=chunk.pk, text=ZEPHYR).edited_text == ZEPHYR


@pytest.mark.parametrize(
    ("text", "code"),
    [(" \n\x00\ufeff", "chunk_empty"), ("crane " * 300, "chunk_too_long"), ("x" * 50_000, "chunk_too_long")],
)
def test_a_text_that_cannot_be_is_refused(cast: Any, handbook: Document, text: str, code: str) -> None:
    with pytest.raises(DocumentsError) as refused:
        chunk_edit(user=cast.ada, chunk_id=leave(handbook).pk, text=text)
    assert refused.value.code == code
    assert not ChunkEdit.objects.exists()


def test_a_text_as_long_as_the_embedder_reads_is_taken(cast: Any, handbook: Document) -> None:
    assert most_tokens() == 254
    chunk_edit(user=cast.ada, chunk_id=leave(handbook).pk, text="crane " * 254)


def test_the_second_of_two_writers_is_told(cast: Any, handbook: Document) -> None:
    chunk = leave(handbook)
    seen = chunk.revision
    chunk_edit(user=cast.ada, chunk_id=chunk.pk, text=ZEPHYR, revision=seen)
    with pytest.raises(DocumentsError) as refused:
        chunk_edit(user=cast.root, chunk_id=chunk.pk, text="Another name.", revision=seen)
    assert (refused.value.code, refused.value.status) == ("chunk_changed", 409)
    chunk.refresh_from_db()
    assert chunk.edited_text == ZEPHYR
    chunk_edit(user=cast.root, chunk_id=chunk.pk, text="Another name.", revision=chunk.revision)


def again(document: Document) -> Document:
    Document.objects.filter(pk=document.pk).update(status=Status.RECEIVED)
    ingest(document.pk)
    return Document.objects.get(pk=document.pk)


def test_an_edit_made_while_the_document_is_read_again_is_in_the_new_reading(
    cast: Any, handbook: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk = leave(handbook)
    swaps: list[bool] = []

    def edit_first(claim: Claim, result: Any) -> bool:
        if not swaps:
            chunk_edit(user=cast.ada, chunk_id=chunk.pk, text=ZEPHYR)
        swaps.append(swap_in(claim, result))
        return swaps[-1]

    monkeypatch.setattr("documents.ingest.swap_in", edit_first)
    document = again(handbook)
    assert swaps == [False, True]
    found = best(cast.max, "Zephyr")
    assert (found.chunk_id, found.edited_text) == (leave(document).pk, ZEPHYR)
    assert found.chunk_id != chunk.pk
    assert found.dense_score > 0.3


def test_an_edit_that_waited_for_a_new_reading_goes_to_the_chunk_with_the_same_words(
    cast: Any, handbook: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk = leave(handbook)
    import documents.services.chunks as module

    real = module._place
    done: list[Document] = []

    def read_again_first(user: Any, chunk_id: int) -> Any:
        place = real(user, chunk_id)
        if not done:
            done.append(again(handbook))
        return place

    monkeypatch.setattr(module, "_place", read_again_first)
    edited = chunk_edit(user=cast.ada, chunk_id=chunk.pk, text=ZEPHYR)
    assert edited.pk != chunk.pk
    assert best(cast.max, "Zephyr").chunk_id == edited.pk == leave(done[0]).pk


def test_a_chunk_that_a_new_reading_replaced_is_told_as_gone(cast: Any, handbook: Document) -> None:
    chunk = leave(handbook)
    again(handbook)
    with pytest.raises(DocumentsError) as refused:
        chunk_edit(user=cast.ada, chunk_id=chunk.pk, text=ZEPHYR)
    assert (refused.value.code, refused.value.status) == ("chunk_not_found", 404)


def test_writers_and_readings_at_once_end_with_one_text_and_its_vector(cast: Any, handbook: Document) -> None:
    texts = [f"The crane number {n} is called Zephyr {n}." for n in range(6)]
    pk = leave(handbook).pk
    problems: list[str] = []

    def write(text: str) -> None:
        try:
            chunk_edit(user=cast.ada, chunk_id=pk, text=text)
        except DocumentsError as error:
            problems.append(error.code)
        finally:
            connection.close()

    def read() -> None:
        try:
            again(handbook)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(text,)) for text in texts] + [threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(problems) <= {"chunk_not_found", "chunk_changed"}
    edit = ChunkEdit.objects.get()
    chunk = leave(Document.objects.get(pk=handbook.pk))
    assert chunk.edited_text == edit.text
    assert edit.text in texts
    before = bytes(chunk.embeddings.get().key)
    chunk_reset(user=cast.ada, chunk_id=chunk.pk)
    assert bytes(chunk_edit(user=cast.ada, chunk_id=chunk.pk, text=edit.text).embeddings.get().key) == before


def test_the_second_of_two_equal_chunks_keeps_its_own_edit(cast: Any) -> None:
    same = "Everybody wears a helmet on the quay."
    body = f"# A\n\n{same}\n\n# B\n\n{same}\n\n# A\n\n{same}\n"
    document = services.document_upload(user=cast.ada, file=io.BytesIO(body.encode()), filename="h.md",
                                        source=cast.research)  # fmt: skip
    ingest(document.pk)
    chunks = list(Chunk.objects.filter(document=document, text__contains=same).order_by("ordinal"))
    chunk_edit(user=cast.ada, chunk_id=chunks[2].pk, text=ZEPHYR)
    document = again(Document.objects.get(pk=document.pk))
    edited = [each.edited_text for each in document.chunks.filter(text__contains=same).order_by("ordinal")]
    assert edited == [None, None, ZEPHYR]


def test_settings_changed_while_a_document_is_read_are_the_ones_it_is_cut_by(
    cast: Any, handbook: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    swaps: list[bool] = []

    def change_first(claim: Claim, result: Any) -> bool:
        DataSource.objects.filter(pk=cast.research.pk).update(chunking={"max_tokens": 32, "overlap_sentences": 0})
        swaps.append(swap_in(claim, result))
        return swaps[-1]

    monkeypatch.setattr("documents.ingest.swap_in", change_first)
    document = again(handbook)
    assert swaps == [False, True]
    assert document.current_version.chunking == {"max_tokens": 32, "overlap_sentences": 0}
    assert max(document.chunks.values_list("tokens", flat=True)) <= 32
