"""A document has grants of its own: everything that reads it follows them, and nothing tells of one that is hidden."""

import io
import json
import random
import threading
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry, User
from documents import services
from documents.consumers import recent_documents
from documents.errors import DocumentsError
from documents.ingest import ingest
from documents.ingest.terms import catch_up_slice, fold_counts
from documents.models import Audience, Chunk, ChunkEmbedding, ChunkTerms, DataSource, Document, LexicalReference
from documents.retrieval import FUSIONS, SearchSettings, search, statement
from documents.services import Grants, document_share
from documents.services.chunks import chunk_edit
from tests.documents.test_api import Caller, error_of
from tests.documents.test_retrieval import FACTS, may_see, random_world
from tests.documents.test_words import counted, recounted

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)


def may_read(person: User, document: Document, grants: Grants | None) -> bool:
    """The rule of permissions, written a second time."""
    if grants is None:
        return may_see(person, document.source)
    return (
        person.is_admin
        or document.source.owner_id == person.pk
        or grants.everyone
        or person in grants.users
        or any(group in grants.groups for group in person.groups.all())
    )


def random_grants(dice: random.Random, people: list[User]) -> Grants | None:
    kind = dice.choice(["source", "source", "everyone", "restricted", "restricted", "restricted"])
    if kind == "source":
        return None
    groups = dice.sample(list(Group.objects.order_by("pk")), dice.randrange(3))
    return Grants(everyone=kind == "everyone", users=dice.sample(people, dice.randrange(4)), groups=groups)


def random_documents(seed: int, root: User, make_document: Any) -> tuple[list[User], dict[Any, Grants | None]]:
    """People, and for each of some documents at random what is granted; some are shared more than once."""
    dice, numbers = random.Random(seed), np.random.default_rng(seed)
    people, sources = random_world(seed)
    granted: dict[Any, Grants | None] = {}
    for number, source in sources.items():
        for one in range(4):
            vectors = numbers.normal(size=(3, 384))
            texts = [f"{' '.join(dice.choices(WORDS, k=4))} {number}-{one}-{n}" for n in range(3)]
            document = make_document(source, *texts, vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
            granted[document] = None
    for document in dice.choices(list(granted), k=2 * len(granted)):
        granted[document] = random_grants(dice, people)
        document_share(user=root, document_id=document.pk, grants=granted[document])
    return people, granted


@pytest.mark.parametrize(("seed", "exact_below"), [(11, 4000), (12, 0)])
def test_no_search_and_no_list_leaks_or_misses_a_document(
    cast: Any, make_document: Any, monkeypatch: pytest.MonkeyPatch, seed: int, exact_below: int
) -> None:
    monkeypatch.setattr(statement, "EXACT_BELOW", exact_below)
    people, granted = random_documents(seed, cast.root, make_document)
    chunks = {each.pk: set(each.chunks.values_list("pk", flat=True)) for each in granted}
    dice = random.Random(seed)
    for person in people:
        expected = {each.pk for each, grants in granted.items() if may_read(person, each, grants)}
        assert set(Document.objects.visible_to(person).values_list("pk", flat=True)) == expected
        visible = set().union(*(chunks[key] for key in expected))
        assert set(Chunk.objects.visible_to(person).values_list("pk", flat=True)) == visible
        for fusion in FUSIONS:
            settings = SearchSettings(fusion=fusion, reranker="none")
            found = search(user=person, query=" ".join(WORDS), limit=100, settings=settings)
            assert {each.chunk_id for each in found.passages} == visible
        chosen = dice.sample(sorted({each.source_id for each in granted}), 3)
        narrowed = search(user=person, query=dice.choice(WORDS), limit=100, sources=chosen)
        within = set().union(*(chunks[each.pk] for each in granted if each.pk in expected and each.source_id in chosen))
        assert {each.chunk_id for each in narrowed.passages} == within


def test_counts_and_endpoints_tell_of_nothing_that_is_hidden(cast: Any, make_document: Any) -> None:
    people, granted = random_documents(13, cast.root, make_document)
    endpoints, pages = ("", "/text", "/chunks", "/permissions"), ("", "chunks/", "chunks/list", "chunks/text", "boxes")
    for number, person in enumerate(people):
        seen = [each for each, grants in granted.items() if may_read(person, each, grants)]
        api = Caller(person)
        listed = api.get("/documents", page_size=200).json()
        assert listed["total"] == len(seen)
        assert {each["id"] for each in listed["documents"]} == {str(each.pk) for each in seen}
        for source in api.get("/sources").json()["sources"]:
            assert source["documents"] == len([each for each in seen if str(each.source_id) == source["id"]])
        hidden = next((each for each in granted if each not in seen), None)
        if hidden is None:
            continue
        nothing = "00000000-0000-4000-8000-000000000000"
        # Everybody tries some of them, and several people each.
        for path in endpoints[number % 2 :: 2]:
            told, other = (api.get(f"/documents/{key}{path}") for key in (hidden.pk, nothing))
            assert (told.status_code, told.content) == (404, other.content)
        browser = Client()
        browser.force_login(person)
        for path in pages[number % 3 :: 3]:
            assert browser.get(f"/documents/{hidden.pk}/{path}").status_code == 404
        assert str(hidden.pk) not in browser.get("/documents/").content.decode()


def test_the_page_of_data_sources_counts_what_one_sees(cast: Any, make_document: Any) -> None:
    first, _second = make_document(cast.research, FACTS[0]), make_document(cast.research, FACTS[1])
    document_share(user=cast.root, document_id=first.pk, grants=Grants(users=[cast.max]))
    browser = Client()
    for person, count in ((cast.ben, 1), (cast.ada, 2)):
        browser.force_login(person)
        (source,) = [each for each in browser.get("/sources/").context["sources"] if each.pk == cast.research.pk]
        assert source.document_count == count


def test_one_document_of_a_hidden_source_is_given_to_a_stranger(cast: Any, make_document: Any) -> None:
    given, kept = make_document(cast.research, FACTS[0]), make_document(cast.research, FACTS[1])
    assert search(user=cast.cleo, query="leave").passages == []
    document_share(user=cast.ada, document_id=given.pk, grants=Grants(users=[cast.cleo]))
    assert {each.document_id for each in search(user=cast.cleo, query="leave").passages} == {given.pk}
    assert not DataSource.objects.visible_to(cast.cleo).filter(pk=cast.research.pk).exists()
    # And is taken from those who see the source, but for its owner.
    assert {each.document_id for each in search(user=cast.max, query="leave").passages} == {kept.pk}
    assert len(search(user=cast.ada, query="leave").passages) == 2
    document_share(user=cast.ada, document_id=given.pk, grants=None)
    assert search(user=cast.cleo, query="leave").passages == []
    assert len(search(user=cast.max, query="leave").passages) == 2


def test_a_group_is_left_and_people_are_deleted(cast: Any, make_document: Any) -> None:
    document = make_document(cast.library, FACTS[0])
    group = Group.objects.create(name="Board")
    cast.max.groups.add(group)
    document_share(user=cast.root, document_id=document.pk, grants=Grants(users=[cast.cleo], groups=[group]))
    assert len(search(user=cast.max, query="leave").passages) == 1
    cast.max.groups.remove(group)
    assert search(user=cast.max, query="leave").passages == []
    group.delete()
    cast.cleo.delete()
    told = Caller(cast.root).get(f"/documents/{document.pk}/permissions").json()
    assert told == {"visibility": "restricted", "groups": [], "users": []}
    assert search(user=cast.ben, query="leave").passages == []


def test_equal_grants_are_one_audience_which_goes_with_its_last_document(cast: Any, make_document: Any) -> None:
    first, second = make_document(cast.library, FACTS[0]), make_document(cast.library, FACTS[1])
    for document, users in ((first, [cast.ben, cast.cleo]), (second, [cast.cleo, cast.ben])):
        document_share(user=cast.root, document_id=document.pk, grants=Grants(users=users))
    assert Audience.objects.filter(inherits=False).count() == 1
    for document in (first, second):
        document_share(user=cast.root, document_id=document.pk, grants=None)
    assert not Audience.objects.filter(inherits=False).exists()
    for rows in (ChunkEmbedding, ChunkTerms):
        assert set(rows.objects.values_list("audience_id", flat=True)) == {cast.library.pk}


def test_only_who_may_change_the_source_shares_and_it_is_written_down(cast: Any, make_document: Any) -> None:
    document = make_document(cast.research, FACTS[0], owner=cast.ben)
    for person, code in ((cast.ben, "permission_denied"), (cast.max, "permission_denied"), (cast.cleo, "not_found")):
        with pytest.raises(DocumentsError) as raised:
            document_share(user=person, document_id=document.pk, grants=Grants(everyone=True))
        assert raised.value.code == code
    document_share(user=cast.ada, document_id=document.pk, grants=Grants(users=[cast.max]))
    entry = AuditEntry.objects.get(action="document.share")
    assert entry.actor == cast.ada
    assert entry.detail["before"]["visibility"] == "source"
    assert entry.detail["after"] == {"visibility": "restricted", "groups": [], "users": ["max@example.com"]}
    # The same once more is no change.
    document_share(user=cast.ada, document_id=document.pk, grants=Grants(users=[cast.max]))
    assert AuditEntry.objects.filter(action="document.share").count() == 1


def test_the_api_tells_and_changes_who_sees_a_document(cast: Any, make_document: Any) -> None:
    document = make_document(cast.research, FACTS[0])
    path = f"/documents/{document.pk}/permissions"
    ada, cleo = Caller(cast.ada), Caller(cast.cleo)

    def put(caller: Caller, **body: Any) -> Any:
        return caller.client.put(
            f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=caller.headers
        )

    assert ada.get(path).json() == {"visibility": "source", "groups": [], "users": []}
    shared = put(ada, visibility="restricted", groups=["Lab"], users=["Cleo@example.com"])
    assert shared.json() == {"visibility": "restricted", "groups": ["Lab"], "users": ["cleo@example.com"]}
    assert cleo.get(f"/documents/{document.pk}").status_code == 200
    assert put(ada, visibility="everyone").json()["visibility"] == "everyone"
    assert error_of(put(ada, visibility="restricted", users=["nobody@example.com"])) == "unknown_reader"
    assert error_of(put(ada, visibility="restricted", groups=["Nobody"])) == "unknown_reader"
    assert put(ada, visibility="some").status_code == 422
    # Names are not looked up for who may not share.
    assert error_of(put(cleo, visibility="restricted", users=["nobody@example.com"])) == "permission_denied"
    assert put(ada, visibility="source").json()["visibility"] == "source"
    assert error_of(put(cleo, visibility="restricted", users=["nobody@example.com"])) == "not_found"


def test_too_many_readers_are_refused(cast: Any, make_document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.services.permissions.MAX_READERS", 1)
    document = make_document(cast.research, FACTS[0])
    with pytest.raises(DocumentsError) as raised:
        document_share(user=cast.ada, document_id=document.pk, grants=Grants(users=[cast.max, cast.ben]))
    assert raised.value.code == "too_many_readers"


def test_who_uploads_the_same_file_is_not_told_that_it_is_there(cast: Any) -> None:
    def upload(user: User, name: str) -> Document:
        data = io.BytesIO(FACTS[0].encode())
        return services.document_upload(user=user, file=data, filename=name, source=cast.library)

    hidden = upload(cast.root, "secret-plan.txt")
    document_share(user=cast.root, document_id=hidden.pk, grants=Grants(users=[cast.ben]))
    own = upload(cast.cleo, "plan.txt")
    assert own.pk != hidden.pk
    assert (own.owner, own.filename) == (cast.cleo, "plan.txt")
    # Who sees both is given the one that all see.
    assert upload(cast.ben, "again.txt").pk == own.pk
    # They cannot become one of the same audience; only who may see both is told.
    with pytest.raises(DocumentsError) as raised:
        document_share(user=cast.root, document_id=hidden.pk, grants=None)
    assert raised.value.code == "same_as_another"
    assert "plan.txt" in raised.value.message


def test_another_file_is_not_told_to_be_the_hidden_one(cast: Any) -> None:
    def upload(text: str) -> Document:
        return services.document_upload(
            user=cast.cleo, file=io.BytesIO(text.encode()), filename="a.txt", source=cast.library
        )

    hidden, own = upload(FACTS[0]), upload(FACTS[1])
    document_share(user=cast.root, document_id=hidden.pk, grants=Grants(users=[cast.ben]))
    replaced = services.document_replace(
        user=cast.cleo, document_id=own.pk, file=io.BytesIO(FACTS[0].encode()), filename="a.txt"
    )
    assert replaced.changed


@pytest.mark.django_db(transaction=True)
def test_a_new_version_and_an_edit_keep_the_grants(cast: Any) -> None:
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(FACTS[0].encode()), filename="a.txt", source=cast.research
    )
    ingest(document.pk)
    document_share(user=cast.ada, document_id=document.pk, grants=Grants(users=[cast.cleo]))
    services.document_replace(
        user=cast.ada, document_id=document.pk, file=io.BytesIO(FACTS[1].encode()), filename="a.txt"
    )
    ingest(document.pk)
    assert [each.text for each in search(user=cast.cleo, query="rocket").passages] == [FACTS[1]]
    chunk_edit(user=cast.ada, chunk_id=Chunk.objects.get().pk, text="The ship has a crane.")
    for settings in (SearchSettings(fusion="dense"), SearchSettings(fusion="keyword")):
        assert len(search(user=cast.cleo, query="ship crane", settings=settings).passages) == 1
        assert search(user=cast.max, query="ship crane", settings=settings).passages == []


@pytest.mark.django_db(transaction=True)
def test_a_sync_keeps_the_grants(cast: Any, source: DataSource, syncing: Any, folder: Any) -> None:
    syncing(source, cast.root)
    document = Document.objects.get(source=source, filename="one.md")
    ingest(document.pk)
    document_share(user=cast.root, document_id=document.pk, grants=Grants(users=[cast.cleo]))
    (folder / "one.md").write_text("# One\n\nThe first ship is called Kittiwake.")
    syncing(source, cast.root)
    ingest(document.pk)
    found = search(user=cast.cleo, query="Kittiwake").passages
    assert found[0].document_id == document.pk
    assert document.pk not in {each.document_id for each in search(user=cast.max, query="Kittiwake").passages}


def test_words_that_were_missing_are_there_after_a_share(cast: Any, make_document: Any) -> None:
    document = make_document(cast.library, *FACTS)
    ChunkTerms.objects.all().delete()
    document_share(user=cast.root, document_id=document.pk, grants=Grants(users=[cast.cleo]))
    assert set(ChunkTerms.objects.values_list("audience_id", flat=True)) == {
        Document.objects.get(pk=document.pk).audience_id
    }
    assert ChunkTerms.objects.count() == len(FACTS)


def test_counts_of_words_follow_the_documents(cast: Any, make_document: Any) -> None:
    for each in [make_document(cast.library, fact) for fact in FACTS][:2]:
        document_share(user=cast.root, document_id=each.pk, grants=Grants(users=[cast.cleo]))
    assert counted() == recounted()


@pytest.mark.django_db(transaction=True)
def test_words_made_meanwhile_belong_to_the_new_audience(cast: Any, make_document: Any) -> None:
    """Whoever brings chunks in line leaves a document that is just being shared for the next time."""
    document = make_document(cast.library, *FACTS)
    ChunkTerms.objects.all().delete()
    to_do = {"looked_to": 0, "look_until": Chunk.objects.latest("pk").pk}
    LexicalReference.objects.update_or_create(pk=1, defaults=to_do)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        from django.db import transaction

        with transaction.atomic():
            Document.objects.select_for_update().get(pk=document.pk)
            held.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(20)
    try:
        assert not catch_up_slice()
        assert not ChunkTerms.objects.exists()
    finally:
        done.set()
        thread.join(20)
    while catch_up_slice():
        pass
    assert ChunkTerms.objects.count() == len(FACTS)
    fold_counts()


@pytest.mark.django_db(transaction=True)
def test_searches_see_a_share_whole_while_it_happens(cast: Any, make_document: Any) -> None:
    """While a document goes to and fro, each search finds all of its chunks or none."""
    document = make_document(cast.library, *FACTS)
    wrong: list[object] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                found = search(user=cast.max, query="leave rocket invoices", settings=SearchSettings(reranker="none"))
                if len(found.passages) not in (0, len(FACTS)):
                    wrong.append(found)
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    for turn in range(20):
        grants = None if turn % 2 else Grants(users=[cast.cleo])
        document_share(user=cast.root, document_id=document.pk, grants=grants)
    stop.set()
    thread.join(30)
    assert wrong == []


def test_what_is_hidden_from_its_uploader_is_not_told_on_their_socket(
    cast: Any, make_document: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    from documents import events

    told: list[str] = []
    monkeypatch.setattr(events, "append", lambda _key, event: told.append(event.type))
    document = make_document(cast.library, FACTS[0], owner=cast.cleo)
    with django_capture_on_commit_callbacks(execute=True):
        document = document_share(user=cast.root, document_id=document.pk, grants=Grants(users=[cast.ben]))
    assert told == ["document.deleted"]
    events.announce(document)
    assert told == ["document.deleted"]
    assert recent_documents.__wrapped__(cast.cleo) == []  # type: ignore[attr-defined]
    with django_capture_on_commit_callbacks(execute=True):
        document_share(user=cast.root, document_id=document.pk, grants=Grants(everyone=True))
    assert told == ["document.deleted", "document.progress"]
