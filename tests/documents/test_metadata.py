"""What is known of a document: written by people, filtered by, and kept by new versions and syncs."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import AuditEntry
from documents import services
from documents.errors import DocumentsError
from documents.ingest import ingest
from documents.models import DataSource, Document
from documents.services import document_describe
from tests.documents.test_api import Caller, error_of
from tests.documents.test_retrieval import FACTS


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)


def patch(caller: Caller, document: Document, **body: Any) -> Any:
    return caller.client.patch(
        f"/api/v1/documents/{document.pk}", json.dumps(body), content_type="application/json", headers=caller.headers
    )


def test_an_editor_describes_a_document_and_searches_filter_by_it(cast: Any, make_document: Any) -> None:
    first, _other = make_document(cast.research, FACTS[0]), make_document(cast.research, FACTS[1])
    ada = Caller(cast.ada)
    custom = {"cost_centre": 1200, "due": "2024-05-01", "done": True}
    told = patch(ada, first, author=" Ada  Lovelace ", created="2023", tags=["HR ", "hr", "Leave"], custom=custom)
    assert told.status_code == 200
    body = told.json()
    assert (body["author"], body["tags"], body["custom"]) == ("Ada Lovelace", ["hr", "leave"], custom)
    assert body["created"].startswith("2023-01-01T00:00:00")
    for wanted in (
        {"field": "tag", "operator": "is", "value": "HR"},
        {"field": "created", "operator": "until", "value": "2023-06"},
        {"field": "custom.cost_centre", "operator": "from", "value": "1000"},
        {"field": "author", "operator": "any_of", "value": ["ada lovelace", "x"]},
    ):
        found = ada.post("/search", {"query": "leave or rocket", "filters": [wanted]}).json()["passages"]
        assert [each["document_id"] for each in found] == [str(first.pk)], wanted
    for query in ({"tag": "Hr"}, {"author": "lovelace"}):
        listed = ada.get("/documents", **query).json()
        assert [each["id"] for each in listed["documents"]] == [str(first.pk)]
    assert ada.get("/documents", kind="pdf").json()["total"] == 0
    # What is left out stays.
    assert patch(ada, first, created=None).json()["tags"] == ["hr", "leave"]
    entry = AuditEntry.objects.filter(action="document.describe").earliest("pk")
    assert entry.detail["tags"] == [[], ["hr", "leave"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"created": "soon"},
        {"modified": "2023-02-30"},
        {"tags": ["x" * 61]},
        {"tags": [str(n) for n in range(51)]},
        {"author": "x" * 301},
        {"custom": {"A": 1}},
        {"custom": {"a": [1]}},
        {"custom": {"a": None}},
        {"custom": {"a": 1e300}},
        {"custom": {"a": "x" * 501}},
        {"custom": {f"a{n}": n for n in range(51)}},
    ],
)
def test_what_cannot_be_kept_is_refused(cast: Any, make_document: Any, wrong: dict[str, Any]) -> None:
    document = make_document(cast.research, FACTS[0])
    assert error_of(patch(Caller(cast.ada), document, **wrong)) == "invalid_metadata"


def test_only_who_may_delete_it_describes_a_document(cast: Any, make_document: Any) -> None:
    document = make_document(cast.research, FACTS[0], owner=cast.ben)
    for person, code in ((cast.cleo, "not_found"), (cast.max, "permission_denied")):
        with pytest.raises(DocumentsError) as raised:
            document_describe(user=person, document_id=document.pk, changes={"tags": ["x"]})
        assert raised.value.code == code
    assert document_describe(user=cast.ben, document_id=document.pk, changes={"tags": ["x"]}).tags == ["x"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "colour", "operator": "is", "value": "red"},
        {"field": "created", "operator": "is", "value": "soon"},
        {"field": "kind", "operator": "any_of", "value": "pdf"},
        {"field": "kind", "operator": "is", "value": ["pdf"]},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(cast: Any, wrong: dict[str, Any]) -> None:
    assert error_of(Caller(cast.ada).post("/search", {"query": "x", "filters": [wrong]})) == "invalid_filter"


@pytest.mark.parametrize("wrong", [[{"field": "kind", "operator": "like", "value": "x"}], [{"field": "kind"}], "pdf"])
def test_filters_of_another_shape_are_refused(cast: Any, wrong: Any) -> None:
    assert Caller(cast.ada).post("/search", {"query": "x", "filters": wrong}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_an_upload_brings_tags_and_facts(cast: Any) -> None:
    ada = Caller(cast.ada)
    key = ada.upload(FACTS[0].encode(), source="research", tags="Leave, HR", custom='{"year": 2023}').json()["id"]
    document = Document.objects.get(pk=key)
    assert (document.tags, document.custom) == (["hr", "leave"], {"year": 2023})
    for fields in ({"custom": "{"}, {"custom": "[1]"}, {"tags": "x" * 61}):
        assert error_of(ada.upload(b"Another text.", source="research", **fields)) == "invalid_metadata"


def test_a_new_version_keeps_the_date_that_a_person_wrote(cast: Any, make_document: Any) -> None:
    document = make_document(cast.research, FACTS[0], owner=cast.ada)
    for changes, expected in (({}, False), ({"modified": "2020-02-02"}, True)):
        document_describe(user=cast.ada, document_id=document.pk, changes=changes)
        services.document_replace(
            user=cast.ada, document_id=document.pk, file=io.BytesIO(f"New {changes}.".encode()), filename="a.txt"
        )
        document.refresh_from_db()
        assert (document.modified_at == datetime(2020, 2, 2, tzinfo=UTC)) == expected


@pytest.mark.django_db(transaction=True)
def test_a_sync_keeps_the_date_that_a_person_wrote(cast: Any, source: DataSource, syncing: Any, folder: Any) -> None:
    syncing(source, cast.root)
    document = Document.objects.get(source=source, filename="one.md")
    assert document.modified_at is not None
    document_describe(user=cast.root, document_id=document.pk, changes={"modified": "2020-02-02"})
    (folder / "one.md").write_text("# One\n\nThe first ship is called Kittiwake.")
    syncing(source, cast.root)
    document.refresh_from_db()
    assert document.modified_at == datetime(2020, 2, 2, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_a_file_says_who_wrote_it_until_a_person_does(cast: Any) -> None:
    def text(author: str) -> io.BytesIO:
        return io.BytesIO(f"---\nauthor: {author}\ndate: 2023-05-31\n---\nThe plan is to sail.".encode())

    document = services.document_upload(user=cast.ada, file=text("Ada"), filename="plan.md", source=cast.research)
    ingest(document.pk)
    document.refresh_from_db()
    assert (document.author, document.created) == ("Ada", datetime(2023, 5, 31, tzinfo=UTC))
    document_describe(user=cast.ada, document_id=document.pk, changes={"created": "2020"})
    services.document_replace(user=cast.ada, document_id=document.pk, file=text("Ben"), filename="plan.md")
    ingest(document.pk)
    document.refresh_from_db()
    assert (document.author, document.created) == ("Ben", datetime(2020, 1, 1, tzinfo=UTC))
