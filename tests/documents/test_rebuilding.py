"""A second set of embeddings is built beside the searched one and takes its place; nothing is lost on the way."""

import io
import threading
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from documents import services
from documents.embedders import active_set, has_index
from documents.ingest import rebuilding
from documents.ingest.rebuilding import build_slice
from documents.models import Chunk, ChunkEmbedding, Document, EmbeddingSet, SetState
from documents.retrieval import search
from documents.services.embeddings import (
    embedding_set_resume,
    progress_of,
)
from tests.documents.embedding_sets import FACTS, assert_whole, begin, build, upload
from tests.documents.files import HANDBOOK
from tests.fakes.embeddings import FakeEmbeddings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


def test_a_set_is_built_beside_the_other_and_then_searched(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any
) -> None:
    make_document(cast.library, *FACTS)
    first = active_set()
    made = begin(cast, embeddings)
    assert (made.state, made.dimensions, made.name) == (SetState.BUILDING, 64, "fake")
    assert progress_of(made) == (0, 60)
    build()
    made.refresh_from_db()
    first.refresh_from_db()
    assert (made.state, first.state) == (SetState.ACTIVE, SetState.RETIRED)
    assert first.remove_at is not None
    assert first.remove_at > timezone.now() + timedelta(hours=23)
    assert has_index(made)
    assert_whole(made)
    found = search(user=cast.max, query="Which crane lifts 33 tons?")
    assert found.steps[0].output == {"dimensions": 64, "model": "fake"}
    assert found.passages[0].text == FACTS[11]
    assert found.passages[0].dense_score > 0


def test_an_empty_installation_switches_at_once(cast: Any, embeddings: FakeEmbeddings) -> None:
    made = begin(cast, embeddings)
    build()
    assert active_set() == made


def test_a_document_that_comes_during_the_build_has_vectors_in_both_sets(cast: Any, embeddings: FakeEmbeddings) -> None:
    first = active_set()
    made = begin(cast, embeddings)
    document = upload(cast, HANDBOOK, "handbook.md")
    for each in (first, made):
        assert ChunkEmbedding.objects.filter(set=each).count() == document.chunk_count
    build()
    assert active_set() == made
    assert_whole(made)


def test_a_set_that_begins_while_a_document_is_embedded_gets_its_vectors(
    cast: Any, embeddings: FakeEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    active_set()
    real = __import__("documents.ingest", fromlist=["swap_in"]).swap_in
    begun: list[EmbeddingSet] = []

    def late(*given: Any) -> bool:
        if not begun:
            begun.append(begin(cast, embeddings))
        return real(*given)

    monkeypatch.setattr("documents.ingest.swap_in", late)
    upload(cast, HANDBOOK, "handbook.md")
    assert_whole(begun[0])


def test_a_set_can_neither_begin_nor_be_switched_to_while_a_document_is_swapped_in(
    cast: Any, embeddings: FakeEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    active_set()
    real = __import__("documents.ingest.swap", fromlist=["_copy_chunks"])._copy_chunks
    began: list[float] = []
    copied: list[float] = []

    def begin_it() -> None:
        begin(cast, embeddings)
        began.append(time.monotonic())
        connection.close()

    thread = threading.Thread(target=begin_it)

    def slow(*given: Any) -> Any:
        thread.start()
        time.sleep(1.0)
        copied.append(time.monotonic())
        return real(*given)

    monkeypatch.setattr("documents.ingest.swap._copy_chunks", slow)
    upload(cast, HANDBOOK, "handbook.md")
    thread.join(20)
    assert began[0] > copied[0]
    monkeypatch.undo()
    build()
    assert_whole(active_set())
    assert active_set().name == "fake"


def test_a_document_that_is_deleted_during_the_build_leaves_nothing(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_document(cast.library, *FACTS[:20])
    gone = make_document(cast.library, *FACTS[20:40], owner=cast.ada)
    made = begin(cast, embeddings)
    real = rebuilding._store

    def after_a_deletion(*given: Any) -> None:
        if Document.objects.filter(pk=gone.pk).exists():
            services.document_delete(user=cast.ada, document_id=gone.pk)
        real(*given)

    monkeypatch.setattr(rebuilding, "_store", after_a_deletion)
    build()
    assert active_set() == made
    assert_whole(made)
    assert not ChunkEmbedding.objects.filter(chunk__document_id=gone.pk).exists()
    assert ChunkEmbedding.objects.filter(set=made).count() == 20


def test_a_server_that_goes_away_pauses_the_build_and_says_why(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any
) -> None:
    make_document(cast.library, *FACTS)
    first = active_set()
    made = begin(cast, embeddings)
    embeddings.stop()
    build()
    made.refresh_from_db()
    assert (made.state, made.error_code, made.failures) == (SetState.BUILDING, "embedding_unavailable", 1)
    assert made.paused_until is not None
    assert made.paused_until > timezone.now()
    assert made.claim is None
    assert build_slice() is None  # it rests
    found = search(user=cast.max, query="Which crane lifts 33 tons?")
    assert found.steps[0].output["model"] == first.name
    assert found.passages
    document = upload(cast, HANDBOOK, "handbook.md")  # is not held up
    assert ChunkEmbedding.objects.filter(set=first, chunk__document=document).exists()
    assert not ChunkEmbedding.objects.filter(set=made, chunk__document=document).exists()
    embeddings.start()
    embedding_set_resume(user=cast.root, set_id=made.pk)
    build()
    made.refresh_from_db()
    assert (made.state, made.error, made.failures) == (SetState.ACTIVE, "", 0)
    assert_whole(made)


def test_a_failure_in_the_middle_keeps_what_is_done(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "LARGEST_BATCH", 8)
    make_document(cast.library, *FACTS)
    made = begin(cast, embeddings)
    first_request = len(embeddings.requests)
    real = rebuilding._store
    stored: list[int] = []

    def fail_after_three(*given: Any) -> None:
        real(*given)
        stored.append(1)
        embeddings.failure = "server_error" if len(stored) == 3 else ""

    monkeypatch.setattr(rebuilding, "_store", fail_after_three)
    build()
    made.refresh_from_db()
    assert progress_of(made) == (24, 60)
    assert made.error
    embeddings.failure = ""
    embedding_set_resume(user=cast.root, set_id=made.pk)
    build()
    assert_whole(active_set())
    assert len(embeddings.texts) - sum(len(each["input"]) for each in embeddings.requests[:first_request]) == 60 + 8


def test_pauses_grow(cast: Any, embeddings: FakeEmbeddings, make_document: Any) -> None:
    make_document(cast.library, *FACTS[:3])
    made = begin(cast, embeddings)
    embeddings.failure = "rate_limited"
    pauses = []
    for _ in range(3):
        EmbeddingSet.objects.filter(pk=made.pk).update(paused_until=None)
        build()
        made.refresh_from_db()
        assert made.paused_until is not None
        pauses.append((made.paused_until - timezone.now()).total_seconds())
    assert [round(each / 10) for each in pauses] == [1, 2, 4]


def test_a_slice_ends_when_a_document_waits_and_only_one_chain_goes_on(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "LARGEST_BATCH", 8)
    make_document(cast.library, *FACTS)
    made = begin(cast, embeddings)
    services.document_upload(user=cast.ada, file=io.BytesIO(b"Wait."), filename="w.txt", source=cast.library)
    token = build_slice()
    assert progress_of(made)[0] == 8
    assert token is not None
    assert build_slice() is None
    assert build_slice(uuid.uuid4()) is None
    assert progress_of(made)[0] == 8
    # The chain is lost with its worker: once the claim has run out another one goes on, and the first is over.
    EmbeddingSet.objects.filter(pk=made.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    other = build_slice()
    assert other not in (None, token)
    assert build_slice(token) is None


def test_a_broken_index_of_a_killed_worker_is_made_anew(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any
) -> None:
    make_document(cast.library, *FACTS)
    made = begin(cast, embeddings)
    build_slice()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [made.index_name])
    assert has_index(made) is None
    EmbeddingSet.objects.filter(pk=made.pk, state="active").update(state="retired")
    rebuilding._see_to_index(made)
    assert has_index(made)


def test_searches_and_uploads_go_on_through_a_whole_build_and_switch(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "LARGEST_BATCH", 8)
    monkeypatch.setattr(rebuilding, "SLICE_S", 0.05)
    embeddings.delay_s = 0.01
    for part in range(6):
        make_document(cast.library, *FACTS[10 * part : 10 * part + 10])
    first = active_set()
    stop = threading.Event()
    wrong: list[str] = []
    models: list[str] = []
    switched_at: list[float] = []

    def ask() -> None:
        try:
            while not stop.is_set():
                found = search(user=cast.max, query="Which crane lifts 33 tons?")
                models.append(found.steps[0].output["model"])
                if not found.passages or found.by_words:
                    wrong.append(str(found.steps[0]))
                # In either set the exact words are nearest; a vector of another set would give nothing like it.
                if found.passages[0].text != FACTS[11] or found.passages[0].dense_score < 0.4:
                    wrong.append(f"{found.passages[0].text} {found.passages[0].dense_score}")
        except Exception as error:
            wrong.append(repr(error))
        finally:
            connection.close()

    def add() -> None:
        try:
            for number in range(6):
                upload(cast, f"# Ship {number}\n\nShip {number} carries timber to port {number}.", f"ship-{number}.md")
        except Exception as error:
            wrong.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(3)] + [threading.Thread(target=add)]
    for thread in threads:
        thread.start()
    try:
        made = begin(cast, embeddings)
        deadline = time.monotonic() + 60
        while active_set() != made:
            assert time.monotonic() < deadline
            build()
        switched_at.append(time.monotonic())
        threads[-1].join(60)
        time.sleep(2.5)  # longer than a process remembers what it searched
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert wrong == []
    assert set(models) == {first.name, "fake"}
    assert_whole(made)
    assert Chunk.objects.count() == 66
