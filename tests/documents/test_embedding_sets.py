"""Sets of embeddings are begun, cancelled and switched back to by admins, and searches outlive a lost server."""

import io
import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from documents import services
from documents.embedders import active_set, embedder_of, forget_searched_set, has_index
from documents.errors import DocumentsError
from documents.ingest import ingest, rebuilding
from documents.ingest.rebuilding import build_slice, missing, remove_slice
from documents.ingest.terms import replace_terms
from documents.models import ChunkEmbedding, EmbeddingSet, SetState, Status
from documents.retrieval import search
from documents.services.embeddings import (
    EmbedderChoice,
    embedder_check,
    embedding_set_begin,
    embedding_set_cancel,
    embedding_set_reconnect,
    embedding_set_resume,
    embedding_set_switch_back,
)
from rag.errors import EmbeddingError
from tests.documents.embedding_sets import FACTS, begin, build, choice, upload
from tests.documents.files import HANDBOOK
from tests.fakes.embeddings import FakeEmbeddings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


def test_only_one_set_is_built_at_a_time_and_only_by_admins(cast: Any, embeddings: FakeEmbeddings) -> None:
    begin(cast, embeddings)
    for user, code in ((cast.root, "embedding_set_building"), (cast.ada, "permission_denied")):
        with pytest.raises(DocumentsError) as caught:
            embedding_set_begin(user=user, choice=choice(embeddings))
        assert caught.value.code == code
    for act in (embedding_set_cancel, embedding_set_switch_back, embedding_set_resume):
        with pytest.raises(DocumentsError) as caught:
            act(user=cast.ada, set_id=1)
        assert caught.value.code == "permission_denied"


def test_two_who_begin_at_once_make_one(cast: Any, embeddings: FakeEmbeddings) -> None:
    active_set()
    embeddings.delay_s = 0.2
    codes: list[str] = []

    def try_it() -> None:
        try:
            begin(cast, embeddings)
            codes.append("")
        except DocumentsError as error:
            codes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=try_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(codes) == ["", *["embedding_set_building"] * 3]


def test_the_key_is_sealed_and_in_no_log(cast: Any, embeddings: FakeEmbeddings) -> None:
    embeddings.api_key = "sk-secret-77"
    with pytest.raises(DocumentsError) as caught:
        begin(cast, embeddings, api_key="sk-wrong")
    assert (caught.value.code, caught.value.status) == ("embedding_unauthorized", 502)
    assert not EmbeddingSet.objects.building()
    made = begin(cast, embeddings, api_key="sk-secret-77")
    assert b"sk-secret" not in bytes(made.api_key_encrypted)
    assert "sk-secret" not in str(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.get(action="embeddings.begin").detail["key"] is True
    build()
    assert active_set() == made


def test_a_choice_that_says_too_little_is_refused(cast: Any) -> None:
    for wrong, code in (
        (EmbedderChoice("openai", "", "fake"), "embedding_set_incomplete"),
        (EmbedderChoice("directory"), "embedding_set_incomplete"),
        (EmbedderChoice("directory", model="../secrets"), "embedding_folder"),
        (EmbedderChoice("magic"), "embedding_set_kind"),
        (EmbedderChoice("openai", "http://10.0.0.1/v1", "fake"), "embedding_address"),
        (EmbedderChoice("openai", "http://localhost/v1", "m" * 201), "embedding_set_too_long"),
    ):
        with pytest.raises(DocumentsError) as caught:
            embedder_check(user=cast.root, choice=wrong)
        assert caught.value.code == code


def test_a_cancelled_build_is_removed_with_its_rows_and_index(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "SLICE_S", 0.0)
    make_document(cast.library, *FACTS)
    made = begin(cast, embeddings)
    token = build_slice()
    assert ChunkEmbedding.objects.filter(set=made).exists()
    embedding_set_cancel(user=cast.root, set_id=made.pk)
    assert build_slice(token) is None
    with pytest.raises(DocumentsError):
        embedding_set_switch_back(user=cast.root, set_id=made.pk)
    monkeypatch.setattr(rebuilding, "SLICE_S", 2.0)
    remove_slice()
    assert not EmbeddingSet.objects.filter(pk=made.pk).exists()
    assert not ChunkEmbedding.objects.filter(set_id=made.pk).exists()
    assert has_index(made) is False
    assert search(user=cast.max, query="Which crane lifts 33 tons?").passages


def test_the_searched_set_cannot_be_cancelled(cast: Any) -> None:
    with pytest.raises(DocumentsError) as caught:
        embedding_set_cancel(user=cast.root, set_id=active_set().pk)
    assert caught.value.code == "embedding_set_active"


def test_the_old_set_stays_until_its_time_is_over_and_can_be_switched_back_to(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any
) -> None:
    document = upload(cast, HANDBOOK, "handbook.md")
    first = active_set()
    made = begin(cast, embeddings)
    build()
    remove_slice()
    assert ChunkEmbedding.objects.filter(set=first).count() == document.chunk_count
    changed = document.chunks.order_by("pk")[0]
    changed.edited_text = "Everybody gets forty days."
    changed.save()
    replace_terms(changed)
    later = upload(cast, "# Later\n\nThis came after the switch.", "later.md")
    assert not ChunkEmbedding.objects.filter(set=first, chunk__document=later).exists()
    before = dict(ChunkEmbedding.objects.filter(set=first).values_list("chunk_id", "key"))
    asked = len(embeddings.requests)
    embedding_set_switch_back(user=cast.root, set_id=first.pk)
    build()
    assert active_set() == first
    made.refresh_from_db()
    assert made.state == SetState.RETIRED
    assert not missing(first).exists()
    after = dict(ChunkEmbedding.objects.filter(set=first).values_list("chunk_id", "key"))
    assert {each for each in before if bytes(before[each]) != bytes(after[each])} == {changed.pk}
    assert len(embeddings.requests) == asked
    assert search(user=cast.max, query="forty days").passages[0].chunk_id == changed.pk


def test_a_set_whose_time_is_over_goes_and_cannot_be_switched_back_to(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any
) -> None:
    make_document(cast.library, *FACTS)
    first = active_set()
    begin(cast, embeddings)
    build()
    EmbeddingSet.objects.filter(pk=first.pk).update(remove_at=timezone.now())
    with pytest.raises(DocumentsError) as caught:
        embedding_set_switch_back(user=cast.root, set_id=first.pk)
    assert caught.value.code == "embedding_set_not_kept"
    remove_slice()
    assert not EmbeddingSet.objects.filter(pk=first.pk).exists()
    assert has_index(first) is False
    assert ChunkEmbedding.objects.count() == len(FACTS)


def test_with_the_server_of_the_searched_set_away_words_still_find_and_the_set_says_so(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any
) -> None:
    make_document(cast.library, *FACTS)
    made = begin(cast, embeddings)
    build()
    embeddings.stop()
    for _ in range(3):
        found = search(user=cast.max, query="quay 4 tons")
        assert found.passages
        assert found.by_words
        assert found.steps[0].output["error"] == "embedding_unavailable"
        assert found.steps[0].output["searched_by"] == "words"
    made.refresh_from_db()
    assert made.error_code == "embedding_unavailable"
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(HANDBOOK.encode()), filename="h.md", source=cast.library
    )
    embedder_of.__globals__["_embedder"].cache_clear()
    embeddings.start()
    ingest(document.pk)
    document.refresh_from_db()
    assert document.status == Status.READY
    assert not search(user=cast.max, query="quay 4 tons").by_words
    made.refresh_from_db()
    assert made.error == ""


def test_a_key_that_cannot_be_read_any_more_leaves_the_words(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any, settings: Any
) -> None:
    make_document(cast.library, *FACTS)
    begin(cast, embeddings, api_key="sk-1")
    build()
    settings.ENCRYPTION_KEY = "another"
    embedder_of.__globals__["_embedder"].cache_clear()
    found = search(user=cast.max, query="quay 4 tons")
    assert found.passages
    assert found.steps[0].output["error"] == "embedding_key_unreadable"


def test_a_set_gets_a_new_key_only_where_the_same_model_answers(cast: Any, embeddings: FakeEmbeddings) -> None:
    upload(cast, HANDBOOK, "handbook.md")
    made = begin(cast, embeddings)
    build()
    embeddings.api_key = "sk-2"
    embedding_set_reconnect(user=cast.root, set_id=made.pk, base_url=embeddings.base_url, api_key="sk-2")
    forget_searched_set()
    assert not search(user=cast.max, query="leave").by_words
    made.refresh_from_db()
    with FakeEmbeddings(dimensions=32) as other, pytest.raises(DocumentsError) as caught:
        embedding_set_reconnect(user=cast.root, set_id=made.pk, base_url=other.base_url, api_key="")
    assert caught.value.code == "embedding_dimensions"
    with pytest.raises(EmbeddingError):
        embedder_of(EmbeddingSet(kind="magic", dimensions=3))
