"""Texts that are not stored are scored as stored ones would be, whatever their number and length."""

import numpy as np
import pytest

from rag.embeddings import shipped_embedder
from rag.errors import RerankingError
from rag.late_interaction import shipped_late_interaction
from rag.reranking import texts
from rag.reranking.texts import scores_of_texts

QUESTION = "How many tons can the crane Zephyr lift?"
ANSWER = "The crane called Zephyr lifts forty tons and is inspected each spring."
OTHERS = ["Employees get thirty days of paid leave.", "The harbour has a crane.", "Fees are paid by noon."]


def scores(question: str, *given: str) -> list[float]:
    return scores_of_texts(question, given, shipped_embedder(), shipped_late_interaction()).tolist()


def test_the_text_that_answers_comes_first():
    found = scores(QUESTION, *OTHERS, ANSWER)
    assert np.argmax(found) == 3
    assert found[3] > 0.5 > max(found[:3])
    assert scores(QUESTION, ANSWER, *OTHERS) == pytest.approx([found[3], *found[:3]], abs=1e-6)
    assert all(0 <= score <= 1 for score in found)


def test_a_long_text_counts_by_its_best_part():
    padding = "Employees get thirty days of paid leave each year. " * 60
    found = scores(QUESTION, padding, padding + ANSWER + " " + padding)
    assert found[1] > 2 * found[0]


@pytest.mark.parametrize("odd", ["", " ", "?!", "港" * 600, "x" * 5_000, "😀" * 300, "\x00", "[SEP] [CLS]"])
def test_odd_texts_have_a_score(odd):
    found = scores(QUESTION, odd, ANSWER)
    assert found[1] > found[0]
    assert all(np.isfinite(score) for score in scores(odd, odd, ANSWER))


def test_none_is_nothing():
    assert scores(QUESTION) == []


def test_more_tokens_than_can_be_read_in_time_are_refused(monkeypatch):
    monkeypatch.setattr(texts, "MOST_TOKENS", 20)
    with pytest.raises(RerankingError) as caught:
        scores(QUESTION, ANSWER, ANSWER)
    assert caught.value.code == "texts_too_long"
