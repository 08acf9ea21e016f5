"""The pages: who sees what, spans marked, files as downloads, bad input."""

import io
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient, Client

from accounts.models import AuditEntry, User
from documents import services, storage
from documents.ingest import ingest
from documents.models import Chunk, DataSource, Document, Status
from tests.documents.files import HANDBOOK, pdf_with_text
from tests.documents.test_api import Caller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def indexed(user: User, source: DataSource, data: bytes, filename: str = "handbook.md") -> Document:
    document = services.document_upload(user=user, file=io.BytesIO(data), filename=filename, source=source)
    ingest(document.pk)
    document.refresh_from_db()
    return document


def test_everyone_sees_their_documents_and_no_others(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, HANDBOOK.encode())
    address = f"/documents/{document.pk}/"
    for name, status in {"ada": 200, "ben": 200, "max": 200, "root": 200, "cleo": 404}.items():
        client = browser(getattr(cast, name))
        assert client.get(address).status_code == status, name
        assert client.get(f"{address}boxes").status_code == status, name
        assert (b"Handbook" in client.get("/documents/").content) == (status == 200), name
    assert Client().get(address).status_code == 302
    assert Client().get("/documents/").status_code == 302


def test_a_span_is_marked_in_the_text(cast: Any) -> None:
    document = indexed(cast.ada, cast.library, HANDBOOK.encode())
    text = document.current_version.text
    start = text.index("thirty days")
    page = browser(cast.max).get(f"/documents/{document.pk}/?start={start}&end={start + 11}").content.decode()
    assert "<mark data-span>thirty days</mark>" in page
    row = text.index("120")
    page = browser(cast.max).get(f"/documents/{document.pk}/?start={row}&end={row + 3}").content.decode()
    assert "<td><mark data-span>120</mark></td>" in page


@pytest.mark.parametrize(
    "query", ["start=x&end=y", "start=9&end=2", "start=-1&end=99999999999999", "part=77", "page=0"]
)
def test_odd_spans_do_no_harm(cast: Any, query: str) -> None:
    document = indexed(cast.ada, cast.library, HANDBOOK.encode())
    assert browser(cast.max).get(f"/documents/{document.pk}/?{query}").status_code == 200


def test_markup_in_a_document_is_shown_as_text(cast: Any) -> None:
    document = indexed(cast.ada, cast.library, b"# <script>alert(1)</script>\n\nHello `<b>` there.", "<i>.md")
    page = browser(cast.max).get(f"/documents/{document.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "<i>.md" not in page


def test_a_long_text_comes_in_parts_and_the_span_chooses_one(cast: Any) -> None:
    # One token each, however long: what is read here is the page, not the vectors.
    word = "w" * 150
    long = "\n\n".join(f"Paragraph {n} {word} {word}" for n in range(600))
    document = indexed(cast.ada, cast.library, long.encode(), "long.txt")
    start = document.current_version.text.index("Paragraph 590")
    page = browser(cast.max).get(f"/documents/{document.pk}/?start={start}&end={start + 13}").content.decode()
    assert "<mark data-span>Paragraph 590</mark>" in page
    assert "Part 3 of" in page or "Part 4 of" in page
    assert "Paragraph 1 " not in page


def test_a_pdf_shows_pages_and_tells_where_a_span_stands(cast: Any) -> None:
    document = indexed(cast.ada, cast.library, pdf_with_text("Budget of the year", "Second page"), "b.pdf")
    client = browser(cast.max)
    assert b"data-pdf" in client.get(f"/documents/{document.pk}/").content
    assert b"data-text" in client.get(f"/documents/{document.pk}/?view=text").content
    start = document.current_version.text.index("Second page")
    found = client.get(f"/documents/{document.pk}/boxes?start={start}&end={start + 11}").json()["pages"]
    assert [(page["number"], page["width"], page["height"]) for page in found] == [(2, 612.0, 792.0)]
    ((x0, y0, x1, y1),) = found[0]["boxes"]
    assert 70 < x0 < 75
    assert 70 < y0 < y1 < 100
    assert 100 < x1 - x0 < 150
    assert client.get(f"/documents/{document.pk}/boxes?start=5&end=5").json() == {"pages": []}


async def body_of(response: Any) -> bytes:
    return b"".join([block async for block in response.streaming_content])


@pytest.mark.parametrize(
    "name", ['a"b.md', "naïve \u202egpj.md", "../../etc/passwd", "x\r\nSet-Cookie: a=b.md", "ü" * 300]
)
async def test_the_original_comes_as_a_download_whatever_its_name(cast: Any, name: str) -> None:
    from asgiref.sync import sync_to_async

    document = await sync_to_async(services.document_upload)(
        user=cast.ada, file=io.BytesIO(HANDBOOK.encode()), filename=name, source=cast.research
    )
    client = AsyncClient()
    await client.aforce_login(cast.max)
    response = await client.get(f"/documents/{document.pk}/original")
    assert await body_of(response) == HANDBOOK.encode()
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].isprintable()
    assert "Set-Cookie" not in response
    assert "/" not in document.filename
    assert len(document.filename) <= 255
    await client.aforce_login(cast.cleo)
    assert (await client.get(f"/documents/{document.pk}/original")).status_code == 404
    assert (await AsyncClient().get(f"/documents/{document.pk}/original")).status_code in {302, 401}


async def test_a_range_of_the_original(cast: Any) -> None:
    from asgiref.sync import sync_to_async

    document = await sync_to_async(services.document_upload)(
        user=cast.ada, file=io.BytesIO(b"0123456789"), filename="a.txt", source=cast.library
    )
    client = AsyncClient()
    await client.aforce_login(cast.max)
    for header, status, body in (
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=0-99", 200, b"0123456789"),
        ("bytes=99-", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ):
        response = await client.get(f"/documents/{document.pk}/original", headers={"range": header})
        assert (response.status_code, await body_of(response)) == (status, body), header


def upload(client: Client, data: bytes, name: str = "a.md", **fields: str) -> Any:
    return client.post("/documents/upload", {"file": SimpleUploadedFile(name, data), **fields})


def test_an_upload_from_the_page(cast: Any) -> None:
    response = upload(browser(cast.ada), b"# Hello", source="research")
    assert response.status_code == 202
    body = response.json()
    assert (body["status"], body["document"]["filename"]) == ("received", "a.md")
    assert AuditEntry.objects.filter(action="document.upload", actor=cast.ada).exists()


def test_uploads_that_cannot_be_say_why(cast: Any, settings: Any) -> None:
    settings.MAX_UPLOAD_MB, settings.MAX_UPLOAD_BYTES = 1, 2**20
    ada = browser(cast.ada)
    for response, status, code in (
        (upload(ada, b""), 422, "empty_file"),
        (upload(ada, b"\x00" * (2**20 + 1)), 413, "too_large"),
        (upload(ada, b"x", source="nowhere"), 404, "source_not_found"),
        (upload(browser(cast.cleo), b"x", source="research"), 404, "source_not_found"),
        (upload(browser(cast.max), b"x", source="research"), 403, "permission_denied"),
        (upload(browser(cast.max), b"x"), 403, "permission_denied"),
        (ada.post("/documents/upload", {}), 422, "no_file"),
        (upload(Client(), b"x"), 401, "unauthorized"),
    ):
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)
        assert response.json()["error"]["message"]
    assert not Document.objects.exists()


def test_a_failed_document_says_why_and_offers_another_try(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, b"%PDF-1.7\nnot really", "broken.pdf")
    page = browser(cast.ada).get(f"/documents/{document.pk}/").content.decode()
    assert document.error_message in page
    assert "Try again" in page
    assert "Try again" not in browser(cast.max).get(f"/documents/{document.pk}/").content.decode()
    assert browser(cast.max).post(f"/documents/{document.pk}/retry").status_code == 403
    assert browser(cast.cleo).post(f"/documents/{document.pk}/retry").status_code == 404
    assert browser(cast.ada).post(f"/documents/{document.pk}/retry").status_code == 302
    document.refresh_from_db()
    assert document.status == Status.RECEIVED


def test_deleting_takes_rows_and_bytes_and_is_only_for_those_who_may(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, HANDBOOK.encode())
    for user, status in ((cast.cleo, 404), (cast.max, 403), (cast.ben, 403)):
        assert browser(user).post(f"/documents/{document.pk}/delete").status_code == status
    assert browser(cast.ada).get(f"/documents/{document.pk}/delete").status_code == 405
    assert browser(cast.ada).post(f"/documents/{document.pk}/delete").status_code == 302
    assert not Document.objects.exists()
    assert not Chunk.objects.exists()
    assert not default_storage.exists(storage.name_of(document.sha256))


def test_deleting_many_deletes_what_one_may(cast: Any) -> None:
    mine = indexed(cast.ada, cast.research, b"# Mine")
    hers = indexed(cast.root, cast.library, b"# Hers")
    chosen = [str(mine.pk), str(hers.pk), "nonsense", str(uuid.uuid4())]
    response = browser(cast.ada).post("/documents/delete", {"document": chosen, "next": "https://evil.example/"})
    assert response["Location"] == "/documents/"
    assert list(Document.objects.values_list("pk", flat=True)) == [hers.pk]


@pytest.mark.parametrize(
    "query", ["", "?q=hand", "?q=nothing-there", "?status=failed", "?status=odd", "?source=research", "?source=nowhere",
              "?order=-size", "?order=odd", "?page=99", "?page=x", "?q=%00", "?kind=pdf", "?kind=markdown&language=en",
              "?from=2023-13", "?author=%00", "?until=1999"]
)  # fmt: skip
def test_the_list_keeps_its_state_in_the_address(cast: Any, query: str) -> None:
    indexed(cast.ada, cast.research, HANDBOOK.encode())
    response = browser(cast.ada).get(f"/documents/{query}")
    assert response.status_code == 200
    empty = query in {"?q=nothing-there", "?status=failed", "?kind=pdf", "?until=1999"}
    assert (b"handbook.md" in response.content) != empty


def test_the_list_is_filtered_by_metadata_as_a_search_is_and_a_chip_removes_each(cast: Any, make_document: Any) -> None:
    days = [datetime(2023, 5, 31, 23, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC), None]
    for number, (author, kind, tags) in enumerate((("Ada Lovelace", "pdf", ["hr"]), ("ada", "text", []), ("", "", []))):
        row = make_document(cast.library, f"Text {number}")
        Document.objects.filter(pk=row.pk).update(
            filename=f"{number}.md", title="", author=author, kind=kind, tags=tags, created=days[number]
        )
    hidden = make_document(cast.research, "Die Satzung gilt für alle, und sie wird nicht veröffentlicht.")
    Document.objects.filter(pk=hidden.pk).update(author="Ada", kind="xlsx")
    client, caller = browser(cast.cleo), Caller(cast.cleo)

    def listed(query: str) -> tuple[set[str], list[Any]]:
        """The files that the list shows, which are those of the API's, and the chips."""
        context = client.get(f"/documents/?{query}").context
        names = {each.filename for each in context["page"]}
        told = caller.client.get(f"/api/v1/documents?{query}", headers=caller.headers).json()
        assert {each["filename"] for each in told["documents"]} == names
        return names, [(each.label, each.value) for each in context["chips"]]

    assert listed("author=ADA") == ({"0.md", "1.md"}, [("Author", "ADA")])
    assert listed("author=ada&kind=pdf&tag=%20HR")[0] == {"0.md"}
    assert listed("kind=PDF&tag=hr&language=en&source=library&q=TEXT")[0] == set()
    assert listed("from=2023&until=2023") == ({"0.md"}, [("Written from", "2023"), ("Written until", "2023")])
    assert listed("until=2024-01-01&q=1.md&status=ready")[0] == {"1.md"}
    page = client.get("/documents/?author=ada&from=soon&page=1&order=name")
    assert "is no date" in page.content.decode()
    assert [each.without for each in page.context["chips"]] == ["from=soon&order=name"]
    refused = caller.client.get("/api/v1/documents?author=ada&from=soon", headers=caller.headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_filter")
    assert "is no date" in refused.json()["error"]["message"]
    # What is hidden gives no choice away.
    assert [value for value, _label in page.context["filter"].fields["kind"].choices] == ["", "pdf", "text"]
    for user, sees in ((cast.cleo, False), (cast.ada, True)):
        offered = browser(user).get("/documents/").context["filter"].fields["language"].choices
        assert (("de", "German") in offered) == sees


def test_the_list_costs_the_same_however_long_it_is(
    cast: Any, make_document: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make_document(cast.library, f"Text {number}")
    client = browser(cast.ada)
    with django_assert_max_num_queries(20):
        client.get("/documents/")


def test_data_sources_are_made_changed_and_deleted_by_those_who_may(cast: Any) -> None:
    ada = browser(cast.ada)
    assert browser(cast.max).get("/sources/").status_code == 403
    assert browser(cast.max).get("/sources/new/").status_code == 403
    form = {"name": "Plans", "description": "All plans.", "visibility": "restricted", "users": [cast.max.pk]}
    assert ada.post("/sources/new/", form).status_code == 302
    source = DataSource.objects.get(slug="plans")
    assert (source.owner, list(source.users.all())) == (cast.ada, [cast.max])
    assert ada.post("/sources/new/", {"name": " ", "visibility": "everyone"}).status_code == 422
    for user, status in ((cast.cleo, 404), (cast.max, 403), (cast.ada, 200), (cast.root, 200)):
        assert browser(user).get("/sources/plans/").status_code == status
    assert ada.post("/sources/plans/", {**form, "name": "Our plans", "visibility": "everyone"}).status_code == 302
    source.refresh_from_db()
    assert (source.name, source.visibility, source.users.count()) == ("Our plans", "everyone", 0)
    indexed(cast.ada, source, HANDBOOK.encode())
    assert browser(cast.cleo).post("/sources/plans/delete").status_code == 403
    assert ada.post("/sources/plans/delete").status_code == 302
    assert not DataSource.objects.filter(slug="plans").exists()
    assert not Chunk.objects.exists()
    actions = set(AuditEntry.objects.filter(actor=cast.ada).values_list("action", flat=True))
    assert {"source.create", "source.update", "source.delete"} <= actions


def test_a_stranger_and_a_made_up_id_read_the_same(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, HANDBOOK.encode())
    cleo, nobody = browser(cast.cleo), uuid.uuid4()
    asked = [cleo.get(f"/documents/{key}/", headers={"accept": "application/json"}) for key in (document.pk, nobody)]
    assert [response.status_code for response in asked] == [404, 404]
    assert asked[0].json() == asked[1].json()
    assert "There is no such document" in cleo.get(f"/documents/{document.pk}/").content.decode()


def test_a_script_that_deletes_is_told_what_happened(cast: Any) -> None:
    one, two = indexed(cast.ada, cast.research, b"# One"), indexed(cast.ada, cast.research, b"# Two")
    hers = indexed(cast.root, cast.library, b"# Hers")
    ada, script = browser(cast.ada), {"accept": "application/json"}
    told = ada.post("/documents/delete", {"document": [one.pk, hers.pk]}, headers=script)
    assert told.json() == {"deleted": 1, "kept": 1}
    assert ada.post(f"/documents/{two.pk}/delete", headers=script).status_code == 204
    assert list(Document.objects.values_list("pk", flat=True)) == [hers.pk]


def test_the_failed_ones_of_many_are_tried_again_as_far_as_one_may(cast: Any) -> None:
    failed = indexed(cast.ada, cast.research, b"%PDF-1.7\nno", "broken.pdf")
    ready = indexed(cast.ada, cast.research, b"# Ready")
    hers = indexed(cast.root, cast.library, b"%PDF-1.7\nno", "hers.pdf")
    chosen = [str(each.pk) for each in (failed, ready, hers)] + ["nonsense", str(uuid.uuid4())]
    form = {"document": chosen, "next": "/documents/?status=failed"}
    response = browser(cast.ada).post("/documents/retry", form, follow=True)
    assert response.redirect_chain == [("/documents/?status=failed", 302)]
    assert "1 document is tried again" in response.content.decode()
    statuses = {each.pk: each.status for each in Document.objects.all()}
    assert statuses == {failed.pk: Status.RECEIVED, ready.pk: Status.READY, hers.pk: Status.FAILED}
    again = browser(cast.cleo).post("/documents/retry", form, follow=True)
    assert "None of the chosen documents has failed" in again.content.decode()


def test_the_question_before_deleting_names_the_document_and_what_goes(cast: Any) -> None:
    document = indexed(cast.ada, cast.research, HANDBOOK.encode())
    page = browser(cast.ada).get(f"/documents/{document.pk}/").content.decode()
    assert "Delete “Handbook”?" in page
    assert f"and the {document.chunk_count} passages found in it go too" in page
