"""Answers read edited chunks and the header of a table that goes on; their citations keep to the document."""

import uuid
from typing import Any

import pytest
from django.test import AsyncClient

from chat.answering.draft import AnswerDraft
from chat.answering.pipeline import PassagesFound
from chat.models import Citation
from documents.models import Chunk, Document, DocumentVersion
from documents.retrieval import RetrievedPassage
from documents.services.chunks import chunk_edit
from rag.embeddings import shipped_embedder
from rag.generation import AnswerRequest, CitationMade, PromptPassage, PromptReady, TextDelta
from rag.generation.extractive import ExtractiveAnswerer
from rag.prompts import build_prompt
from tests.chat.conftest import LEAVE, add_document
from tests.chunk_rows import save_chunks

HEADER = "| Port | Crane | Lifts |\n| --- | --- | --- |"
ROWS = "| Aden | Zephyr | 40 tons |\n| Bari | Mistral | 25 tons |"
TABLE = f"Cranes\n\n{HEADER}\n| Turku | Boreas | 10 tons |\n{ROWS}"
EDITED = "Every employee has forty-two days of paid leave a year."


def passage(text: str, start: int, context: str = "", edited: str | None = None) -> RetrievedPassage:
    return RetrievedPassage(
        chunk_id=1, document_id=uuid.uuid4(), version_id=1, filename="a.md", title="A", heading="", text=text,
        start=start, end=start + len(text), page=1, score=1.0, dense_score=1.0, keyword_score=1.0,
        source_id=uuid.uuid4(), source_name="S", context=context, edited_text=edited, pages=((1, 0), (2, start + 28)),
    )  # fmt: skip


def cited(found: RetrievedPassage, start: int, end: int) -> Any:
    draft = AnswerDraft()
    draft.add(PassagesFound((found,)))
    draft.add(TextDelta("Zephyr."))
    citation = draft.add(CitationMade(0, 6, 1, start, end))
    assert citation is not None
    return citation


def test_a_citation_below_a_repeated_header_points_to_its_row() -> None:
    start = TABLE.index(ROWS)
    found = passage(ROWS, start, HEADER)
    second = found.read_text.index("| Bari")
    citation = cited(found, second, len(found.read_text))
    assert citation.quote == TABLE[citation.source_start : citation.source_end] == "| Bari | Mistral | 25 tons |"
    assert citation.page == 2
    assert not citation.edited


@pytest.mark.parametrize(
    ("start", "end", "quote"),
    [
        (0, len(HEADER), "| Aden | Zephyr | 40 tons |"),
        (5, 12, "| Aden | Zephyr | 40 tons |"),
        (0, len(HEADER) + 1, "| Aden | Zephyr | 40 tons |"),
        (5, len(HEADER) + 1 + len("| Aden | Zephyr | 40 tons |"), "| Aden | Zephyr | 40 tons |"),
        (0, len(HEADER) + 1 + len(ROWS), ROWS),
    ],
)
def test_what_is_cited_of_the_header_is_cited_of_the_rows(start: int, end: int, quote: str) -> None:
    citation = cited(passage(ROWS, TABLE.index(ROWS), HEADER), start, end)
    assert citation.quote == TABLE[citation.source_start : citation.source_end] == quote


def test_a_citation_of_edited_text_is_the_whole_chunk_as_the_document_has_it() -> None:
    found = passage(ROWS, TABLE.index(ROWS), HEADER, edited="Zephyr stands in Aden.")
    assert found.read_text == f"{HEADER}\nZephyr stands in Aden."
    citation = cited(found, 40, 50)
    assert (citation.quote, citation.edited) == (ROWS, True)
    assert (citation.source_start, citation.source_end) == (found.start, found.end)


def request(found: RetrievedPassage, question: str) -> AnswerRequest:
    prompt = PromptPassage(1, found.read_text, found.title, found.filename, "", None, 1.0)
    return AnswerRequest(question, "", [prompt], (), 0.0)


async def test_the_extractive_answer_of_a_continued_table_has_its_header() -> None:
    found = passage(ROWS, TABLE.index(ROWS), HEADER)
    draft = AnswerDraft()
    draft.add(PassagesFound((found,)))
    async for part in ExtractiveAnswerer(shipped_embedder()).answer(request(found, "How much does Mistral lift?")):
        assert not isinstance(part, PromptReady)
        draft.add(part)
    assert draft.text.startswith(HEADER.split("\n", maxsplit=1)[0])
    assert draft.citations[0].quote == "Bari | Mistral | 25 tons"
    for citation in draft.citations:
        assert citation.quote == TABLE[citation.source_start : citation.source_end]


def test_a_model_reads_the_header_and_the_edited_text() -> None:
    found = passage(ROWS, TABLE.index(ROWS), HEADER, edited="Zephyr stands in Aden.")
    sent = build_prompt(request(found, "Where is Zephyr?")).messages[-1].content
    assert HEADER in sent
    assert "Zephyr stands in Aden." in sent
    assert "Mistral" not in sent


async def ask(user: Any, bearer: Any, question: str) -> dict[str, Any]:
    from asgiref.sync import sync_to_async

    headers = await sync_to_async(bearer)(user)
    response = await AsyncClient().post(
        "/api/v1/answers", data={"question": question}, content_type="application/json", headers=headers
    )
    assert response.status_code == 200, response.content
    return dict(response.json())


async def test_an_answer_from_an_edited_chunk_says_so_and_quotes_the_document(
    committed_cast: Any, bearer: Any, hub: None
) -> None:
    from asgiref.sync import sync_to_async

    chunk = await sync_to_async(Chunk.objects.get)(document=committed_cast.leave)
    await sync_to_async(chunk_edit)(user=committed_cast.root, chunk_id=chunk.pk, text=EDITED)
    found = await ask(committed_cast.mia, bearer, "How many days of paid leave does an employee have a year?")
    assert found["answer"] == EDITED
    citation = found["citations"][0]
    assert (citation["edited"], citation["quote"]) == (True, LEAVE)
    assert LEAVE[citation["source_start"] : citation["source_end"]] == citation["quote"]
    assert found["passages"][0]["edited"]
    assert found["passages"][0]["text"] == LEAVE
    assert [row.edited async for row in Citation.objects.all()] == [True]


async def test_an_answer_with_a_model_reads_a_continued_table(
    committed_cast: Any, bearer: Any, hub: None, llm: Any, use_llm: Any
) -> None:
    from asgiref.sync import sync_to_async

    def make() -> None:
        document = add_document(committed_cast.leave.source, "cranes.md", TABLE)
        Chunk.objects.filter(document=document).delete()
        start = TABLE.index(ROWS)
        version = DocumentVersion.objects.get(document=document)
        row = Chunk(version=version, document=document, source=document.source, ordinal=1, start=start,
                    end=len(TABLE), text=ROWS, tokens=20, context=HEADER)  # fmt: skip
        save_chunks([row], shipped_embedder().embed_passages([f"{HEADER}\n{ROWS}"]))
        Document.objects.exclude(pk=document.pk).delete()
        use_llm(committed_cast.assistant, llm)

    llm.reply = lambda body: "The crane Mistral lifts 25 tons [1]. The table names port, crane and lifts [1]."
    await sync_to_async(make)()
    found = await ask(committed_cast.mia, bearer, "How much does the crane Mistral lift?")
    assert HEADER in llm.requests[-1].body["messages"][-1]["content"]
    assert found["citations"][0]["quote"] == "| Bari | Mistral | 25 tons |"
    for citation in found["citations"]:
        assert citation["quote"] == TABLE[citation["source_start"] : citation["source_end"]]
