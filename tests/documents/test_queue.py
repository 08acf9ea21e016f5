"""Places in the queue: whose turn comes when, how long it takes, and that nobody learns of what they may not see."""

import io
from typing import Any

import pytest
from django.test import Client

from documents import services
from documents.ingest.claims import Claim
from documents.models import DataSource, Document, Status
from documents.queue import Place, places

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)


def upload(user: Any, source: DataSource, text: str) -> Document:
    return services.document_upload(user=user, file=io.BytesIO(text.encode()), filename="file.txt", source=source)


def test_places_are_the_order_in_which_documents_are_taken_up(cast: Any) -> None:
    documents = [upload(cast.ada, cast.library, f"Ada {n}") for n in range(6)]
    documents += [upload(cast.ben, cast.library, f"Ben {n}") for n in range(2)]
    told = {key: place.position for key, place in places(each.pk for each in documents).items()}
    assert len(told) == 8
    order: dict[Any, int] = {}
    while claim := Claim.take_next():
        order[claim.document.pk] = len(order) + 1
        claim.fail("test", "Done.")
    assert all(order[key] <= position for key, position in told.items())
    assert sorted(told.values())[-1] == 8
    assert places(order) == {}


def test_the_estimate_follows_the_last_documents_and_the_workers_at_work(cast: Any) -> None:
    first = upload(cast.ada, cast.library, "First")
    assert places([first.pk]) == {first.pk: Place(1, None)}
    Document.objects.filter(pk=first.pk).update(status=Status.READY, ingest_seconds=4.0)
    waits = [upload(cast.ada, cast.library, f"Next {n}") for n in range(4)]
    assert places([waits[2].pk])[waits[2].pk] == Place(3, 12.0)
    Claim.take_next()
    Claim.take_next()
    assert places([waits[3].pk])[waits[3].pk] == Place(2, 4.0)


def test_nobody_learns_the_place_of_a_document_they_may_not_see(cast: Any) -> None:
    secret = upload(cast.ada, cast.research, "Secret")
    for user, seen in ((cast.ada, {str(secret.pk)}), (cast.cleo, set())):
        client = Client()
        client.force_login(user)
        answer = client.get("/documents/queue", {"document": [str(secret.pk), "not an id"]})
        assert set(answer.json()["places"]) == seen
