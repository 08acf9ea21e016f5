"""The inspector's pages: who sees and changes what, both sides tied together, long documents in parts."""

import io
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from documents import services
from documents.ingest import ingest
from documents.models import Chunk, Document, DocumentVersion
from documents.retrieval import search
from tests.documents.files import HANDBOOK, pdf_with_text

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "\n\n".join(f"# Part {n}\n\nParagraph {n} speaks of quay {n}." for n in range(130))


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def indexed(user: User, source: Any, data: bytes, filename: str = "handbook.md") -> Document:
    document = services.document_upload(user=user, file=io.BytesIO(data), filename=filename, source=source)
    ingest(document.pk)
    return Document.objects.get(pk=document.pk)


def page_of(user: User, document: Document, more: str = "") -> str:
    response = browser(user).get(f"/documents/{document.pk}/chunks/{more}")
    assert response.status_code == 200
    return response.content.decode()


def test_those_who_may_see_the_document_see_its_chunks_and_those_who_may_edit_it_can(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, HANDBOOK.encode())
    for name, controls in {"ada": True, "root": True, "ben": False, "max": False}.items():
        page = page_of(getattr(cast, name), document)
        assert "thirty days" in page
        assert ("data-edit>" in page) is controls, name
        assert ('data-act="exclude"' in page) is controls, name
    assert browser(cast.cleo).get(f"/documents/{document.pk}/chunks/").status_code == 404
    assert Client().get(f"/documents/{document.pk}/chunks/").status_code == 302
    assert f"/documents/{document.pk}/chunks/" in browser(cast.max).get(f"/documents/{document.pk}/").content.decode()


def test_every_chunk_is_marked_in_the_text_where_it_lies(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, LONG.encode())
    page = page_of(cast.ada, document, "?chunk=3")
    for chunk in document.chunks.filter(ordinal__in=(2, 3, 4)):
        assert f'data-chunks="{chunk.ordinal}"' in page
        assert f'id="chunk-{chunk.ordinal}"' in page or chunk.ordinal < 3
    assert 'data-chosen="3"' in page


def test_a_document_of_many_chunks_comes_in_runs(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, LONG.encode())
    total = document.chunks.count()
    assert total > 100
    client = browser(cast.max)
    address = f"/documents/{document.pk}/chunks/list"
    seen: list[int] = []
    at: str | None = "0"
    while at:
        run = client.get(f"{address}?from={at}").content.decode()
        assert f'data-total="{total}"' in run
        seen += [int(part.split('"')[0]) for part in run.split('data-ordinal="')[1:]]
        at = run.split('data-next="')[1].split('"')[0]
    assert seen == list(range(total))
    run = client.get(f"{address}?from=120").content.decode()
    assert 'data-previous="70"' in run


def test_the_text_comes_in_the_part_that_holds_a_chunk(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.reading.PART_CHARS", 2000)
    document = indexed(cast.ada, cast.research, LONG.encode())
    last = document.chunks.last()
    assert last is not None
    part = browser(cast.max).get(f"/documents/{document.pk}/chunks/text?at={last.start}").content.decode()
    assert f'data-chunks="{last.ordinal}"' in part
    assert 'data-chunks="0"' not in part


def test_filters_and_search_find_chunks(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, HANDBOOK.encode())
    ada = browser(cast.ada)
    leave, travel = (document.chunks.get(text__contains=words) for words in ("thirty days", "flights"))
    assert ada.post(f"/chunks/{leave.pk}/edit", {"text": "Leave is called Zephyr."}).status_code == 200
    assert ada.post(f"/chunks/{travel.pk}/exclude").status_code == 200
    for query, found in (
        ("state=edited", [leave.ordinal]),
        ("state=excluded", [travel.ordinal]),
        ("q=zephyr", [leave.ordinal]),
        ("q=thirty", []),
        ("q=FLIGHTS", [travel.ordinal]),
        ("q=%25", []),
        ("q=%00", [each.ordinal for each in document.chunks.all()]),
        ("q=zephyr&state=excluded", []),
    ):
        run = ada.get(f"/documents/{document.pk}/chunks/list?{query}").content.decode()
        assert [int(part.split('"')[0]) for part in run.split('data-ordinal="')[1:]] == found, query


def test_a_change_gives_the_card_as_it_is_now_and_searches_follow(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, HANDBOOK.encode())
    chunk = document.chunks.get(text__contains="thirty days")
    ada = browser(cast.ada)
    card = ada.post(f"/chunks/{chunk.pk}/edit", {"text": "<b>Zephyr</b> leave.", "revision": chunk.revision}).json()
    assert card["id"] == chunk.pk
    assert "&lt;b&gt;Zephyr&lt;/b&gt; leave." in card["html"]
    assert "data-edited" in card["html"]
    assert "thirty days" in card["html"]
    assert search(user=cast.max, query="Zephyr").passages[0].chunk_id == chunk.pk
    late = ada.post(f"/chunks/{chunk.pk}/edit", {"text": "Other.", "revision": chunk.revision},
                    headers={"accept": "application/json"})  # fmt: skip
    assert (late.status_code, late.json()["error"]["code"]) == (409, "chunk_changed")
    card = ada.post(f"/chunks/{chunk.pk}/reset").json()
    assert "data-edited" not in card["html"]


def test_a_click_on_a_page_finds_its_chunk(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, pdf_with_text("Budget of the year", "Second page"), "b.pdf")
    client = browser(cast.max)
    page = client.get(f"/documents/{document.pk}/chunks/").content.decode()
    assert "data-pdf" in page
    address = f"/documents/{document.pk}/chunks/at"
    second = Chunk.objects.get(document=document, text__contains="Second")
    assert client.get(f"{address}?page=2&x=90&y=85").json() == {"ordinal": second.ordinal}
    assert client.get(f"{address}?page=2&x=90&y=700").json() == {"ordinal": None}
    assert client.get(f"{address}?page=9&x=90&y=85").json() == {"ordinal": None}


def test_the_header_of_a_continued_table_stands_apart(cast: Any) -> None:
    rows = "\n".join(f"| Quay {n} | Crane number {n} | {n} tons of grain and coal |" for n in range(60))
    document = indexed(cast.ada, cast.research, f"# Cranes\n\n| Quay | Crane | Load |\n|---|---|---|\n{rows}".encode())
    later = document.chunks.exclude(context="").first()
    assert later is not None
    page = page_of(cast.ada, document)
    assert page.count("Header of the table") == document.chunks.exclude(context="").count() > 0
    assert later.context.split("\n")[0] not in later.text


def test_what_a_reader_must_know_of_the_reading_stands_on_the_documents_page(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, HANDBOOK.encode())
    message = "Two of its pages are pictures without text."
    DocumentVersion.objects.filter(document=document).update(notes=[["pages_without_text", message]])
    assert message in browser(cast.max).get(f"/documents/{document.pk}/").content.decode()


def test_the_page_costs_the_same_however_many_chunks_there_are(cast: Any, django_assert_max_num_queries: Any) -> None:
    document = indexed(cast.ada, cast.research, LONG.encode())
    client = browser(cast.ada)
    with django_assert_max_num_queries(25):
        client.get(f"/documents/{document.pk}/chunks/?chunk=100")


@pytest.mark.parametrize("query", ["?chunk=x", "?chunk=99999999", "?part=77", "?state=odd&q=a", "?q=" + "x" * 900])
def test_odd_addresses_do_no_harm(cast: Any, query: str) -> None:
    document = indexed(cast.ada, cast.research, HANDBOOK.encode())
    page_of(cast.max, document, query)


def test_a_document_without_a_reading_says_so(cast: Any) -> None:
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(b"# Not yet"), filename="a.md", source=cast.research
    )
    assert "No chunks yet" in page_of(cast.ada, document)
