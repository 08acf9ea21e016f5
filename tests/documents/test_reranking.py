"""The best candidates are compared with the question word by word, over what was stored when they were indexed."""

import io
from typing import Any

import pytest

from documents.embedders import active_set
from documents.ingest import ingest
from documents.ingest.rebuilding import pack_slice, text_of
from documents.models import ChunkEmbedding, DataSource, Document
from documents.retrieval import Retrieval, SearchSettings, search
from documents.services.chunks import chunk_edit
from documents.services.documents import document_replace, document_upload
from rag.embeddings import shipped_embedder
from rag.late_interaction import shipped_late_interaction

HANDBOOK = b"""# Leave

## Paid leave

Employees get thirty days of paid leave each year and request it from their manager.

## Sick leave

Who is ill tells the office before nine in the morning, and brings a doctor's note on the third day.

## Harbour

The crane called Zephyr lifts forty tons and is inspected each spring.
"""


def upload(user: Any, source: DataSource, data: bytes = HANDBOOK, name: str = "handbook.md") -> Document:
    document = document_upload(user=user, file=io.BytesIO(data), filename=name, source=source)
    ingest(document.pk)
    document.refresh_from_db()
    assert document.status == "ready"
    return document


def stored() -> dict[bytes, bytes]:
    """The packed token vectors by the keys of the texts they were made of."""
    return {bytes(key): bytes(tokens or b"") for key, tokens in ChunkEmbedding.objects.values_list("key", "tokens")}


def reranked(found: Retrieval) -> dict[str, Any]:
    return next(step.output for step in found.steps if step.name == "rerank")


def test_the_order_is_by_the_chance_to_answer(cast: Any) -> None:
    upload(cast.root, cast.library)
    found = search(user=cast.max, query="How many tons can Zephyr lift?")
    assert "Zephyr" in found.passages[0].text
    scores = [each.score for each in found.passages]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] < 0.5 < scores[0] <= 1
    told = reranked(found)["candidates"]
    assert [each["chunk"] for each in told] == [each.chunk_id for each in found.passages]
    assert all(-1 <= each["tokens"] <= 1 for each in told)
    nothing = search(user=cast.max, query="Which team won the world cup?")
    assert max(each.score for each in nothing.passages) < 0.5


def test_what_is_stored_is_what_the_model_makes_of_the_chunk(cast: Any) -> None:
    upload(cast.root, cast.library, b"The crane called Zephyr lifts forty tons.", "one.txt")
    row = ChunkEmbedding.objects.select_related("chunk__version").get()
    text, _key = text_of(row.chunk, row.chunk.version.title, shipped_embedder())
    _vectors, packed = shipped_embedder().embed_passages_and_tokens([text], shipped_late_interaction().encode)
    assert stored() == {bytes(row.key): packed[0]}


def test_another_version_keeps_the_token_vectors_of_equal_chunks(cast: Any, embedded_texts: list[str]) -> None:
    document = upload(cast.root, cast.library)
    before = stored()
    changed = HANDBOOK.replace(b"forty tons", b"fifty tons")
    document_replace(user=cast.root, document_id=document.pk, file=io.BytesIO(changed), filename="handbook.md")
    embedded_texts.clear()
    ingest(document.pk)
    after = stored()
    assert len(embedded_texts) == 1
    assert len(before.items() & after.items()) == len(before) - 1 == len(after) - 1
    document.refresh_from_db()
    chunk = document.chunks.order_by("ordinal")[0]
    chunk_edit(user=cast.root, chunk_id=chunk.pk, text="The ship is called Fulmar.")
    assert reranked(search(user=cast.max, query="What is the ship called?"))["candidates"][0]["chunk"] == chunk.pk


def test_without_token_vectors_the_order_stays_until_they_are_made(cast: Any) -> None:
    upload(cast.root, cast.library)
    query = "How many tons can Zephyr lift?"
    whole = search(user=cast.max, query=query).passages
    first = ChunkEmbedding.objects.order_by("pk")[0]
    ChunkEmbedding.objects.filter(pk=first.pk).update(tokens=None)
    found = search(user=cast.max, query=query, candidates=True)
    assert reranked(found) == {"kept": True, "without_tokens": 1}
    assert found.reranked is None
    plain = search(user=cast.max, query=query, settings=SearchSettings(reranker="none"))
    assert [each.score for each in found.passages] == [each.score for each in plain.passages]
    assert not pack_slice()
    assert search(user=cast.max, query=query).passages == whole
    assert ChunkEmbedding.objects.filter(set=active_set(), tokens=None).count() == 0


def test_only_the_first_are_compared(cast: Any) -> None:
    upload(cast.root, cast.library)
    found = search(user=cast.max, query="leave", limit=1, settings=SearchSettings(rerank_depth=2), candidates=True)
    assert len(found.candidates) == 3
    assert found.reranked is not None
    assert len(found.reranked) == 2
    assert found.passages == found.reranked[:1]
    assert len(reranked(found)["candidates"]) == 2
    with pytest.raises(ValueError, match="rerank_depth"):
        SearchSettings(rerank_depth=0)
    with pytest.raises(ValueError, match="reranker"):
        SearchSettings(reranker="no slug")
