"""From queries to passages: what several searches found, and how far a search is asked."""

import uuid
from dataclasses import replace
from typing import Any

import pytest

from chat.answering import finding
from chat.answering.finding import Finding, find, united
from documents.retrieval import Retrieval, RetrievedPassage, SearchSettings
from tests.chat.conftest import Cast

PASSAGE = RetrievedPassage(
    chunk_id=1, document_id=uuid.uuid4(), version_id=1, filename="a.md", title="A", heading="", text="Seven ships.",
    start=0, end=12, page=None, score=1.0, dense_score=0.0, keyword_score=0.5, source_id=uuid.uuid4(), source_name="S",
)  # fmt: skip


def found(*scores: tuple[int, float], by_words: bool = False) -> Retrieval:
    passages = [replace(PASSAGE, chunk_id=chunk, score=score, dense_score=score / 2) for chunk, score in scores]
    return Retrieval(passages, [], by_words=by_words)


def test_the_best_of_each_search_have_a_share_of_the_places() -> None:
    one = found((1, 0.9), (2, 0.8), (3, 0.7), (4, 0.6))
    other = found((5, 0.3), (6, 0.2), (3, 0.1))
    both = united([one, other], 4)
    assert [each.chunk_id for each in both.passages] == [1, 2, 5, 6, 3, 4]
    assert len({each.chunk_id for each in both.passages[:4]} & {5, 6}) == 2


def test_a_passage_that_two_searches_found_is_there_once_with_its_best_scores() -> None:
    both = united([found((1, 0.2), (2, 0.1)), found((2, 0.9))], 2)
    assert [(each.chunk_id, each.score, each.dense_score) for each in both.passages] == [(2, 0.9, 0.45), (1, 0.2, 0.1)]
    assert united([found((1, 0.2), by_words=True), found((2, 0.9), by_words=True)], 2).by_words
    assert not united([found((1, 0.2), by_words=True), found((2, 0.9))], 2).by_words


@pytest.mark.parametrize(
    ("chosen", "limit"),
    [
        (SearchSettings(), 18),
        (SearchSettings(rerank_depth=12), 12),
        (SearchSettings(rerank_depth=3), 8),
        (SearchSettings(candidates=10), 10),
    ],
)
def test_no_more_is_found_than_is_put_in_order(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, chosen: SearchSettings, limit: int
) -> None:
    asked: list[dict[str, Any]] = []

    def search(**given: Any) -> Retrieval:
        asked.append(given)
        return found((1, 0.9))

    monkeypatch.setattr(finding, "search", search)
    find(Finding(cast.mia, "Leave?", ("Leave?",), None, 8, 1_000, settings=chosen))
    assert [(given["limit"], given["settings"]) for given in asked] == [(limit, chosen)]
