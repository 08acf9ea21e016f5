"""Keyword search is BM25: exact on what one may see, with counts that are right whatever happens at once."""

import random
import threading
from collections import Counter
from typing import Any
from unittest.mock import ANY

import numpy as np
import pytest
from django.db import connection
from django.db.models import Max

from accounts.models import User
from documents.ingest.postings import post_terms
from documents.ingest.terms import catch_up_slice, fold_counts, replace_terms
from documents.models import (
    Chunk,
    ChunkTerms,
    Document,
    LanguageCount,
    LexicalReference,
    Posting,
    StalePosting,
    TermChange,
    TermCount,
    UnpostedChunk,
)
from documents.retrieval import SearchSettings, lexicon, search
from documents.services.chunks import chunk_edit, chunk_exclude, chunk_include
from documents.services.documents import document_delete
from documents.services.permissions import Grants, document_share
from rag.lexical import bm25, chunk_terms, question_terms
from rag.lexical.postings import BLOCK, ENTRY, STEP

WORDS = [
    f"{start}{end}" for start in ("har", "lan", "mor", "pel", "qui", "tos") for end in ("bane", "dick", "fump", "loft")
]


def by_words(user: User, query: str, limit: int = 100) -> dict[int, float]:
    found = search(user=user, query=query, limit=limit, settings=SearchSettings(fusion="keyword", candidates=1000))
    return {each.chunk_id: each.keyword_score for each in found.passages}


def texts(number: int, seed: int) -> list[str]:
    """Paragraphs of words of which some are common and some rare, of lengths that differ."""
    chance = random.Random(seed)
    weights = [1 / (n + 1) for n in range(len(WORDS))]
    return [" ".join(chance.choices(WORDS, weights, k=chance.randint(3, 60))) for _ in range(number)]


Counted = tuple[dict[tuple[int, Any], int], dict[tuple[Any, str], tuple[int, int]]]


def recounted() -> Counted:
    """What the counts should be, by looking at every row."""
    terms: Counter[tuple[int, Any]] = Counter()
    languages: dict[tuple[Any, str], tuple[int, int]] = {}
    for row in ChunkTerms.objects.all():
        terms.update((term, row.audience_id) for term in row.terms)
        chunks, length = languages.get((row.audience_id, row.language), (0, 0))
        languages[row.audience_id, row.language] = (chunks + 1, length + row.length)
    return dict(terms), languages


def counted() -> Counted:
    """What the counts are once everything noted is folded into them."""
    for _turn in range(100):
        if not fold_counts():
            break
    assert not TermChange.objects.exists()
    languages = {(row.audience_id, row.language): (row.chunks, row.length) for row in LanguageCount.objects.all()}
    counts = TermCount.objects.values_list("term", "audience_id", "chunks")
    return {(term, audience): chunks for term, audience, chunks in counts}, languages


def posted() -> dict[tuple[Any, int, int], int]:
    """The weights in the postings by audience, chunk and term, once everything that waits is put there."""
    for _turn in range(100):
        if not post_terms(at_least=1):
            break
    assert not UnpostedChunk.objects.exists()
    assert not StalePosting.objects.exists()
    found = {}
    for row in Posting.objects.all():
        entries = np.frombuffer(bytes(row.entries), ENTRY)
        assert len(entries) > 0
        for place, weight in entries.tolist():
            assert (row.audience_id, row.block * BLOCK + place, row.term) not in found
            found[row.audience_id, row.block * BLOCK + place, row.term] = weight
    return found


def to_post() -> dict[tuple[Any, int, int], int]:
    """What should be in the postings, by looking at every row."""
    return {
        (row.audience_id, row.chunk_id, place + 1): max(round(weight / STEP), 1)
        for row in ChunkTerms.objects.all()
        for place, weight in zip(row.weights.indices(), row.weights.values(), strict=True)
    }


def test_scores_are_bm25(cast: Any, make_document: Any) -> None:
    paragraphs = texts(60, seed=1)
    make_document(cast.library, *paragraphs, vectors=[None] * 60)
    counted()
    while catch_up_slice():
        pass
    reference = LexicalReference.current()
    rows = {row.chunk_id: row for row in ChunkTerms.objects.all()}
    mean = sum(row.length for row in rows.values()) / len(rows)
    assert reference == pytest.approx(mean, rel=0.2)
    held = {}
    for chunk in Chunk.objects.select_related("version"):
        held[chunk.pk] = chunk_terms(chunk.text, rows[chunk.pk].language, chunk.version.title)
        assert sum(held[chunk.pk].values()) == rows[chunk.pk].length
    for query in ("harbane", "harbane toslof toslo tosloft", "peldick quifump morloft"):
        found = by_words(cast.max, query)
        terms = {term for group in question_terms(query, lexicon._languages.get()) for term in group}
        expected = {}
        for key, its in held.items():
            score = 0.0
            for term in terms & its.keys():
                holding = sum(term in other for other in held.values())
                weight = bm25.saturation(its[term], sum(its.values()), reference)
                score += bm25.idf(holding, len(held)) * weight
            if score:
                expected[key] = score
        assert found == pytest.approx(expected, rel=1e-3)


def test_counts_follow_edits_exclusions_and_deletions(cast: Any, make_document: Any) -> None:
    first = make_document(cast.library, *texts(10, seed=2))
    make_document(cast.library, *texts(10, seed=3))
    assert counted() == recounted()
    chunk = first.chunks.order_by("ordinal")[0]
    chunk_edit(user=cast.root, chunk_id=chunk.pk, text="The ship is called Fulmar.")
    assert counted() == recounted()
    assert list(by_words(cast.max, "Fulmar")) == [chunk.pk]
    chunk_exclude(user=cast.root, chunk_id=chunk.pk)
    assert counted() == recounted()
    assert by_words(cast.max, "Fulmar") == {}
    chunk_include(user=cast.root, chunk_id=chunk.pk)
    assert list(by_words(cast.max, "fulmar")) == [chunk.pk]
    document_delete(user=cast.root, document_id=first.pk)
    assert counted() == recounted()
    assert len(recounted()[0]) > 0
    for document in Document.objects.all():
        document_delete(user=cast.root, document_id=document.pk)
    assert counted() == ({}, {})


def test_what_is_not_folded_yet_counts(cast: Any, make_document: Any) -> None:
    make_document(cast.library, "A harbour.", "A harbour and a fulmar.", "A crane.", vectors=[None] * 3)
    before = by_words(cast.max, "harbour fulmar")
    assert TermChange.objects.exists()
    counted()
    assert by_words(cast.max, "harbour fulmar") == pytest.approx(before)


@pytest.mark.django_db(transaction=True)
def test_counts_are_right_when_many_write_and_fold_at_once(cast: Any, make_document: Any) -> None:
    documents = [make_document(cast.library, *texts(5, seed=n), vectors=[None] * 5) for n in range(8)]
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            chance = random.Random(number)
            mine = documents[number::4]
            for _turn in range(6):
                chunk = chance.choice(list(chance.choice(mine).chunks.all()))
                chance.choice((chunk_exclude, chunk_include))(user=cast.root, chunk_id=chunk.pk)
                fold_counts()
                post_terms(at_least=1)
            document_delete(user=cast.root, document_id=mine[0].pk)
        except BaseException as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert problems == []
    assert counted() == recounted()
    assert posted() == pytest.approx(to_post(), abs=1)


def test_weights_follow_the_mean_length(cast: Any, make_document: Any) -> None:
    make_document(cast.library, *(" ".join(WORDS[:3]) for _ in range(5)), vectors=[None] * 5)
    counted()
    assert not catch_up_slice()
    short = LexicalReference.current()
    assert short == pytest.approx(sum(row.length for row in ChunkTerms.objects.all()) / 5)
    assert {row.reference for row in ChunkTerms.objects.all()} == {short}
    make_document(cast.library, *(" ".join(WORDS * 8) for _ in range(20)), vectors=[None] * 20)
    counted()
    assert not catch_up_slice()
    assert LexicalReference.current() > 5 * short
    assert posted() == pytest.approx(to_post(), abs=1)
    fresh = {row.pk: row.weights.values() for row in ChunkTerms.objects.all()}
    assert {row.reference for row in ChunkTerms.objects.all()} == {LexicalReference.current()}
    for chunk in Chunk.objects.select_related("version"):
        replace_terms(chunk)
    for row in ChunkTerms.objects.all():
        assert row.weights.values() == pytest.approx(fresh[row.pk], rel=1e-4)
    assert counted() == recounted()


def test_chunks_of_before_get_their_words_by_and_by(cast: Any, make_document: Any) -> None:
    document = make_document(cast.library, "The ship is called Fulmar.", "The crane is called Zephyr.")
    ChunkTerms.objects.all().delete()
    assert by_words(cast.max, "Fulmar") == {}
    last = Chunk.objects.aggregate(last=Max("pk"))["last"]
    LexicalReference.objects.update_or_create(pk=1, defaults={"looked_to": 0, "look_until": last})
    assert not catch_up_slice()
    assert len(by_words(cast.max, "Fulmar")) == 1
    document.current_version.refresh_from_db()
    assert document.current_version.language == "en"
    assert counted() == recounted()


def test_postings_follow_every_change(cast: Any, make_document: Any) -> None:
    first = make_document(cast.library, *texts(12, seed=2))
    other = make_document(cast.research, *texts(12, seed=3))
    assert posted() == pytest.approx(to_post(), abs=1) != {}
    chunk, another = first.chunks.order_by("ordinal")[:2]
    chunk_edit(user=cast.root, chunk_id=chunk.pk, text="The ship is called Fulmar.")
    assert list(by_words(cast.max, "Fulmar")) == [chunk.pk]
    assert posted() == pytest.approx(to_post(), abs=1)
    assert list(by_words(cast.max, "Fulmar")) == [chunk.pk]
    chunk_exclude(user=cast.root, chunk_id=chunk.pk)
    chunk_exclude(user=cast.root, chunk_id=another.pk)
    chunk_include(user=cast.root, chunk_id=chunk.pk)
    assert list(by_words(cast.max, "Fulmar")) == [chunk.pk]
    assert posted() == pytest.approx(to_post(), abs=1)
    for grants in (Grants(users=[cast.max]), None, Grants(users=[cast.max])):
        document_share(user=cast.root, document_id=first.pk, grants=grants)
        assert list(by_words(cast.max, "Fulmar")) == [chunk.pk]
        assert by_words(cast.cleo, "Fulmar") == ({chunk.pk: ANY} if grants is None else {})
    assert posted() == pytest.approx(to_post(), abs=1)
    document_delete(user=cast.root, document_id=other.pk)
    assert posted() == pytest.approx(to_post(), abs=1) != {}
    document_delete(user=cast.root, document_id=first.pk)
    assert posted() == {}
    assert not Posting.objects.exists()


def test_what_is_found_by_postings_is_found_without(cast: Any, make_document: Any) -> None:
    """The same chunks with the same scores, and the best of many are the best of all."""
    for source, seed in ((cast.library, 6), (cast.research, 7)):
        make_document(source, *texts(200, seed=seed), vectors=[None] * 200)
    counted()
    queries = [" ".join(WORDS[number : number + 3]) for number in range(0, len(WORDS), 3)]
    before = [by_words(cast.cleo, query) for query in queries]
    assert all(before)
    posted()
    assert [by_words(cast.cleo, query) for query in queries] == before
    for query, whole in zip(queries, before, strict=True):
        settings = SearchSettings(fusion="keyword", candidates=10)
        found = search(user=cast.cleo, query=query, limit=10, settings=settings).passages
        assert [each.keyword_score for each in found] == sorted(whole.values(), reverse=True)[:10]


def test_scores_do_not_tell_of_what_is_hidden(cast: Any, make_document: Any) -> None:
    make_document(cast.library, "A harbour.", "A harbour and a fulmar.", "A crane.", vectors=[None] * 3)
    counted()
    before = by_words(cast.cleo, "harbour fulmar")
    make_document(cast.research, *["The secret fulmar."] * 20, vectors=[None] * 20)
    assert by_words(cast.cleo, "harbour fulmar") == before
    counted()
    posted()
    assert by_words(cast.cleo, "harbour fulmar") == before
    assert by_words(cast.max, "harbour fulmar") != before


def test_the_commonest_words_are_not_read_of_very_much(
    cast: Any, make_document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_document(cast.library, *["A common word."] * 30, "A common fulmar.", vectors=[None] * 31)
    posted()
    monkeypatch.setattr(lexicon, "MOST_POSTINGS", 10)
    assert len(by_words(cast.max, "common fulmar")) == 1
    assert len(by_words(cast.max, "common")) == 31


def test_languages_are_told_and_their_words_meet(cast: Any, make_document: Any) -> None:
    german = "Die Mitarbeiter erhalten dreißig Urlaubstage im Jahr, und die Häfen sind an allen Feiertagen geschlossen."
    chinese = "员工每年享有三十天带薪假期。港口在公共假日关闭，所有货物必须提前申报。"
    english = "The employees get thirty days of leave each year, and the harbours are closed on all public holidays."
    for text in (german, chinese, english):
        make_document(cast.library, text, vectors=[None])
    counted()
    lexicon.forget_languages()
    assert {row.language for row in LanguageCount.objects.all()} == {"de", "zh", "en"}
    for query, text in (("Hafen", german), ("带薪假期", chinese), ("harbour closing", english), ("Feiertag", german)):
        found = search(user=cast.max, query=query, settings=SearchSettings(fusion="keyword")).passages
        assert [each.text for each in found] == [text], query


def test_hidden_chunks_are_never_found_by_words(cast: Any, make_document: Any) -> None:
    make_document(cast.research, "The secret ship is called Fulmar.")
    assert by_words(cast.cleo, "Fulmar") == {}
    assert len(by_words(cast.max, "Fulmar")) == 1
