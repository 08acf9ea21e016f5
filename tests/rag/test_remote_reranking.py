"""A remote reranker asks once, takes the scores in the order of the passages, and says what went wrong."""

import time

import pytest

from rag.errors import RerankingError
from rag.outbound import OutboundPolicy
from rag.reranking import MOST_CANDIDATES, Candidate, Question, remote
from rag.reranking.remote import CHARACTERS_OF_A_PASSAGE, RemoteReranker, RemoteRerankingModel
from tests.fakes.rerankers import FakeReranker, score_of

LOCAL = OutboundPolicy(allow=("127.0.0.1",))
KEY = "rk-test-0123456789"
QUESTION = Question("How many tons can Zephyr lift?")
PASSAGES = [Candidate("The harbour."), Candidate("Zephyr can lift forty tons."), Candidate("How many tons?")]


@pytest.fixture(params=["cohere", "tei"])
def server(request):
    with FakeReranker(shape=request.param) as fake:
        yield fake


def reranker(server: FakeReranker, *, answer_s: float = 1.0, api_key: str = "") -> RemoteReranker:
    return RemoteReranker(RemoteRerankingModel(server.base_url, "fake", server.shape, api_key), LOCAL, answer_s)


def test_one_call_with_all_passages_gives_their_scores_in_their_order(server):
    server.api_key = KEY
    scores = reranker(server, api_key=KEY).rerank(QUESTION, PASSAGES).scores
    assert scores.tolist() == pytest.approx([score_of(QUESTION.text, each.text) for each in PASSAGES])
    (sent,) = server.requests
    texts = [each.text for each in PASSAGES]
    if server.shape == "cohere":
        assert sent == {"model": "fake", "query": QUESTION.text, "documents": texts, "top_n": 3}
    else:
        assert sent == {"query": QUESTION.text, "texts": texts, "truncate": True}


def test_requests_are_bounded(server):
    made = reranker(server)
    assert made.rerank(QUESTION, []).scores.shape == (0,)
    with pytest.raises(RerankingError):
        made.rerank(QUESTION, [Candidate("x")] * (MOST_CANDIDATES + 1))
    assert not server.requests
    made.rerank(QUESTION, [Candidate("word " * 8_000)] * MOST_CANDIDATES)
    sent = server.requests[0]["documents" if server.shape == "cohere" else "texts"]
    assert len(sent) == MOST_CANDIDATES
    assert {len(text) for text in sent} == {CHARACTERS_OF_A_PASSAGE}


def test_logits_become_scores_in_the_same_order(server):
    server.failure = "logits"
    scores = reranker(server).rerank(QUESTION, PASSAGES).scores
    assert all(0 <= score <= 1 for score in scores)
    assert scores[1] > scores[2] > scores[0]


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ("unauthorized", "reranking_unauthorized"),
        ("not_found", "reranking_model_unknown"),
        ("bad_request", "reranking_rejected"),
        ("rate_limited", "reranking_rate_limited"),
        ("server_error", "reranking_unavailable"),
        ("cut", "reranking_unavailable"),
        ("too_few", "reranking_malformed"),
        ("same_index", "reranking_malformed"),
        ("nan", "reranking_malformed"),
        ("wrong_shape", "reranking_malformed"),
        ("html", "reranking_malformed"),
        ("huge", "reranking_malformed"),
        ("redirect", "reranking_rejected"),
    ],
)
def test_each_failure_has_a_code_and_a_sentence_without_the_key(server, failure, code):
    server.failure = failure
    with pytest.raises(RerankingError) as caught:
        reranker(server, api_key=KEY).rerank(QUESTION, PASSAGES)
    assert caught.value.code == code
    assert caught.value.message.endswith(".")
    assert KEY not in str(caught.value)
    assert (failure != "bad_request") or ("Failed as asked" in caught.value.message)


def test_the_other_shape_is_told(server):
    other = "tei" if server.shape == "cohere" else "cohere"
    made = RemoteReranker(RemoteRerankingModel(server.base_url, "fake", other), LOCAL)
    with pytest.raises(RerankingError) as caught:
        made.rerank(QUESTION, PASSAGES)
    assert caught.value.code == "reranking_rejected"


def test_a_server_that_is_too_slow_or_gone_is_told(server):
    server.delay_s = 3.0
    with pytest.raises(RerankingError) as caught:
        reranker(server, answer_s=0.2).rerank(QUESTION, PASSAGES)
    assert caught.value.code == "reranking_timeout"
    server.stop()
    with pytest.raises(RerankingError) as caught:
        reranker(server).rerank(QUESTION, PASSAGES)
    assert caught.value.code == "reranking_unavailable"
    server.start()


def test_after_a_question_that_failed_the_next_ones_do_not_wait(server, monkeypatch):
    monkeypatch.setattr(remote, "LEAVE_ALONE_S", 0.3)
    made = reranker(server)
    server.failure = "server_error"
    for _ in range(3):
        with pytest.raises(RerankingError):
            made.rerank(QUESTION, PASSAGES)
    assert len(server.requests) == 1
    server.failure = ""
    time.sleep(0.35)
    assert made.rerank(QUESTION, PASSAGES).scores.shape == (3,)


def test_a_private_address_needs_permission(server):
    made = RemoteReranker(RemoteRerankingModel(server.base_url, "fake", server.shape), OutboundPolicy())
    with pytest.raises(RerankingError) as caught:
        made.rerank(QUESTION, PASSAGES)
    assert caught.value.code == "reranking_address"
    assert "OUTBOUND_ALLOW_PRIVATE" in caught.value.message
    assert not server.requests


def test_a_model_says_nothing_of_its_key():
    assert KEY not in repr(RemoteRerankingModel("http://localhost/v1", "fake", "tei", KEY))
