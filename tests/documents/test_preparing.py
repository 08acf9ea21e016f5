"""Passages ready to read: neighbours joined to one span of their document, whatever was found of it."""

import random
from dataclasses import replace
from typing import Any

import pytest

from documents.models import Chunk, Document, DocumentVersion
from documents.retrieval import RetrievedPassage, prepare, search
from documents.services.chunks import chunk_edit
from rag.chunking import ChunkingSettings, chunk
from rag.embeddings import shipped_embedder
from rag.parsing import parse
from tests.chunk_rows import save_chunks

CRANES = "| Port | Crane | Lifts |\n| --- | --- | --- |\n" + "".join(
    f"| Harbour {number} | Crane number {number} | {number} tons |\n" for number in range(1, 40)
)
STORY = " ".join(
    f"On day {number} the crew of the lighthouse ship counted {number * 7} birds and wrote it in the log of the year."
    for number in range(1, 60)
)
LIST = "".join(
    f"- Rule number {number} of the ship is that nobody sings before noon on deck.\n" for number in range(1, 30)
)
TEXT = f"# Log\n\n{STORY}\n\n## Cranes\n\n{CRANES}\n\n## Rules\n\n{LIST}\n\n## Weather\n\nIt rained. Nobody minded.\n"


@pytest.fixture
def log(cast: Any, tmp_path: Any) -> Document:
    """A document of long sections, read and cut as an ingest does."""
    path = tmp_path / "log.md"
    path.write_text(TEXT)
    parsed = parse(path, path.name)
    document = Document.objects.create(
        source=cast.library, filename="log.md", title="Log", kind="markdown", size=1, sha256="1", status="ready"
    )
    version = DocumentVersion.objects.create(document=document, number=1, kind="markdown", sha256="1", text=parsed.text)
    cut = list(chunk(parsed, shipped_embedder(), ChunkingSettings(max_tokens=100)))
    rows = [
        Chunk(version=version, document=document, source=cast.library, ordinal=each.ordinal, start=each.start,
              end=each.end, text=each.text, heading=each.heading, tokens=each.tokens, context=each.context)
        for each in cut
    ]  # fmt: skip
    save_chunks(rows, shipped_embedder().embed_passages([each.text for each in cut]))
    document.current_version = version
    document.save()
    return document


def found(cast: Any, query: str = "birds counted by the crew, cranes of the harbour") -> list[RetrievedPassage]:
    return search(user=cast.max, query=query, limit=100).passages


def test_whatever_is_found_each_passage_is_a_span_of_its_document(cast: Any, log: Document) -> None:
    text = log.current_version.text if log.current_version else ""
    everything = found(cast)
    assert len(everything) > 12
    chance = random.Random(3)
    for _round in range(40):
        some = chance.sample(everything, chance.randrange(1, len(everything)))
        ready, step = prepare(some, "birds", limit=50, tokens=100_000)
        for passage in ready:
            assert passage.text == text[passage.start : passage.end]
            lead = len(passage.context) + 1 if passage.context else 0
            assert passage.read_text[lead:] == passage.text
            for _look in range(5):
                start = chance.randrange(lead, len(passage.read_text) - 1)
                end = chance.randrange(start + 1, len(passage.read_text))
                low, high = passage.cited_span(start, end)
                assert text[low:high] == passage.read_text[start:end]
        # Nothing is lost and nothing else comes in.
        left = {entry["chunk"] for entry in step.output["left_out"]}
        for each in some:
            inside = [one for one in ready if one.start <= each.start and each.end <= one.end]
            assert inside or each.chunk_id in left
        assert {one.chunk_id for one in ready} <= {each.chunk_id for each in some}


def test_a_section_is_read_as_one_and_its_table_with_one_header(cast: Any, log: Document) -> None:
    some = found(cast)
    ready, step = prepare(some, "cranes", limit=50, tokens=100_000)
    assert len(ready) < len(some)
    assert step.name == "prepare"
    assert all(len(run) > 1 for run in step.output["joined"])
    assert step.output["passages"] == len(ready)
    assert not any(word in str(step) for word in ("birds", "Crane", "rained"))
    tables = [passage for passage in ready if "Crane number" in passage.text]
    assert all(passage.read_text.count("| Port | Crane | Lifts |") == 1 for passage in tables)
    assert {passage.heading for passage in ready} == {passage.heading for passage in some}


def test_a_list_is_read_with_the_markers_of_its_items(cast: Any, log: Document) -> None:
    rules = [each for each in found(cast, "rules of the ship") if "Rule number" in each.text]
    ready, _step = prepare(rules, "rules", limit=50, tokens=100_000)
    assert len(ready) < len(rules)
    assert all(passage.text.count("Rule") == passage.text.count("- Rule") + 1 for passage in ready)


def test_a_joined_passage_has_the_scores_of_its_best_part(cast: Any, log: Document) -> None:
    some = [replace(each, score=0.5) for each in found(cast) if "birds" in each.text][:2]
    first, second = sorted(some, key=lambda each: each.start)
    pair = [replace(second, start=second.start, score=0.9, dense_score=0.7), first]
    if second.start > first.end + 16:
        pair = [pair[0]]
    ready, _step = prepare(pair, "birds", limit=8, tokens=10_000)
    assert (ready[0].chunk_id, ready[0].score, ready[0].dense_score) == (second.chunk_id, 0.9, 0.7)


def test_an_edited_chunk_is_read_alone(cast: Any, log: Document) -> None:
    chunks = list(Chunk.objects.filter(document=log).order_by("ordinal"))
    chunk_edit(user=cast.root, chunk_id=chunks[1].pk, text="The crew counted no birds at all.")
    ready, _step = prepare(found(cast), "birds", limit=50, tokens=100_000)
    edited = [passage for passage in ready if passage.edited]
    assert [passage.read_text for passage in edited] == ["The crew counted no birds at all."]
    assert (edited[0].start, edited[0].end) == (chunks[1].start, chunks[1].end)


def test_the_budget_bounds_what_is_read(cast: Any, log: Document) -> None:
    ready, step = prepare(found(cast), "birds", limit=50, tokens=250)
    sizes = [len(shipped_embedder().token_offsets(passage.read_text)) for passage in ready]
    assert 0 < sum(sizes) <= 250
    assert step.output["tokens"] <= 250
    assert {entry["why"] for entry in step.output["left_out"]} == {"budget"}


def test_the_same_text_in_two_documents_is_read_once(cast: Any, make_document: Any) -> None:
    fact = "Employees get thirty days of paid leave each year and request it from their manager in the crew app."
    make_document(cast.library, fact)
    make_document(cast.library, fact)
    make_document(cast.library, fact.replace("thirty", "30"))
    some = found(cast, "How much paid leave do employees get?")
    ready, step = prepare(some, "How much paid leave do employees get?", limit=8, tokens=1000)
    assert len(ready) == 2
    assert [(entry["why"], "like" in entry) for entry in step.output["left_out"]] == [("duplicate", True)]


def test_a_version_that_is_gone_leaves_its_passages_apart(cast: Any, log: Document) -> None:
    some = [each for each in found(cast) if "Crane number" in each.text]
    joined, _step = prepare(some, "cranes", limit=50, tokens=100_000)
    log.delete()
    apart, _step = prepare(some, "cranes", limit=50, tokens=100_000)
    assert len(joined) < len(apart) == len(some)
