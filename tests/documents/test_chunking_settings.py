"""How a data source is cut: tried on a document, then applied to all."""

import io
import time
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from documents import services
from documents.chunk_preview import MAX_CHARACTERS, preview
from documents.errors import DocumentsError
from documents.ingest import ingest, ingest_next
from documents.models import Document, Status
from documents.retrieval import search
from documents.services.chunking import source_chunking_apply
from documents.services.chunks import chunk_edit
from rag.chunking import ChunkingSettings
from tests.documents.files import HANDBOOK

pytestmark = pytest.mark.django_db(transaction=True)
SECTION = "Everybody has thirty days of leave. Ask two weeks before. Trains come before flights. Berlin is dear. " * 6


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)
    monkeypatch.setattr("documents.tasks.call_workers.delay", lambda: made.append("call"))
    return made


def indexed(cast: Any, text: str, filename: str = "handbook.md") -> Document:
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(text.encode()), filename=filename, source=cast.research
    )
    ingest(document.pk)
    return Document.objects.get(pk=document.pk)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_preview_shows_the_chunks_that_applying_gives(cast: Any) -> None:
    document = indexed(cast, f"# A\n\n{SECTION}\n\n{HANDBOOK}")
    settings = ChunkingSettings(40, 0)
    seen = preview(document, settings)
    assert seen.whole
    assert seen.today.count == document.chunk_count
    assert seen.proposed.count > seen.today.count
    assert seen.proposed.longest <= 40
    source_chunking_apply(user=cast.ada, source=cast.research, max_tokens=40, overlap_sentences=0)
    assert ingest_next()
    document = Document.objects.get(pk=document.pk)
    spans = list(document.chunks.order_by("ordinal").values_list("start", "end"))
    assert spans[: len(seen.proposed.chunks)] == [(each.start, each.end) for each in seen.proposed.chunks]
    assert document.chunk_count == seen.proposed.count
    again = preview(document, settings)
    assert all(each.same for each in (*again.today.chunks, *again.proposed.chunks))


def test_a_long_document_is_previewed_by_its_beginning_in_bounded_time(cast: Any) -> None:
    document = indexed(cast, "# A\n\nShort.")
    version = document.current_version
    paragraph = SECTION.strip()
    count = 4 * MAX_CHARACTERS // len(paragraph)
    version.text = "\n\n".join([paragraph] * count)
    step = len(paragraph) + 2
    version.blocks = [["paragraph", n * step, n * step + len(paragraph), 0] for n in range(count)]
    version.save()
    document.refresh_from_db()
    began = time.monotonic()
    seen = preview(document, ChunkingSettings(64, 1))
    assert time.monotonic() - began < 10
    assert not seen.whole
    assert len(seen.proposed.chunks) <= 60 < seen.proposed.count
    assert seen.proposed.longest <= 64


def test_applying_queues_what_is_ready_once_and_searches_go_on(cast: Any, calls: list[str]) -> None:
    document = indexed(cast, HANDBOOK)
    other = services.document_upload(
        user=cast.root, file=io.BytesIO(b"# Else"), filename="else.md", source=cast.library
    )
    ingest(other.pk)
    queued = source_chunking_apply(user=cast.ada, source=cast.research, max_tokens=64, overlap_sentences=2)
    assert (queued, calls) == (1, ["call"])
    document.refresh_from_db()
    assert document.status == Status.RECEIVED
    assert search(user=cast.max, query="thirty days of leave").passages[0].document_id == document.pk
    assert Document.objects.get(pk=other.pk).status == Status.READY
    entry = AuditEntry.objects.get(action="source.chunking")
    assert entry.detail["after"] == {"max_tokens": 64, "overlap_sentences": 2}
    assert source_chunking_apply(user=cast.ada, source=cast.research, max_tokens=64, overlap_sentences=2) == 0


def test_chunks_that_stay_the_same_are_not_embedded_again_and_keep_their_edits(
    cast: Any, embedded_texts: list[str]
) -> None:
    document = indexed(cast, f"{HANDBOOK}\n\n## Long\n\n{SECTION}")
    leave = document.chunks.get(text__contains="Ask your manager")
    chunk_edit(user=cast.ada, chunk_id=leave.pk, text="Leave is called Zephyr.")
    embedded_texts.clear()
    source_chunking_apply(user=cast.ada, source=cast.research, max_tokens=90, overlap_sentences=1)
    ingest(document.pk)
    assert embedded_texts
    assert not [text for text in embedded_texts if "Zephyr" in text or "Berlin" not in text]
    assert search(user=cast.max, query="Zephyr").passages[0].edited_text == "Leave is called Zephyr."


@pytest.mark.parametrize(("tokens", "overlap"), [(31, 1), (255, 1), (100, -1), (100, 4)])
def test_settings_beyond_what_is_sensible_are_refused(cast: Any, tokens: int, overlap: int) -> None:
    with pytest.raises(DocumentsError) as refused:
        source_chunking_apply(user=cast.ada, source=cast.research, max_tokens=tokens, overlap_sentences=overlap)
    assert refused.value.code == "invalid_chunking"
    form = {"max_tokens": tokens, "overlap_sentences": overlap}
    page = browser(cast.ada).post("/sources/research/chunking/", form)
    assert page.status_code == 422
    assert "Choose " in page.content.decode()


def test_settings_of_a_source_without_documents_are_saved_at_once(cast: Any) -> None:
    ada = browser(cast.ada)
    page = ada.get("/sources/research/chunking/").content.decode()
    assert "There is no document to try them on yet." in page
    assert "Apply to all documents" not in page
    wrong = ada.post("/sources/research/chunking/", {"max_tokens": 999, "overlap_sentences": 0})
    assert "Choose 254 or less." in wrong.content.decode()
    assert ada.post("/sources/research/chunking/", {"max_tokens": 64, "overlap_sentences": 0}).status_code == 302
    cast.research.refresh_from_db()
    assert cast.research.chunking == {"max_tokens": 64, "overlap_sentences": 0}


def test_only_those_who_may_change_the_source_may_change_how_it_is_cut(cast: Any) -> None:
    for user, code in (
        (cast.ben, "permission_denied"),
        (cast.max, "permission_denied"),
        (cast.cleo, "source_not_found"),
    ):
        with pytest.raises(DocumentsError) as refused:
            source_chunking_apply(user=user, source=cast.research, max_tokens=64, overlap_sentences=1)
        assert refused.value.code == code


def test_the_page_previews_on_a_chosen_document_and_applies(cast: Any) -> None:
    document = indexed(cast, f"# A\n\n{SECTION}")
    ada = browser(cast.ada)
    assert "/sources/research/chunking/" in ada.get("/sources/research/").content.decode()
    page = ada.get("/sources/research/chunking/").content.decode()
    assert 'value="200"' in page
    assert "data-preview>" not in page
    query = f"?max_tokens=40&overlap_sentences=0&document={document.pk}"
    page = ada.get(f"/sources/research/chunking/{query}").content.decode()
    assert "data-preview>" in page
    assert "With these settings" in page
    assert document.current_version.chunking["max_tokens"] == 200
    assert ada.post("/sources/research/chunking/", {"max_tokens": 40, "overlap_sentences": 0}).status_code == 302
    cast.research.refresh_from_db()
    assert cast.research.chunking == {"max_tokens": 40, "overlap_sentences": 0}
    newest = ada.get("/sources/research/chunking/?max_tokens=64&overlap_sentences=0")
    assert (newest.status_code, "Preview on" in newest.content.decode()) == (200, True)
    elsewhere = ada.get("/sources/research/chunking/?max_tokens=40&overlap_sentences=0&document=x")
    assert elsewhere.status_code == 422
