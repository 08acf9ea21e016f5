"""A cross-encoder in safetensors scores pairs as transformers itself does."""

from pathlib import Path

import pytest

from rag.errors import RerankingError
from rag.reranking import Candidate, Question
from rag.reranking.cross_encoder import CrossEncoder
from tests.local_llm.conftest import make_cross_encoder

QUESTION = "the crane lifts"
PASSAGES = ["forty tons", "the crane lifts forty tons", "tons", "noon " * 60, "the noon"]


def wanted(folder: Path) -> list[float]:
    """Each pair alone, through transformers' own tokenizer."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    found = []
    for passage in PASSAGES:
        encoded = tokenizer(QUESTION, passage, truncation="only_second", max_length=48, return_tensors="pt")
        with torch.inference_mode():
            logits = model(**encoded).logits[0]
        found.append(float(torch.sigmoid(logits[0]) if len(logits) == 1 else torch.softmax(logits, -1)[1]))
    return found


@pytest.mark.parametrize("labels", [1, 2])
@pytest.mark.parametrize("types", [True, False])
def test_scores_are_those_of_transformers(tmp_path: Path, labels: int, types: bool) -> None:
    folder = make_cross_encoder(tmp_path / "m", labels, types)
    scores = CrossEncoder(folder).rerank(Question(QUESTION), [Candidate(text) for text in PASSAGES]).scores
    assert scores.tolist() == pytest.approx(wanted(folder), abs=1e-5)
    assert len({round(score, 4) for score in scores.tolist()}) > 2


def test_a_model_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = make_cross_encoder(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(b"no model")
    with pytest.raises(RerankingError, match="cannot be read") as caught:
        CrossEncoder(folder)
    assert caught.value.code == "reranking_folder"
