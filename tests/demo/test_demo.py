"""The demo documents can be read, and its questions say the truth about them."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from rag.parsing import ParsedDocument, parse

DEMO = Path(__file__).resolve().parents[2] / "demo"
DOCUMENTS = sorted((DEMO / "documents").iterdir())
QUESTIONS = json.loads((DEMO / "questions.json").read_text(encoding="utf-8"))


@cache
def parsed(name: str) -> ParsedDocument:
    return parse(DEMO / "documents" / name, name)


def test_has_a_dozen_documents_in_every_format_we_read():
    assert len(DOCUMENTS) == 12
    assert {parsed(path.name).kind for path in DOCUMENTS} == {"pdf", "docx", "html", "markdown", "text"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_each_document_is_short_and_has_structure(path):
    document = parsed(path.name)
    assert 250 <= len(document.text.split()) <= 700
    assert len(document.blocks) > 8


def test_the_pdf_has_pages_and_headings():
    document = parsed("incident-report-2025-07.pdf")
    assert len(document.pages) >= 2
    assert any(block.kind == "heading" for block in document.blocks)


def test_has_ten_answered_and_five_unanswered_questions():
    assert len(QUESTIONS["answered"]) == 10
    assert len(QUESTIONS["unanswered"]) == 5
    texts = [entry["question"] for entry in QUESTIONS["answered"]] + QUESTIONS["unanswered"]
    assert len(set(texts)) == 15


@pytest.mark.parametrize("entry", QUESTIONS["answered"], ids=lambda entry: entry["document"])
def test_each_quote_stands_in_its_document_and_nowhere_else(entry):
    quote = re.sub(r"\s+", " ", entry["quote"])
    holders = [path.name for path in DOCUMENTS if quote in re.sub(r"\s+", " ", parsed(path.name).text)]
    assert holders == [entry["document"]]


@pytest.mark.parametrize("words", ["parental", "horse", "2024", "pension", "bank"])
def test_what_the_unanswered_questions_ask_for_is_in_no_document(words):
    assert not [path.name for path in DOCUMENTS if re.search(rf"\b{words}\b", parsed(path.name).text, re.IGNORECASE)]
