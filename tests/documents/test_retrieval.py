"""Search finds what answers, and nothing that the asker may not see."""

import random
import threading
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.db import connection
from django.db.models import prefetch_related_objects

from accounts.models import Role, User
from documents.models import Chunk, DataSource, Visibility
from documents.retrieval import FUSIONS, SearchSettings, fuse, search, statement
from documents.retrieval.passages import Ranking
from rag.embeddings import shipped_embedder
from tests.chunk_rows import save_chunks

FACTS = (
    "Employees get thirty days of paid leave each year and request it from their manager.",
    "The rocket engine reached a thrust of 845 kilonewtons in the last test.",
    "Invoices are paid within fourteen days of their receipt by the accounting team.",
)


def test_the_passage_that_answers_comes_first(cast: Any, make_document: Any) -> None:
    document = make_document(cast.library, *FACTS)
    passages = search(user=cast.max, query="How much vacation do I get?").passages
    assert passages[0].text == FACTS[0]
    assert passages[0].document_id == document.pk
    assert document.current_version.text[passages[0].start : passages[0].end] == passages[0].text
    assert (passages[0].filename, passages[0].source_name) == (document.filename, "Library")


def test_a_rare_word_is_found_though_its_meaning_is_far(cast: Any, make_document: Any) -> None:
    make_document(cast.library, *FACTS, "The form is called XJ-4471 and lies in the cupboard.")
    passages = search(user=cast.max, query="XJ-4471").passages
    assert "XJ-4471" in passages[0].text
    assert passages[0].keyword_score > 0


def test_scores_are_cosine_and_rank_and_lie_in_order(cast: Any, make_document: Any) -> None:
    make_document(cast.library, *FACTS)
    query = "When are invoices paid?"
    passages = search(user=cast.root, query=query).passages
    vectors = shipped_embedder()
    for passage in passages:
        cosine = float(vectors.embed_query(query) @ vectors.embed_passages([passage.text])[0])
        assert passage.dense_score == pytest.approx(cosine, abs=0.02)  # int8 activations depend a little on the batch
    assert [each.score for each in passages] == sorted((each.score for each in passages), reverse=True)
    assert passages[0].score == pytest.approx(1.0)


def test_steps_tell_what_happened_without_any_text_of_a_document(cast: Any, make_document: Any) -> None:
    make_document(cast.library, *FACTS)
    steps = search(user=cast.root, query="When are invoices paid?", limit=1).steps
    assert [step.name for step in steps] == ["embed_question", "retrieve", "fuse", "rerank"]
    assert all(step.ms >= 0 for step in steps)
    assert len(steps[2].output["candidates"]) == 3
    assert not any(word in str(steps) for word in ("accounting", "rocket", "leave"))


def test_one_side_is_asked_alone(cast: Any, make_document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_document(cast.library, *FACTS)
    query = "When are invoices due?"
    by_meaning = search(user=cast.max, query=query, settings=SearchSettings(fusion="dense"))
    assert len(by_meaning.passages) == 3
    assert {each.keyword_score for each in by_meaning.passages} == {0}
    assert [each.dense_score for each in by_meaning.passages] == sorted(
        (each.dense_score for each in by_meaning.passages), reverse=True
    )
    monkeypatch.delattr("rag.embeddings.OnnxEmbedder.embed_query")  # words alone need no vector
    by_words = search(user=cast.max, query=query, settings=SearchSettings(fusion="keyword"))
    assert [each.text for each in by_words.passages] == [FACTS[2]]
    assert by_words.by_words
    assert not by_meaning.by_words
    assert by_words.passages[0].dense_score == 0


def test_all_candidates_are_told_with_the_side_that_found_them(cast: Any, make_document: Any) -> None:
    make_document(cast.library, *FACTS)
    found = search(
        user=cast.max, query="When are invoices due?", limit=1, settings=SearchSettings(candidates=2), candidates=True
    )
    assert {each.text for each in found.candidates if each.by_words} == {FACTS[2]}
    nearest = sorted(found.candidates, key=lambda each: -each.dense_score)[:2]
    assert {each.chunk_id for each in found.candidates if each.by_meaning} == {each.chunk_id for each in nearest}
    assert [each.score for each in found.candidates] == sorted((each.score for each in found.candidates), reverse=True)
    plain = search(user=cast.max, query="invoices", settings=SearchSettings(reranker="none"), candidates=True)
    assert plain.reranked is None
    assert plain.passages == plain.candidates
    assert not search(user=cast.max, query="invoices").candidates


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_steps_say_how_was_searched(cast: Any, make_document: Any, fusion: Any) -> None:
    make_document(cast.library, *FACTS)
    steps = search(
        user=cast.max, query="invoices", settings=SearchSettings(fusion=fusion, candidates=20, reranker="none")
    ).steps
    retrieved, fused = steps[-2:]
    assert retrieved.input["per_side"] == 20
    assert retrieved.input["sides"] == ([fusion] if fusion in ("dense", "keyword") else ["dense", "keyword"])
    assert fused.input["fusion"] == fusion
    assert ("k" in fused.input, "dense_weight" in fused.input) == (fusion == "rrf", fusion == "convex")


def test_reciprocal_ranks_are_added() -> None:
    # By meaning 1, 2, 3; by words 3 before 2, and 1 has none of them.
    rows = [(1, 0.9, 0, True, False), (2, 0.5, 0.1, True, True), (3, 0.1, 0.7, True, True)]
    found = fuse(Ranking.of_rows(rows), SearchSettings(fusion="rrf"))
    expected = {1: 1 / 61, 2: 1 / 62 + 1 / 62, 3: 1 / 63 + 1 / 61}
    assert found.ids.tolist() == sorted(expected, key=lambda one: -expected[one])
    assert found.scores == pytest.approx([expected[number] / (2 / 61) for number in found.ids.tolist()], abs=1e-6)


def test_weights_decide_between_meaning_and_words() -> None:
    def best(weight: float) -> int:
        two = Ranking.of_rows([(1, 0.9, 0.1, True, True), (2, 0.2, 0.8, True, True)])
        return int(fuse(two, SearchSettings(dense_weight=weight)).ids[0])

    assert (best(0.9), best(0.1)) == (1, 2)


@pytest.mark.parametrize("wrong", [{"fusion": "sum"}, {"dense_weight": 1.1}, {"candidates": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SearchSettings(**wrong)


@pytest.mark.parametrize(
    "query", ["", " ", "the of and", "'; DROP TABLE x; --", "a & b | !c:*", "\x00", "¿qué?", "%s %d"]
)
def test_any_question_is_safe(cast: Any, make_document: Any, query: str) -> None:
    make_document(cast.library, *FACTS)
    assert len(search(user=cast.max, query=query).passages) == 3


def test_nothing_is_found_where_nothing_is(cast: Any) -> None:
    assert search(user=cast.root, query="anything").passages == []


def test_sources_narrow_the_search(cast: Any, make_document: Any) -> None:
    make_document(cast.library, FACTS[0])
    make_document(cast.research, FACTS[1])
    found = search(user=cast.ada, query="leave", sources=[cast.research.pk]).passages
    assert [each.source_id for each in found] == [cast.research.pk]
    assert search(user=cast.ada, query="leave", sources=[]).passages == []
    assert len(search(user=cast.ada, query="leave", sources=None).passages) == 2


def test_a_stranger_cannot_name_a_source_into_view(cast: Any, make_document: Any) -> None:
    make_document(cast.research, *FACTS)
    assert search(user=cast.cleo, query="leave", sources=[cast.research.pk]).passages == []


def test_nobody_finds_anything_without_signing_in_or_once_deactivated(cast: Any, make_document: Any) -> None:
    make_document(cast.library, *FACTS)
    cast.max.is_active = False
    for user in (AnonymousUser(), cast.max):
        assert search(user=user, query="leave").passages == []


def random_world(seed: int) -> tuple[list[User], dict[int, DataSource]]:
    """People, groups and sources at random, with chunks of random unit vectors; each chunk's source."""
    dice = random.Random(seed)
    groups = [Group.objects.create(name=f"g{seed}-{n}") for n in range(4)]
    roles = [Role.MEMBER, Role.MEMBER, Role.EDITOR, Role.ADMIN]
    people = [User.objects.create_user(f"p{seed}-{n}@example.com", role=dice.choice(roles)) for n in range(12)]
    for person in people:
        person.groups.set(dice.sample(groups, dice.randrange(3)))
    sources = []
    for number in range(8):
        source = DataSource.objects.create(
            name=f"s{number}",
            slug=f"s{seed}-{number}",
            visibility=dice.choice(Visibility.values),
            owner=dice.choice([None, *people]),
        )
        source.groups.set(dice.sample(groups, dice.randrange(3)))
        source.users.set(dice.sample(people, dice.randrange(4)))
        sources.append(source)
    # What may_see asks for each person and source.
    prefetch_related_objects(people, "groups")
    prefetch_related_objects(sources, "groups", "users")
    return people, dict(enumerate(sources))


def may_see(person: User, source: DataSource) -> bool:
    """The rule of permissions, written a second time."""
    return (
        person.is_admin
        or source.visibility == Visibility.EVERYONE
        or source.owner_id == person.pk
        or person in source.users.all()
        or any(group in source.groups.all() for group in person.groups.all())
    )


@pytest.mark.parametrize("exact_below", [4000, 0])
def test_no_search_leaks_a_chunk_or_misses_one(
    cast: Any, make_document: Any, monkeypatch: pytest.MonkeyPatch, exact_below: int
) -> None:
    monkeypatch.setattr(statement, "EXACT_BELOW", exact_below)
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]
    numbers = np.random.default_rng(7)
    dice = random.Random(7)
    people, sources = random_world(7)
    for number, source in sources.items():
        texts = [f"{' '.join(dice.choices(words, k=4))} {number}-{n}" for n in range(12)]
        vectors = numbers.normal(size=(12, 384))
        make_document(source, *texts, vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    for person in people:
        expected = {each.pk for each in sources.values() if may_see(person, each)}
        assert (
            set(DataSource.objects.visible_to(person).values_list("pk", flat=True))
            - {cast.library.pk}
            - {cast.research.pk}
            == expected
        )
        visible = set(Chunk.objects.filter(source__in=expected).values_list("pk", flat=True))
        assert set(Chunk.objects.visible_to(person).values_list("pk", flat=True)) == visible
        found = search(user=person, query=" ".join(words), limit=100).passages
        assert {each.chunk_id for each in found} == visible
        chosen = dice.sample(list(sources.values()), 3)
        narrowed = search(user=person, query=dice.choice(words), limit=100, sources=[each.pk for each in chosen])
        wanted = set(
            Chunk.objects.filter(source__in=[each for each in chosen if each.pk in expected]).values_list(
                "pk", flat=True
            )
        )
        assert {each.chunk_id for each in narrowed.passages} == wanted


def test_a_narrow_view_of_a_large_index_is_not_starved(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement, "EXACT_BELOW", 10)
    numbers = np.random.default_rng(3)
    _many_chunks(cast.research, 500, numbers)
    _many_chunks(cast.library, 60, numbers)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE documents_chunk, documents_chunkembedding")
    assert len(search(user=cast.cleo, query="qqq", limit=50).passages) == 50


def _many_chunks(source: DataSource, count: int, numbers: Any) -> None:
    from documents.models import Document, DocumentVersion

    document = Document.objects.create(source=source, filename="many", size=1, sha256=source.pk.hex * 2)
    version = DocumentVersion.objects.create(document=document, number=1, kind="text", sha256="", text="")
    vectors = numbers.normal(size=(count, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chunks = [
        Chunk(version=version, document=document, source=source, ordinal=n, start=0, end=0, text=f"t{n}", tokens=1)
        for n in range(count)
    ]
    save_chunks(chunks, vectors)


@pytest.mark.django_db(transaction=True)
def test_many_threads_search_at_once(cast: Any, make_document: Any) -> None:
    make_document(cast.library, *FACTS)
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            assert search(user=cast.max, query="When are invoices paid?").passages[0].text == FACTS[2]
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []
