"""Late interaction: what is stored of a passage, and how a question is compared with it."""

import hashlib
import json

import numpy as np
import pytest

from rag.embeddings import SHIPPED_MODEL, shipped_embedder
from rag.errors import RerankingError
from rag.late_interaction import FORMAT, MAX_QUESTION_TOKENS, LateInteraction, shipped_late_interaction
from rag.reranking.chances import reranked_scores

FERRIES = "The ferry to Inchmore leaves at 07:40, and bicycles travel free of charge on the lower deck."
TAXES = "Declarations of income are due by the end of May; late ones cost a fee of fifty pounds."
BAKERY = "Our bakers knead the dough by hand and let it rest for twenty hours before it goes into the oven."


@pytest.fixture(scope="module")
def late():
    return shipped_late_interaction()


def random_tokens(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 384)).astype(np.float32)


def stored(texts):
    return shipped_embedder().embed_passages_and_tokens(texts, shipped_late_interaction().encode)[1]


def asked(question):
    return shipped_embedder().embed_query_and_tokens(question)[1]


def full_precision(late, question, passages):
    """The definition, slowly: the mean over the question's tokens of the best cosine after the projection."""
    scores = []
    for passage in passages:
        cosines = late._project(question) @ late._project(passage).T
        scores.append(cosines.max(axis=1).mean())
    return np.array(scores)


def test_the_passage_that_answers_wins(late):
    packed = stored([TAXES, FERRIES, BAKERY])
    assert late.scores(asked("Do I pay for my bicycle on the boat?"), packed).argmax() == 1
    assert late.scores(asked("When must I declare what I earn?"), packed).argmax() == 0
    assert late.scores(asked("How long does bread rest?"), packed).argmax() == 2


def test_a_passage_takes_a_byte_and_thirty_two_for_each_token(late):
    assert late.encode(random_tokens(7))[0] == FORMAT
    assert len(late.encode(random_tokens(7))) == 1 + 7 * 32
    (longest,) = stored(["word " * 254])
    assert len(longest) == 1 + 254 * 32 <= 8 * 1024


def test_the_order_of_full_precision_is_kept(late):
    question = random_tokens(12)
    # Passages that share more and more with the question.
    passages = [
        np.concatenate([share / 20 * question + (1 - share / 20) * random_tokens(12, share + 1), random_tokens(60, 99)])
        for share in range(20)
    ]
    expected = full_precision(late, question, passages)
    scores = late.scores(question, [late.encode(passage) for passage in passages])
    assert np.corrcoef(expected, scores)[0, 1] > 0.98
    assert scores.argmax() == expected.argmax() == 19


def test_a_passage_has_the_same_score_alone_and_in_any_company(late):
    packed = [late.encode(random_tokens(count, count)) for count in (1, 250, 3, 0, 700, 40, 2_000, 5, 0)]
    question = random_tokens(9)
    together = late.scores(question, packed)
    alone = [late.scores(question, [each])[0] for each in packed]
    assert np.allclose(together, alone, atol=1e-5)
    assert np.allclose(late.scores(question, packed[::-1]), together[::-1], atol=1e-5)
    assert np.allclose(late.scores(question, [memoryview(each) for each in packed]), together, atol=1e-5)


def test_scores_are_cosines_and_nothing_matches_an_empty_passage(late):
    scores = late.scores(random_tokens(5), [late.encode(random_tokens(50, 1)), late.encode(random_tokens(0))])
    assert scores.dtype == np.float32
    assert -1 <= scores[0] <= 1
    assert scores[1] == 0
    assert late.scores(random_tokens(5), []).shape == (0,)


@pytest.mark.parametrize("damaged", [b"", b"\x00", b"\x02" + bytes(32), b"\x01" + bytes(31), bytes(33), b"\xff" * 65])
def test_bytes_of_another_form_are_refused_with_what_to_do(late, damaged):
    with pytest.raises(RerankingError) as caught:
        late.scores(random_tokens(3), [late.encode(random_tokens(4)), damaged])
    assert caught.value.code == "token_format"
    assert "Index its document again" in caught.value.message


def test_any_bytes_of_the_right_form_can_be_compared(late):
    noise = np.random.default_rng(1).integers(0, 256, 40 * 32, np.uint8).tobytes()
    scores = late.scores(random_tokens(6), [bytes([FORMAT]) + noise, bytes([FORMAT]) + bytes(32)])
    assert np.isfinite(scores).all()


def test_tokens_of_another_shape_are_refused(late):
    for wrong in (random_tokens(3)[:, :100], random_tokens(3)[0], np.zeros((2, 3, 384), np.float32)):
        with pytest.raises(ValueError, match="shape"):
            late.encode(wrong)
        with pytest.raises(ValueError, match="shape"):
            late.scores(wrong, [])
    with pytest.raises(ValueError, match="at least one"):
        late.scores(random_tokens(0), [])


def test_zeros_and_huge_numbers_do_no_harm(late):
    odd = [np.zeros((2, 384), np.float32), np.full((2, 384), 1e18, np.float32), random_tokens(2) * 1e-18]
    packed = [late.encode(each) for each in odd]
    assert [len(each) for each in packed] == [65, 65, 65]
    for each in odd:
        assert np.isfinite(late.scores(each, packed)).all()


def test_a_very_long_question_is_compared_by_tokens_from_all_of_it(late):
    opening = random_tokens(30)
    end = random_tokens(500, 5)
    packed = [late.encode(opening), late.encode(end)]
    scores = late.scores(np.concatenate([opening, end]), packed)
    assert len(end) > MAX_QUESTION_TOKENS
    assert scores[1] > scores[0]


def test_the_shipped_projection_is_the_one_of_its_card():
    card = json.loads((SHIPPED_MODEL / "late_interaction.json").read_text(encoding="utf-8"))
    assert card["format"] == FORMAT
    for name, expected in card["sha256"].items():
        assert hashlib.sha256((SHIPPED_MODEL / name).read_bytes()).hexdigest() == expected
    with np.load(SHIPPED_MODEL / "late_interaction.npz") as file:
        projection = file["projection"].astype(np.float32)
    assert projection.shape == (384, card["dimensions"])
    assert np.allclose(projection.T @ projection, np.eye(card["dimensions"]), atol=1e-2)


def test_another_width_packs_and_compares_alike():
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(384, 384)))[0].astype(np.float32)
    wide = LateInteraction(turn, np.zeros(384, np.float32))
    passages = [random_tokens(20, seed) for seed in range(5)]
    question = passages[3][:6]
    scores = wide.scores(question, [wide.encode(passage) for passage in passages])
    assert scores.argmax() == 3
    assert scores[3] > 0.9


def test_each_kind_of_evidence_raises_the_final_score():
    low, high = np.array([0.3], np.float32), np.array([0.8], np.float32)
    base = reranked_scores(low, low, low)
    for better in (reranked_scores(high, low, low), reranked_scores(low, high, low), reranked_scores(low, low, high)):
        assert 0 < base[0] < better[0] < 1


def test_final_scores_are_chances_whatever_comes_in():
    odd = np.array([0.0, -1.0, 1.0, 1e9, -1e9, np.nan], np.float32)
    scores = reranked_scores(odd, odd, odd)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores[-1] == 0
    assert reranked_scores(odd[:0], odd[:0], odd[:0]).shape == (0,)
