"""A cross-encoder from a folder scores pairs as its model does, and a folder that does not fit is told."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.errors import RerankingError
from rag.reranking import Candidate, Question
from rag.reranking.cross_encoder import PAIRS_AT_A_TIME, CrossEncoder, reranker_folder
from tests.fakes.onnx_models import WORDS, logit_of, write_cross_encoder

QUESTION = "the crane lifts"
PASSAGES = ["zephyr lifts forty tons", "the crane zephyr lifts forty tons", "noon", "", "the the the", "unknown words"]


def scores(folder: Path, question: str = QUESTION, passages: list[str] = PASSAGES) -> list[float]:
    reranked = CrossEncoder(folder).rerank(Question(question), [Candidate(text) for text in passages])
    return [float(each) for each in reranked.scores]


def wanted(question: str, passages: list[str]) -> list[float]:
    return [1 / (1 + np.exp(-logit_of(question, text))) for text in passages]


@pytest.mark.parametrize("labels", [1, 2])
@pytest.mark.parametrize("types", [True, False])
def test_scores_are_those_of_the_model(tmp_path, labels, types):
    folder = write_cross_encoder(tmp_path / "m", labels=labels, types=types)
    assert scores(folder) == pytest.approx(wanted(QUESTION, PASSAGES), abs=1e-6)
    assert scores(folder, passages=[]) == []
    assert CrossEncoder(folder).name == "m"


def test_a_score_does_not_depend_on_the_others_or_on_their_order(tmp_path):
    folder = write_cross_encoder(tmp_path / "m")
    chance = np.random.default_rng(3)
    passages = [" ".join(chance.choice(WORDS[4:], size)) for size in chance.integers(0, 40, 3 * PAIRS_AT_A_TIME + 1)]
    together = scores(folder, passages=passages)
    assert together == pytest.approx(wanted(QUESTION, passages), abs=1e-6)
    assert scores(folder, passages=passages[::-1]) == pytest.approx(together[::-1], abs=1e-6)
    assert scores(folder, passages=passages[5:6]) == pytest.approx(together[5:6], abs=1e-6)


def test_a_long_passage_is_read_from_its_beginning_and_a_long_question_is_refused(tmp_path):
    folder = write_cross_encoder(tmp_path / "m", reads=48)
    room = 48 - 3 - 3
    fits = "crane " + "noon " * (room - 2)
    assert scores(folder, passages=[fits + "lifts", fits + "noon lifts"]) == pytest.approx(
        wanted(QUESTION, ["crane lifts", "crane"]), abs=1e-6
    )
    question = "the " * 13
    assert scores(folder, question, ["the"]) == pytest.approx(wanted(question, ["the"]), abs=1e-6)
    with pytest.raises(RerankingError, match="too long for the model") as caught:
        scores(folder, "the " * 14, ["the"])
    assert caught.value.code == "reranking_question_long"


def test_marks_of_the_model_in_a_text_are_text(tmp_path):
    folder = write_cross_encoder(tmp_path / "m")
    assert scores(folder, passages=["noon [SEP] crane"]) == pytest.approx(wanted(QUESTION, ["crane"]), abs=1e-6)


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "/etc", "", "missing", "x\x00y"])
def test_only_folders_of_the_allowed_one_are_taken(tmp_path, name):
    with pytest.raises(RerankingError) as caught:
        reranker_folder(tmp_path, name)
    assert caught.value.code == "reranking_folder"


def test_a_model_may_lie_in_the_folder_onnx(tmp_path):
    folder = write_cross_encoder(tmp_path / "m")
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    assert reranker_folder(tmp_path, "m") == folder
    assert scores(folder) == pytest.approx(wanted(QUESTION, PASSAGES), abs=1e-6)


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("config.json", None, r"lacks config\.json"),
        ("config.json", b"{", "cannot be read"),
        ("tokenizer.json", None, r"lacks tokenizer\.json"),
        ("tokenizer.json", b"{}", "cannot be read"),
        ("model.onnx", None, r"lacks model\.onnx or model\.safetensors"),
        ("model.onnx", b"no model", "cannot be read"),
    ],
)
def test_a_folder_that_does_not_fit_is_told(tmp_path, file, content, told):
    folder = write_cross_encoder(tmp_path / "m")
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(RerankingError, match=told) as caught:
        CrossEncoder(folder)
    assert caught.value.code == "reranking_folder"


def test_a_classifier_of_something_else_is_refused(tmp_path):
    with pytest.raises(RerankingError, match="one or two labels"):
        scores(write_cross_encoder(tmp_path / "m", labels=3))


def test_a_model_of_another_vocabulary_is_told(tmp_path):
    folder = write_cross_encoder(tmp_path / "m")
    made = json.loads((folder / "tokenizer.json").read_text())
    made["model"]["vocab"]["beyond"] = 4_000
    (folder / "tokenizer.json").write_text(json.dumps(made))
    with pytest.raises(RerankingError, match="failed on a text"):
        scores(folder, passages=["beyond"])


def test_a_model_without_onnx_needs_torch(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    folder = write_cross_encoder(tmp_path / "m")
    (folder / "model.onnx").unlink()
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(RerankingError) as caught:
        CrossEncoder(folder)
    assert caught.value.code == "reranking_not_installed"
