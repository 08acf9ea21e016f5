"""Edits whose words the document no longer has: kept, listed, discarded, and back when the words are."""

import io
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry, User
from documents import services
from documents.errors import DocumentsError
from documents.ingest import ingest
from documents.ingest.drafts import text_hash
from documents.models import ChunkEdit, Document
from documents.services.chunks import chunk_edit, chunk_exclude, edit_discard
from tests.documents.files import HANDBOOK
from tests.documents.test_api import Caller, error_of

pytestmark = pytest.mark.django_db(transaction=True)
ZEPHYR = "The big crane is called <b>Zephyr</b>."


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)


@pytest.fixture
def handbook(cast: Any) -> Document:
    """A document whose leave is edited and whose travel is left out."""
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(HANDBOOK.encode()), filename="handbook.md", source=cast.research
    )
    ingest(document.pk)
    chunk_edit(user=cast.ada, chunk_id=document.chunks.get(text__contains="thirty days").pk, text=ZEPHYR)
    chunk_exclude(user=cast.root, chunk_id=document.chunks.get(text__contains="flights").pk)
    return Document.objects.get(pk=document.pk)


def becomes(user: User, document: Document, text: str) -> Document:
    services.document_replace(
        user=user, document_id=document.pk, file=io.BytesIO(text.encode()), filename="handbook.md"
    )
    ingest(document.pk)
    return Document.objects.get(pk=document.pk)


def waiting(document: Document) -> list[ChunkEdit]:
    return list(ChunkEdit.objects.waiting_in(document))


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_an_edit_waits_while_its_words_are_away_and_holds_again_when_they_are_back(
    cast: Any, handbook: Document
) -> None:
    assert waiting(handbook) == []
    shorter = becomes(cast.ada, handbook, HANDBOOK.replace("thirty days", "forty days"))
    (edit,) = waiting(shorter)
    assert (edit.text, edit.author, edit.excluded) == (ZEPHYR, cast.ada, False)
    assert "thirty days" in edit.original
    assert not shorter.chunks.filter(edited_text__isnull=False).exists()
    back = becomes(cast.ada, shorter, HANDBOOK)
    assert waiting(back) == []
    assert back.chunks.get(text__contains="thirty days").edited_text == ZEPHYR


def test_the_second_of_two_equal_texts_waits_when_only_one_is_left(cast: Any) -> None:
    same = "Everybody wears a helmet on the quay."
    body = f"# A\n\n{same}\n\n# B\n\n{same}\n"
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(body.encode()), filename="handbook.md", source=cast.research
    )
    ingest(document.pk)
    first, second = document.chunks.filter(text__contains=same).order_by("ordinal")
    chunk_edit(user=cast.ada, chunk_id=first.pk, text="The first.")
    chunk_edit(user=cast.ada, chunk_id=second.pk, text="The second.")
    document = becomes(cast.ada, document, f"# A\n\n{same}\n\n# B\n\nNo helmets here.\n")
    assert [edit.text for edit in waiting(document)] == ["The second."]
    assert [edit.original for edit in waiting(document)] == [second.text]


def test_the_inspector_lists_them_for_readers_and_lets_editors_discard_them(cast: Any, handbook: Document) -> None:
    document = becomes(cast.ada, handbook, "# New\n\nNothing of it is left.")
    assert len(waiting(document)) == 2
    for name, may in {"ada": True, "root": True, "ben": False, "max": False}.items():
        page = browser(getattr(cast, name)).get(f"/documents/{document.pk}/chunks/").content.decode()
        assert "Edits that no longer fit" in page
        assert "Everybody has thirty days" in page
        assert "The big crane is called &lt;b&gt;Zephyr&lt;/b&gt;." in page
        assert "Left out of searches" in page
        assert "ada@example.com" in page
        assert ("data-discard" in page) is may, name
        shown = browser(getattr(cast, name)).get(f"/documents/{document.pk}/").content.decode()
        assert ("2 edits of chunks no longer fit" in shown) is may, name
    assert browser(cast.cleo).get(f"/documents/{document.pk}/chunks/").status_code == 404
    for edit in waiting(document):
        assert browser(cast.ada).post(f"/chunk-edits/{edit.pk}/discard").status_code == 204
    page = browser(cast.ada).get(f"/documents/{document.pk}/chunks/").content.decode()
    assert "Edits that no longer fit" not in page
    assert AuditEntry.objects.filter(action="chunk.discard", target_id=str(document.pk)).count() == 2


def test_the_api_lists_and_discards_them(cast: Any, handbook: Document) -> None:
    document = becomes(cast.ada, handbook, HANDBOOK.replace("thirty days", "forty days"))
    listed = Caller(cast.max).get(f"/documents/{document.pk}/chunks").json()["waiting_edits"]
    edit = waiting(document)[0]
    assert listed == [
        {"id": edit.pk, "original": edit.original, "text": ZEPHYR, "excluded": False, "author": "ada@example.com",
         "updated_at": listed[0]["updated_at"]}
    ]  # fmt: skip
    for name, status, code in (
        ("cleo", 404, "edit_not_found"), ("ben", 403, "permission_denied"), ("max", 403, "permission_denied")
    ):  # fmt: skip
        refused = Caller(getattr(cast, name)).delete(f"/chunk-edits/{edit.pk}")
        assert (refused.status_code, error_of(refused)) == (status, code), name
    assert Caller(cast.root).delete(f"/chunk-edits/{edit.pk}").status_code == 204
    assert error_of(Caller(cast.root).delete(f"/chunk-edits/{edit.pk}")) == "edit_not_found"
    assert Caller(cast.ada).get(f"/documents/{document.pk}/chunks").json()["waiting_edits"] == []


def test_an_edit_that_holds_is_not_discarded(cast: Any, handbook: Document) -> None:
    with pytest.raises(DocumentsError) as refused:
        edit_discard(user=cast.ada, edit_id=ChunkEdit.objects.get(text=ZEPHYR).pk)
    assert (refused.value.code, refused.value.status) == ("edit_in_use", 409)
    assert handbook.chunks.filter(edited_text=ZEPHYR).exists()


def test_edits_made_before_their_words_were_kept_get_those_of_their_chunks(cast: Any, handbook: Document) -> None:
    ChunkEdit.objects.update(original="")
    migration = import_module("documents.migrations.0005_words_of_chunk_edits")
    with connection.cursor() as cursor:
        cursor.execute(migration.TAKE_OVER)
    assert [text_hash(edit.original) == bytes(edit.text_hash) for edit in ChunkEdit.objects.all()] == [True, True]
