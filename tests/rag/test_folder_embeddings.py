"""A model in a folder gives the vectors it should, and a folder that does not fit is told."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.embeddings import SHIPPED_MODEL, shipped_embedder
from rag.errors import EmbeddingError
from rag.folder_embeddings import FolderEmbedder, model_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "minilm"
    made.mkdir()
    for name in ("model.onnx", "tokenizer.json"):
        (made / name).symlink_to(SHIPPED_MODEL / name)
    (made / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 256}))
    return made


def test_the_shipped_model_in_a_folder_gives_the_shipped_vectors(folder):
    texts = ["A ship leaves the harbour at noon.", "Invoices are paid within fourteen days."]
    made = FolderEmbedder(folder, 384)
    assert FolderEmbedder(folder, 0).probe() == 384
    assert np.allclose(made.embed_passages(texts), shipped_embedder().embed_passages(texts), atol=1e-4)
    long = "harbour " * 600 + "zeppelin"
    assert np.allclose(made.embed_query(long), shipped_embedder().embed_query(long), atol=0.05)
    assert made.max_tokens == shipped_embedder().max_tokens


def test_prefixes_count(folder):
    made = FolderEmbedder(folder, 384, "query: ", "passage: ")
    wanted = shipped_embedder().embed_passages(["query: ships", "passage: ships"])
    assert np.allclose(made.embed_query("ships"), wanted[0], atol=1e-4)
    assert np.allclose(made.embed_passages(["ships"])[0], wanted[1], atol=1e-4)
    assert made.embed_passages([]).shape == (0, 384)


def test_a_model_of_another_length_is_refused(folder):
    with pytest.raises(EmbeddingError) as caught:
        FolderEmbedder(folder, 768).embed_query("ships")
    assert caught.value.code == "embedding_dimensions"


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "/etc", "", "missing", "x\x00y"])
def test_only_folders_of_the_allowed_one_are_taken(tmp_path, name):
    with pytest.raises(EmbeddingError) as caught:
        model_folder(tmp_path, name)
    assert caught.value.code == "embedding_folder"


def test_a_folder_without_a_model_or_with_a_broken_one_is_told(folder, tmp_path):
    assert model_folder(tmp_path, "minilm") == folder
    (folder / "model.onnx").unlink()
    with pytest.raises(EmbeddingError, match=r"lacks model\.onnx"):
        FolderEmbedder(folder, 384)
    (folder / "model.onnx").write_bytes(b"no model")
    with pytest.raises(EmbeddingError, match="cannot be read"):
        FolderEmbedder(folder, 384)
    shutil.copy(SHIPPED_MODEL / "model.onnx", tmp_path / "copy.onnx")
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to(tmp_path / "copy.onnx")
    (folder / "sentence_bert_config.json").write_text("{")
    with pytest.raises(EmbeddingError, match="cannot be read"):
        FolderEmbedder(folder, 384)
