"""The retrieval test: every stage of the search that a question does, with one's own or another's eyes."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from documents.ingest.rebuilding import pack_slice
from documents.models import DataSource, Document, Reranker
from documents.retrieval import DEFAULT, FUSIONS, SearchSettings, search
from rag.errors import EmbeddingError
from tests.chat.conftest import Cast, add_document, make_cast

pytestmark = pytest.mark.django_db
QUERY = "How many days of paid leave does an employee have?"


def ask(user: User, **body: Any) -> tuple[int, dict[str, Any]]:
    client = Client()
    client.force_login(user)
    whole = {"query": QUERY, "configurations": [{}], **body}
    reply = client.post(reverse("playground:retrieval_search"), json.dumps(whole), content_type="application/json")
    return reply.status_code, reply.json() if reply["Content-Type"].startswith("application/json") else {}


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def stages(run: dict[str, Any]) -> dict[str, list[int]]:
    """The chunks of each stage, best first."""
    return {stage["name"]: [hit["chunk"] for hit in stage["hits"]] for stage in run["stages"]}


@pytest.fixture
def harbour(cast: Cast) -> Cast:
    """The cast with enough documents that the sides differ, and with token vectors to rerank by."""
    library = DataSource.objects.get(slug="library")
    for number, text in enumerate((
        "Vacation: whoever works here rests for thirty days each year.",
        "The days of the week when the harbour is closed are many.",
        "XJ-4471 is the form for an employee who leaves.",
        "The crane called Zephyr lifts forty tons.",
    )):  # fmt: skip
        add_document(library, f"note-{number}.txt", text)
    pack_slice()
    return cast


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_stages_are_those_of_the_search_a_question_does(harbour: Cast, fusion: Any) -> None:
    found = search(
        user=harbour.root, query=QUERY, limit=3, settings=SearchSettings(fusion=fusion, candidates=4), candidates=True
    )
    _status, reply = ask(harbour.root, configurations=[{"fusion": fusion, "candidates": 4, "passages": 3}])
    (run,) = reply["runs"]
    got = stages(run)
    assert got["fused"] == [each.chunk_id for each in found.candidates]
    assert got["reranked"] == [each.chunk_id for each in found.reranked or []]
    assert run["read"] == [each.chunk_id for each in found.passages]
    assert set(got["dense"]) | set(got["keyword"]) == set(got["fused"]) == {int(key) for key in reply["chunks"]}
    assert len(got["dense"]) == (0 if fusion == "keyword" else 4)
    for name, score in (("dense", "dense_score"), ("keyword", "keyword_score")):
        by_chunk = {each.chunk_id: getattr(each, score) for each in found.candidates}
        hits = next(stage["hits"] for stage in run["stages"] if stage["name"] == name)
        assert [hit["score"] for hit in hits] == sorted((by_chunk[chunk] for chunk in got[name]), reverse=True)
        assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
    assert [step["name"] for step in run["times"]] == [step.name for step in found.steps]
    assert run["ms"] >= sum(step["ms"] for step in run["times"]) * 0.9


def test_a_chunk_is_told_with_its_whole_text_and_its_place(harbour: Cast) -> None:
    _status, reply = ask(harbour.root)
    first = reply["chunks"][str(reply["runs"][0]["read"][0])]
    text = harbour.leave.current_version.text
    assert text[first["start"] : first["end"]] == first["text"]
    assert (first["document_id"], first["filename"], first["source"]) == (str(harbour.leave.pk), "leave.txt", "Library")


@pytest.mark.parametrize(
    ("configuration", "stage", "words"),
    [
        ({"fusion": "keyword"}, "dense", "by words alone"),
        ({"fusion": "dense"}, "keyword", "by meaning alone"),
        ({"reranker": "none"}, "reranked", "No reranker"),
        ({"fusion": "keyword"}, "reranked", "needs the meaning"),
    ],
)
def test_a_stage_that_was_not_asked_says_why(harbour: Cast, configuration: Any, stage: str, words: str) -> None:
    _status, reply = ask(harbour.root, configurations=[configuration])
    (shown,) = [each for each in reply["runs"][0]["stages"] if each["name"] == stage]
    assert words in shown["absent"]
    assert shown["hits"] == []


def test_two_configurations_are_searched_side_by_side(harbour: Cast) -> None:
    both = [{"fusion": "dense", "reranker": "none"}, {"fusion": "keyword", "passages": 1}]
    _status, reply = ask(harbour.root, configurations=both)
    meaning, words = reply["runs"]
    assert stages(meaning)["keyword"] == stages(words)["dense"] == []
    assert len(words["read"]) == 1
    assert len(meaning["read"]) == len(stages(meaning)["fused"])


def test_without_the_embedder_words_find_and_the_page_says_so(harbour: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_given: Any) -> Any:
        raise EmbeddingError("embedding_unavailable", "It is away.")

    monkeypatch.setattr("rag.embeddings.OnnxEmbedder.embed_query_and_tokens", away)
    _status, reply = ask(harbour.root)
    (run,) = reply["runs"]
    assert "words alone" in run["warning"]
    assert stages(run)["keyword"]
    dense = run["stages"][0]
    assert (dense["name"], dense["hits"], dense["absent"]) == ("dense", [], "The embedding model did not answer.")


class TestSearchAs:
    """With the permissions of a person: what that person would find, and a line in the audit log."""

    def test_only_what_the_person_may_see_is_found(self, harbour: Cast) -> None:
        query = "Where is the vault?"
        mine = ask(harbour.root, query=query)[1]
        theirs = ask(harbour.root, query=query, search_as="MIA@example.com")[1]
        hidden = str(harbour.vault.pk)
        assert hidden in {each["document_id"] for each in mine["chunks"].values()}
        assert hidden not in {each["document_id"] for each in theirs["chunks"].values()}
        expected = search(user=harbour.mia, query=query, limit=8, settings=DEFAULT, candidates=True)
        assert stages(theirs["runs"][0])["fused"] == [each.chunk_id for each in expected.candidates]
        assert hidden not in json.dumps(theirs)

    def test_a_source_that_the_person_may_not_see_gives_nothing(self, harbour: Cast) -> None:
        source = str(harbour.vault.source_id)
        _status, reply = ask(harbour.root, search_as="mia@example.com", configurations=[{"sources": [source]}])
        assert reply["chunks"] == {}

    def test_it_goes_to_the_audit_log(self, harbour: Cast) -> None:
        ask(harbour.root)
        ask(harbour.root, search_as="root@example.com")
        assert not AuditEntry.objects.filter(action="retrieval.search_as").exists()
        ask(harbour.root, search_as="mia@example.com")
        entry = AuditEntry.objects.get(action="retrieval.search_as")
        assert (entry.actor, entry.target_id, entry.detail) == (harbour.root, str(harbour.mia.pk), {"query": QUERY})

    @pytest.mark.parametrize("address", ["nobody@example.com", "sam@example.com", "no address"])
    def test_nobody_and_who_has_left_cannot_be_searched_as(self, harbour: Cast, address: str) -> None:
        User.objects.filter(pk=harbour.sam.pk).update(is_active=False)
        status, reply = ask(harbour.root, search_as=address)
        assert (status, reply["error"]["code"]) == (422, "unknown_person")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"query": " "}, "query"),
        ({"query": "x" * 4001}, "query"),
        ({"configurations": []}, "configurations"),
        ({"configurations": [{}, {}, {}]}, "configurations"),
        ({"configurations": [{"candidates": 1001}]}, "candidates"),
        ({"configurations": [{"dense_weight": "NaN"}]}, "dense_weight"),
        ({"configurations": [{"reranker": "not a name"}]}, "reranker"),
        ({"configurations": [{"colour": "blue"}]}, "colour"),
        ({"configurations": [{"sources": ["x"]}]}, "0"),
    ],
)
def test_what_is_wrong_is_named(cast: Cast, change: dict[str, Any], named: str) -> None:
    status, reply = ask(cast.root, **change)
    assert (status, reply["error"]["code"]) == (422, "invalid_settings")
    assert named in reply["error"]["message"]


def test_it_is_for_admins(cast: Cast) -> None:
    assert ask(cast.mia)[0] == 404


def test_a_reranker_that_fails_leaves_the_fused_order_and_says_so(harbour: Cast) -> None:
    Reranker.objects.create(name="Far", slug="far", kind="remote", base_url="http://127.0.0.1:9", model="m")
    _status, reply = ask(harbour.root, configurations=[{"reranker": "far"}])
    (run,) = reply["runs"]
    assert "The reranker did not answer" in run["stages"][-1]["absent"]
    assert run["read"] == stages(run)["fused"][:8]


def test_a_reranker_that_is_not_there_is_refused(cast: Cast) -> None:
    status, reply = ask(cast.root, configurations=[{"reranker": "gone"}])
    assert (status, reply["error"]["code"]) == (422, "unknown_reranker")


def test_filters_narrow_a_configuration_and_a_wrong_one_is_named_by_its_row(harbour: Cast) -> None:
    Document.objects.filter(filename="note-3.txt").update(author="Zephyr", tags=["cranes"])
    crane = [
        {"field": "author", "operator": "is", "value": "zephyr"},
        {"field": "tag", "operator": "any_of", "value": ["cranes"]},
    ]
    _status, reply = ask(harbour.root, configurations=[{}, {"filters": crane}])
    whole, narrow = (set(stages(run)["fused"]) for run in reply["runs"])
    assert {reply["chunks"][str(chunk)]["filename"] for chunk in narrow} == {"note-3.txt"}
    assert len(whole) == 6
    wrong = [*crane, {"field": "created", "operator": "is", "value": "soon"}, {"field": "kind", "operator": "is"}]
    status, refused = ask(harbour.root, configurations=[{}, {"filters": wrong}])
    assert (status, refused["error"]["code"]) == (422, "invalid_filter")
    places = [(each["configuration"], each["row"]) for each in refused["error"]["filters"]]
    assert places == [(1, 2), (1, 3)]
    assert "is no date" in refused["error"]["filters"][0]["message"]
