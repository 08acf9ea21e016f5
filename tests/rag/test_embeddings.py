"""The embedder that ships: its vectors, its limits, and what it promises to its callers."""

import hashlib
import itertools
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag import embeddings
from rag.embeddings import SHIPPED_MODEL, available_cores, share_cores, shipped_embedder
from rag.errors import EmbeddingError

REFERENCE = json.loads((Path(__file__).parent / "embedding_reference.json").read_text(encoding="utf-8"))
TEXTS = [row["text"] for row in REFERENCE]


@pytest.fixture(scope="module")
def embedder():
    return shipped_embedder()


def test_vectors_have_the_promised_shape_and_unit_length(embedder):
    vectors = embedder.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions) == (6, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    query = embedder.embed_query(TEXTS[0])
    assert query.shape == (384,)
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-5)


def test_int8_vectors_stay_close_to_full_precision(embedder):
    expected = np.array([row["vector"] for row in REFERENCE], np.float32)
    cosines = (embedder.embed_passages(TEXTS) * expected).sum(axis=1)
    assert cosines.min() > 0.995


def test_the_order_of_texts_is_kept_whatever_their_lengths(embedder):
    texts = [f"{TEXTS[n % 6]} {'more words ' * (n % 37)}" for n in range(60)]
    forwards = embedder.embed_passages(texts)
    backwards = embedder.embed_passages(texts[::-1])
    assert np.array_equal(forwards, backwards[::-1])


def test_a_text_has_the_same_vector_alone_in_company_and_as_a_query(embedder):
    together = embedder.embed_passages([*TEXTS, "!!!", "word " * 200])
    for row, text in enumerate(TEXTS):
        assert np.array_equal(together[row], embedder.embed_passages([text])[0])
        assert together[row] @ embedder.embed_query(text) > 0.9999


def test_no_texts_give_no_vectors(embedder):
    assert embedder.embed_passages([]).shape == (0, 384)


def test_an_empty_text_has_a_vector(embedder):
    assert np.isfinite(embedder.embed_passages([""])).all()
    assert np.isfinite(embedder.embed_query("")).all()


def test_a_passage_at_the_limit_is_read_and_one_past_it_is_refused(embedder):
    assert embedder.embed_passages(["word " * 254]).shape == (1, 384)
    with pytest.raises(EmbeddingError) as caught:
        embedder.embed_passages(["short", "word " * 255])
    assert caught.value.code == "text_too_long"
    assert "Passage 2 has 257 tokens" in caught.value.message


def test_a_long_question_is_read_to_its_end(embedder):
    opening = "The harbour office opens at eight in the morning. " * 40
    about_ferries = embedder.embed_query(opening + "Which ferry carries bicycles? " * 40)
    about_tax = embedder.embed_query(opening + "Which form declares income tax? " * 40)
    assert np.linalg.norm(about_ferries) == pytest.approx(1, abs=1e-5)
    assert about_ferries @ embedder.embed_query("ferry bicycles") > about_tax @ embedder.embed_query("ferry bicycles")


def test_progress_only_grows_and_ends_at_the_number_of_texts(embedder):
    seen: list[int] = []
    embedder.embed_passages([f"Line {n} " * (n % 40 + 1) for n in range(120)], seen.append)
    assert seen == sorted(set(seen))
    assert len(seen) > 2
    assert seen[-1] == 120


def test_threads_share_one_embedder(embedder):
    expected = embedder.embed_passages(TEXTS)
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: embedder.embed_passages(TEXTS), range(18)))
        embedders = set(pool.map(lambda _: id(shipped_embedder()), range(18)))
    assert all(np.allclose(result, expected, atol=1e-5) for result in results)
    assert embedders == {id(embedder)}


FORKING = """
import multiprocessing, sys
import numpy as np
from rag.embeddings import shipped_embedder

def embed(queue):
    queue.put(shipped_embedder().embed_query("Which ferry goes to the island?"))

expected = shipped_embedder().embed_query("Which ferry goes to the island?")
context = multiprocessing.get_context("fork")
queue = context.Queue()
child = context.Process(target=embed, args=(queue,))
child.start()
assert np.allclose(queue.get(timeout=30), expected, atol=1e-5)
child.join(timeout=30)
"""


def test_a_forked_child_makes_its_own():
    # In a process of its own: the other tests of this one leave threads behind, with which nobody should fork.
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=90, cwd=root)
    assert done.returncode == 0, done.stderr


def test_neither_torch_nor_transformers_is_loaded():
    code = (
        "import sys; from rag.embeddings import shipped_embedder; shipped_embedder().embed_query('ferry');"
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=root)
    assert done.stdout.strip() == "set()", done.stderr


def test_the_shipped_files_are_those_of_the_card():
    card = json.loads((SHIPPED_MODEL / "card.json").read_text(encoding="utf-8"))
    assert card["licence"] == "Apache-2.0"
    assert "Apache License" in (SHIPPED_MODEL / "LICENSE").read_text(encoding="utf-8")
    for name in ("model.onnx", "tokenizer.json"):
        assert hashlib.sha256((SHIPPED_MODEL / name).read_bytes()).hexdigest() == card["sha256"][name]


def test_cores_are_at_least_one():
    assert available_cores() >= 1


def test_processes_that_do_the_same_work_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "_cores", lambda: 8)
    monkeypatch.setattr(embeddings, "_sharing", 1)
    assert available_cores() == 8
    share_cores(3)
    assert available_cores() == 2
    share_cores(16)
    assert available_cores() == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ferry to Inchmore", ["Ferry", "to", "Inch", "more"]),
        ("caf\u00e9 cafe\u0301 na\u00efve", ["caf\u00e9", "cafe\u0301", "na\u00efve"]),
        ("\u6771\u4eac \u30d5", ["\u6771", "\u4eac", "\u30d5"]),
        ("\U0001f6a2 ship \U0001f6a2", ["\U0001f6a2", "ship", "\U0001f6a2"]),
        ("a\u200b\u0000b \r\n c", ["a\u200b\u0000b", "c"]),
        ("[SEP] ok", ["[", "SEP", "]", "ok"]),
    ],
)
def test_token_spans_hold_the_words_they_stand_for(embedder, text, words):
    assert [text[start:end] for start, end in embedder.token_offsets(text)] == words


def test_token_spans_of_any_script_are_in_order_and_inside_the_text(embedder):
    arabic, family, hindi = "\u0645\u0631\u062d\u0628\u0627", "\U0001f468\u200d\U0001f469", "\u0915\u094d\u0937"
    text = f"{arabic} \u0434\u0430 {family} Z\u0324\u0351 \ufb01n \u00df \u1e9e \u0130 {hindi} 1\u00bd"
    spans = embedder.token_offsets(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    covered = {index for start, end in spans for index in range(start, end)}
    assert all(index in covered for index, character in enumerate(text) if character.isalnum())


def test_token_spans_of_a_long_text_do_not_depend_on_where_it_is_cut(embedder):
    line = "Sailings at 07:40, caf\u00e9 open; \u6771\u4eac.\n"
    one = embedder.token_offsets(line)
    many = embedder.token_offsets(line * 2000)
    expected = [(n * len(line) + start, n * len(line) + end) for n in range(2000) for start, end in one]
    assert many == expected
    assert embedder.token_offsets("") == []
    assert len(embedder.token_offsets("x" * 50_000)) == 1


def test_the_sentence_vector_is_the_same_to_the_last_bit_with_token_vectors_beside_it(embedder):
    texts = [*TEXTS, "", "!!!", "word " * 200]
    vectors, tokens = embedder.embed_passages_and_tokens(texts, lambda each: each)
    assert np.array_equal(vectors, embedder.embed_passages(texts))
    assert [each.shape[1] for each in tokens] == [384] * len(texts)
    for text in [*texts, "Which ferry carries bicycles? " * 200]:
        assert np.array_equal(embedder.embed_query_and_tokens(text)[0], embedder.embed_query(text))


def test_a_passage_and_a_question_have_the_same_token_vectors(embedder):
    _, (passage,) = embedder.embed_passages_and_tokens([TEXTS[0]], lambda each: each)
    assert np.array_equal(passage, embedder.embed_query_and_tokens(TEXTS[0])[1])


@pytest.mark.parametrize(
    ("text", "count"),
    [("Ferry to Inchmore", 4), ("Ferry, to: (Inchmore)!", 4), ("caf\u00e9 \u6771\u4eac 7", 4), ("", 2), ("?!", 4)],
)
def test_token_vectors_are_those_of_words_unless_there_are_none(embedder, text, count):
    assert embedder.embed_query_and_tokens(text)[1].shape == (count, 384)


def test_a_long_question_has_no_more_token_vectors_than_the_model_reads(embedder):
    assert embedder.embed_query_and_tokens("word " * 5_000)[1].shape == (254, 384)


def test_with_token_vectors_too_progress_is_told_and_long_texts_are_refused(embedder):
    seen: list[int] = []
    vectors, counts = embedder.embed_passages_and_tokens(["one", "two words"] * 20, len, seen.append)
    assert (vectors.shape, counts, seen) == ((40, 384), [1, 2] * 20, list(range(1, 41)))
    assert embedder.embed_passages_and_tokens([], len)[1] == []
    with pytest.raises(EmbeddingError, match="text_too_long"):
        embedder.embed_passages_and_tokens(["word " * 255], len)
