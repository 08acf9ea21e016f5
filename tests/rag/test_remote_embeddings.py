"""A remote embedder asks in bounded requests, checks what comes, and says what went wrong."""

import time

import numpy as np
import pytest

from rag import remote_embeddings
from rag.embeddings import shipped_embedder
from rag.errors import EmbeddingError
from rag.outbound import OutboundPolicy
from rag.remote_embeddings import TEXTS_PER_REQUEST, Patience, RemoteEmbedder, RemoteModel
from tests.fakes.embeddings import FakeEmbeddings, vector_of

LOCAL = OutboundPolicy(allow=("127.0.0.1",))
QUICK = Patience(connect=1.0, answer=1.0, again=0.0)
KEY = "sk-test-0123456789"


@pytest.fixture
def server():
    with FakeEmbeddings() as fake:
        yield fake


def embedder(server: FakeEmbeddings, *, patience: Patience = QUICK, dimensions: int = 64, **remote) -> RemoteEmbedder:
    return RemoteEmbedder(RemoteModel(server.base_url, "fake", **remote), dimensions, LOCAL, patience)


def test_vectors_have_unit_length_and_the_order_of_the_texts(server):
    server.reverse = True
    texts = [f"Ship number {n} carries timber." for n in range(2 * TEXTS_PER_REQUEST + 5)]
    seen = []
    vectors = embedder(server).embed_passages(texts, seen.append)
    assert vectors.shape == (len(texts), 64)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    wanted = np.array([vector_of(text, 64) for text in texts])
    assert np.allclose(vectors, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-5)
    assert [len(request["input"]) for request in server.requests] == [64, 64, 5]
    assert seen == [64, 128, 133]
    assert server.requests[0]["encoding_format"] == "float"
    assert server.requests[0]["model"] == "fake"


def test_requests_are_bounded_by_their_characters_too(server):
    texts = ["word " * 8_000] * 5
    embedder(server).embed_passages(texts)
    assert [len(request["input"]) for request in server.requests] == [2, 2, 1]


def test_prefixes_go_before_questions_and_passages(server):
    made = embedder(server, query_prefix="query: ", passage_prefix="passage: ")
    made.embed_passages(["One."])
    made.embed_query("Two?")
    assert server.texts == ["passage: One.", "query: Two?"]


def test_chunks_are_cut_by_the_tokens_of_the_shipped_embedder(server):
    made, shipped = embedder(server), shipped_embedder()
    assert made.max_tokens == shipped.max_tokens
    assert made.token_offsets("Unbelievable words.") == shipped.token_offsets("Unbelievable words.")


def test_a_long_question_is_read_to_its_end(server):
    question = "harbour " * 400 + "zeppelin"
    vector = embedder(server).embed_query(question)
    assert len(server.texts) == 2
    assert server.texts[1].endswith("zeppelin")
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_the_probe_tells_the_dimensions(server):
    assert embedder(server, dimensions=0).probe() == 64
    server.dimensions = 4096
    with pytest.raises(EmbeddingError, match="4096 dimensions and 4000 can be searched"):
        embedder(server, dimensions=0).probe()


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ("unauthorized", "embedding_unauthorized"),
        ("not_found", "embedding_model_unknown"),
        ("bad_request", "embedding_rejected"),
        ("rate_limited", "embedding_rate_limited"),
        ("server_error", "embedding_unavailable"),
        ("cut", "embedding_unavailable"),
        ("too_few", "embedding_malformed"),
        ("same_index", "embedding_malformed"),
        ("nan", "embedding_malformed"),
        ("zero", "embedding_malformed"),
        ("wrong_shape", "embedding_malformed"),
        ("html", "embedding_malformed"),
        ("redirect", "embedding_rejected"),
    ],
)
def test_each_failure_has_a_code_and_a_sentence_without_the_key(server, failure, code):
    server.failure = failure
    with pytest.raises(EmbeddingError) as caught:
        embedder(server, api_key=KEY).embed_passages(["One.", "Two."])
    assert caught.value.code == code
    assert caught.value.message.endswith(".")
    assert KEY not in str(caught.value)


def test_a_server_that_is_too_slow_or_gone_is_told(server):
    server.delay_s = 3.0
    with pytest.raises(EmbeddingError) as caught:
        embedder(server, patience=Patience(answer=0.2, again=0.0)).embed_passages(["One."])
    assert caught.value.code == "embedding_timeout"
    server.stop()
    with pytest.raises(EmbeddingError) as caught:
        embedder(server).embed_passages(["One."])
    assert caught.value.code == "embedding_unavailable"
    server.start()


def test_vectors_of_another_length_are_refused(server):
    with pytest.raises(EmbeddingError) as caught:
        embedder(server, dimensions=32).embed_passages(["One."])
    assert caught.value.code == "embedding_dimensions"


@pytest.mark.parametrize("failure", ["rate_limited", "server_error", "cut"])
def test_what_passes_is_tried_again(server, failure):
    server.failure, server.failures_left = failure, 1
    vectors = embedder(server, patience=Patience(again=5.0)).embed_passages(["One."])
    assert vectors.shape == (1, 64)
    assert len(server.requests) == 2


def test_nobody_waits_longer_than_the_patience_however_long_the_server_asks_for(server):
    server.failure, server.retry_after = "rate_limited", "3600"
    started = time.monotonic()
    with pytest.raises(EmbeddingError):
        embedder(server, patience=Patience(again=2.0)).embed_passages(["One."])
    assert time.monotonic() - started < 1


def test_after_a_question_that_failed_the_next_ones_do_not_wait(server, monkeypatch):
    monkeypatch.setattr(remote_embeddings, "LEAVE_ALONE_S", 0.3)
    made = embedder(server)
    server.failure = "server_error"
    for _ in range(3):
        with pytest.raises(EmbeddingError):
            made.embed_query("Is anybody there?")
    assert len(server.requests) == 1
    server.failure = ""
    time.sleep(0.35)
    assert made.embed_query("Is anybody there?").shape == (64,)


def test_a_private_address_needs_permission(server):
    made = RemoteEmbedder(RemoteModel(server.base_url, "fake"), 64, OutboundPolicy(), QUICK)
    with pytest.raises(EmbeddingError) as caught:
        made.embed_passages(["One."])
    assert caught.value.code == "embedding_address"
    assert "OUTBOUND_ALLOW_PRIVATE" in caught.value.message
    assert not server.requests


def test_a_model_says_nothing_of_its_key():
    assert KEY not in repr(RemoteModel("http://localhost/v1", "fake", KEY))
