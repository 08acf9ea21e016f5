"""Turns texts into vectors with a sentence embedding model from a folder, as sentence-transformers exports it to ONNX.

The folder holds ``model.onnx`` (or ``onnx/model.onnx``) and ``tokenizer.json``; ``1_Pooling/config.json`` says how
token vectors become one (the mean without it) and ``sentence_bert_config.json`` or ``config.json`` how much the model
reads. Nothing but these files is read, and no code of the model's is run.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rag.embeddings import available_cores, shipped_embedder
from rag.errors import EmbeddingError
from rag.errors import marked as _
from rag.remote_embeddings import MAX_DIMENSIONS, PROBES

_DEFAULT_TOKENS = 512
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_MODEL_FILES = ("model.onnx", "onnx/model.onnx")


def model_folder(allowed: Path, name: str) -> Path:
    """The folder ``name`` directly below ``allowed``. Raises EmbeddingError for anything else."""
    folder = allowed / name
    if not re.fullmatch(r"[\w.-]{1,200}", name) or name.startswith(".") or not folder.is_dir():
        raise EmbeddingError(
            "embedding_folder",
            _("There is no folder “%(name)s” in %(allowed)s. Put the model there, with its tokenizer.")
            % {"name": name, "allowed": allowed},
        )
    return folder


class FolderEmbedder:
    """An Embedder from a folder. Safe to share between threads, not over a fork.

    Texts are cut by the tokens of the shipped embedder, so that chunks outlive a change of model. A text that is longer
    for this model than it reads is read in windows whose vectors are averaged by their tokens. ``dimensions`` 0 means
    not known yet.
    """

    def __init__(self, folder: Path, dimensions: int, query_prefix: str = "", passage_prefix: str = "") -> None:
        self.name = folder.name
        self.dimensions = dimensions
        self._prefixes = (query_prefix, passage_prefix)
        found = next((folder / name for name in _MODEL_FILES if (folder / name).is_file()), None)
        if found is None or not (folder / "tokenizer.json").is_file():
            raise EmbeddingError(
                "embedding_folder",
                _("The folder %(name)s lacks model.onnx or tokenizer.json. Put both there.") % {"name": folder.name},
            )
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = available_cores()
            self._session = onnxruntime.InferenceSession(str(found), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # both libraries raise exceptions of their own for a file they cannot read
            raise EmbeddingError(
                "embedding_folder",
                _("The model in %(name)s cannot be read. Export it to ONNX again.") % {"name": folder.name},
            ) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._inputs = [each.name for each in self._session.get_inputs()]
        if not set(self._inputs) <= _INPUTS or "input_ids" not in self._inputs:
            raise EmbeddingError(
                "embedding_folder",
                _("The model in %(name)s wants inputs that no text has. Export its encoder alone.")
                % {"name": folder.name},
            )
        self._reads = _reads(folder)
        self._first_token = bool(_read(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token"))

    @property
    def max_tokens(self) -> int:
        """Most tokens of a passage, as the shipped embedder counts them."""
        return shipped_embedder().max_tokens

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Return the span of characters of each token of the shipped embedder."""
        return shipped_embedder().token_offsets(text)

    def embed_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return an array (texts, dimensions) of unit vectors, in the order of ``texts``. Raises EmbeddingError."""
        rows = []
        for done, text in enumerate(texts, start=1):
            rows.append(self._embed(self._prefixes[1], text))
            if on_progress is not None:
                on_progress(done)
        return np.array(rows, np.float32).reshape(len(texts), self.dimensions)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return a unit vector (dimensions,) for a question of any length. Raises EmbeddingError."""
        return self._embed(self._prefixes[0], text)

    def probe(self) -> int:
        """Embed two texts and return the length of their vectors. Raises EmbeddingError."""
        one, other = (self._embed(self._prefixes[1], text) for text in PROBES)
        if len(one) > MAX_DIMENSIONS or float(one @ other) > 1 - 1e-5:
            raise EmbeddingError(
                "embedding_dimensions",
                _("The model in %(name)s makes vectors that cannot be searched. Use another.") % {"name": self.name},
            )
        return len(one)

    def _embed(self, prefix: str, text: str) -> NDArray[np.float32]:
        before = self._tokenizer.encode(prefix, add_special_tokens=False).ids if prefix else []
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        framed = self._tokenizer.encode("").ids
        room = self._reads - len(framed) - len(before)
        if room < 1:
            raise EmbeddingError(
                "embedding_folder", _("The model in %(name)s reads less than its prefix is long.") % {"name": self.name}
            )
        if len(ids) <= room:
            return self._unit(self._run(self._tokenizer.encode(prefix + text).ids))
        opening, closing = framed[: (len(framed) + 1) // 2], framed[(len(framed) + 1) // 2 :]
        total = np.zeros(0, np.float32)
        for first in range(0, len(ids), room):
            window = ids[first : first + room]
            vector = self._unit(self._run([*opening, *before, *window, *closing])) * len(window)
            total = vector if not total.size else total + vector
        return self._unit(total)

    def _run(self, ids: list[int]) -> NDArray[np.float32]:
        """The vector of token ids that carry their special tokens."""
        given = {
            "input_ids": np.array([ids or [0]], np.int64),
            "attention_mask": np.ones((1, max(len(ids), 1)), np.int64),
            "token_type_ids": np.zeros((1, max(len(ids), 1)), np.int64),
        }
        try:
            outputs = self._session.run(None, {name: given[name] for name in self._inputs})
        except Exception as error:  # ONNX Runtime's own exceptions share no root
            raise EmbeddingError(
                "embedding_folder",
                _("The model in %(name)s failed on a text. Look whether it is whole.") % {"name": self.name},
            ) from error
        names = [each.name for each in self._session.get_outputs()]
        found = outputs[names.index("sentence_embedding")] if "sentence_embedding" in names else outputs[0]
        array: NDArray[np.float32] = np.asarray(found, np.float32)
        if array.ndim == 3:
            array = array[0, 0] if self._first_token else array[0].mean(axis=0, dtype=np.float32)
        return array.reshape(-1)

    def _unit(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length) or length < 1e-12 or (self.dimensions and len(vector) != self.dimensions):
            raise EmbeddingError(
                "embedding_dimensions",
                _(
                    "The model in %(name)s made a vector that does not fit: another model lies there now. Put the "
                    "old one back, or build a new set."
                )
                % {"name": self.name},
            )
        unit: NDArray[np.float32] = (vector / length).astype(np.float32)
        return unit


def _read(path: Path) -> dict[str, Any]:
    """A small JSON file, empty when there is none. Raises EmbeddingError for one that is no JSON object."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise EmbeddingError(
            "embedding_folder", _("%(file)s beside the model cannot be read. Copy it again.") % {"file": path.name}
        ) from error
    return found if isinstance(found, dict) else {}


def _reads(folder: Path) -> int:
    """Most tokens that the model reads at once."""
    said = [
        _read(folder / "sentence_bert_config.json").get("max_seq_length"),
        _read(folder / "config.json").get("max_position_embeddings"),
    ]
    return min([each for each in said if isinstance(each, int) and each > 8], default=_DEFAULT_TOKENS)
