"""The migration that gave documents audiences: rows from before are found by whoever saw them, and stay counted."""

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from documents.ingest.postings import post_terms
from documents.ingest.terms import fold_counts
from documents.models import Audience, Chunk, ChunkEmbedding, ChunkTerms, Document, LanguageCount, TermChange
from documents.retrieval import SearchSettings, search

BEFORE = [("documents", "0010_rerankers")]
RENAMED = {
    "embedding_of_source": "embedding_of_audience",
    "chunk_terms_source": "chunk_terms_audience",
}
COLUMNS = """SELECT table_name, column_name FROM information_schema.columns
WHERE table_name = ANY(%s) AND column_name IN ('source_id', 'audience_id') ORDER BY 1, 2"""
TABLES = ["documents_chunkembedding", "documents_chunkterms", "documents_languagecount", "documents_termchange"]


def columns() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [TABLES])
        return cursor.fetchall()


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()")
        return {name for (name,) in cursor.fetchall()}


def by_words_alone(user: Any, *, posted: bool = False) -> dict[int, float]:
    """What words find, and how well; once more when the postings have been written."""
    if posted:
        assert post_terms(at_least=1)
    settings = SearchSettings(fusion="keyword")
    found = search(user=user, query="sealing wax ferry", settings=settings).passages
    return {each.chunk_id: each.keyword_score for each in found}


@pytest.mark.endurance
@pytest.mark.django_db(transaction=True)
def test_rows_from_before_audiences_belong_to_that_of_their_source(cast: Any, make_document: Any) -> None:
    hidden = make_document(cast.research, "The formula of the sealing wax is secret.", "It has resin in it.")
    make_document(cast.library, "The ferry leaves at seven.")
    executor = MigrationExecutor(connection)
    last = executor.loader.graph.leaf_nodes()
    executor.migrate(BEFORE)
    try:
        assert columns() == [(table, "source_id") for table in TABLES]
        assert indexes() >= set(RENAMED)
        old = MigrationExecutor(connection).loader.project_state(BEFORE).apps
        # A row that nothing but the old state has written.
        before = old.get_model("documents", "Document")
        alone = before.objects.create(source_id=cast.library.pk, filename="alone.md", size=1, sha256="f" * 64)
        assert set(old.get_model("documents", "ChunkTerms").objects.values_list("source_id", "chunk__source_id")) == {
            (cast.research.pk, cast.research.pk), (cast.library.pk, cast.library.pk)
        }  # fmt: skip
        counts = dict(old.get_model("documents", "TermCount").objects.values_list("key", "chunks"))
        keys = [key for row in old.get_model("documents", "ChunkTerms").objects.all() for key in row.keys]
        assert counts == Counter(keys) != {}
    finally:
        MigrationExecutor(connection).migrate(last)

    assert columns() == [(table, "audience_id") for table in TABLES]
    assert indexes() >= set(RENAMED.values())
    assert not indexes() & set(RENAMED)
    assert {(each.pk, each.source_id, each.inherits) for each in Audience.objects.all()} == {
        (source.pk, source.pk, True) for source in (cast.research, cast.library)
    }
    for document in Document.objects.all():
        assert document.audience_id == document.source_id
    assert Document.objects.get(pk=alone.pk).audience_id == cast.library.pk
    for rows in (ChunkEmbedding, ChunkTerms):
        places = rows.objects.values_list("audience_id", "chunk__source_id")
        assert len(places) == 3
        assert all(audience == source for audience, source in places)
    # Who saw a document sees it, and nobody else does.
    for query in ("What is in the sealing wax?", "When does the ferry leave?"):
        assert {each.filename for each in search(user=cast.max, query=query).passages} == {
            "document-0.md", "document-1.md"
        }  # fmt: skip
        assert {each.filename for each in search(user=cast.cleo, query=query).passages} == {"document-1.md"}
    assert by_words_alone(cast.max) == by_words_alone(cast.max, posted=True) != {}
    # What is written from here on is counted for the audience.
    TermChange.objects.all().delete()
    Chunk.objects.filter(document=hidden).first().delete()
    assert TermChange.objects.get().audience_id == cast.research.pk
    assert TermChange.objects.get().chunks == -1
    fold_counts()
    assert set(LanguageCount.objects.values_list("audience_id", flat=True)) <= {cast.research.pk, cast.library.pk}
