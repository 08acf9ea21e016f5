"""The two ways to run a model that gives logits for pairs of texts: ONNX Runtime, and torch where it is installed."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rag.embeddings import available_cores
from rag.errors import RerankingError
from rag.errors import marked as _

Classifier = Callable[[Mapping[str, NDArray[np.int64]]], NDArray[np.float32]]
"""Logits (pairs, labels) of ``input_ids``, ``attention_mask`` and ``token_type_ids``, each (pairs, tokens)."""

_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}


def onnx_classifier(path: Path) -> Classifier:
    """The model of an ONNX file. Raises RerankingError for one that wants other inputs, and what ONNX Runtime does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_cores()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    wanted = {each.name for each in session.get_inputs()}
    if not wanted <= _INPUTS or "input_ids" not in wanted:
        raise RerankingError(
            "reranking_folder",
            _("The reranker in %(name)s wants inputs that no text has. Export it again.") % {"name": path.parent.name},
        )

    def logits(given: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        outputs = session.run(None, {name: given[name] for name in wanted})
        return np.asarray(outputs[0], np.float32)

    return logits


def torch_classifier(folder: Path) -> Classifier:
    """The model of ``model.safetensors``, on a GPU where there is one. Raises RerankingError without torch."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise RerankingError(
            "reranking_not_installed",
            _("The reranker in %(name)s needs torch. Install requirements-local-llm.txt, or export the model to ONNX.")
            % {"name": folder.name},
        ) from error
    model: Any = transformers.AutoModelForSequenceClassification.from_pretrained(
        str(folder), local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype="auto"
    )
    model.eval()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.to(device)
    types = getattr(model.config, "type_vocab_size", 0) > 1
    turn = threading.Lock()

    def logits(given: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        names = [name for name in given if types or name != "token_type_ids"]
        # One batch at a time: two would only share the cores, and a GPU's memory.
        with turn, torch.inference_mode():
            found = model(**{name: torch.from_numpy(given[name]).to(device) for name in names}).logits
        return np.asarray(found.float().cpu().numpy(), np.float32)

    return logits
