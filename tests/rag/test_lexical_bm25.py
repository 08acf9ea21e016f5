"""BM25: the weights against the formula by hand, and rankings that follow from it."""

import math

import numpy as np
import pytest

from bench.measures.ranking import quality
from rag.lexical import chunk_terms, question_terms
from rag.lexical.bm25 import Index, idf, saturation


def test_scores_are_those_of_the_formula():
    chunks = [{"cat": 2, "dog": 1}, {"cat": 1}, {"bird": 4, "fish": 4}]
    scores = Index(chunks, k1=1.2, b=0.75).scores([("cat", "bird"), ("cat",), ("unknown",)])
    rarity_of_cat = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    assert scores[1] == pytest.approx(rarity_of_cat * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1 / 4)))
    assert scores[0] == pytest.approx(idf(2, 3) * saturation(2, 3, 4))
    assert scores[2] == pytest.approx(idf(1, 3) * saturation(4, 8, 4))


def test_other_constants_can_be_tried_on_the_same_index():
    chunks = [{"cat": 1}, {"cat": 1, "dog": 9}]
    index = Index(chunks)
    assert index.scores([("cat",)])[0] > index.scores([("cat",)])[1]
    index.weigh(1.2, 0.0)
    assert index.scores([("cat",)])[0] == index.scores([("cat",)])[1]


def test_an_index_without_chunks_and_a_chunk_without_terms_score_nothing():
    assert Index([]).scores([("cat",)]).shape == (0,)
    assert Index([{}, {"cat": 1}]).scores([("cat",)])[0] == 0


def test_a_term_is_worth_more_the_rarer_it_is_and_never_nothing():
    values = [idf(holding, 100) for holding in (1, 10, 50, 100)]
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0


def test_a_question_finds_its_chunk_in_a_corpus_of_several_languages():
    texts = [
        ("en", "Holidays are requested in the portal."),
        ("de", "Urlaubstage werden im Portal beantragt."),
        ("zh", "员工在门户网站申请假期。"),
        ("en", "Invoices such as INV-2023-001 are paid within a month."),
    ]
    index = Index([chunk_terms(text, language) for language, text in texts])
    languages = ["en", "de", "zh"]
    found = [
        int(np.argmax(index.scores(question_terms(question, languages))))
        for question in ("requesting a holiday", "Urlaubstag beantragen", "假期", "inv 2023 001")
    ]
    assert found == [0, 1, 2, 3]


def test_measures_of_a_ranking():
    scores = np.array([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1]])
    found = quality(lambda index: scores[index], [{2}, {0}])
    assert (found.recall_at_1, found.mrr_at_10) == (0.5, 0.75)
    assert found.ndcg_at_10 == pytest.approx((1 / math.log2(3) + 1) / 2)
    assert quality(lambda index: scores[index], [{2}, {0}], asked=lambda index: index == 1).recall_at_1 == 1
