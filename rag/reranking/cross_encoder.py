"""Reranks with a cross-encoder from a folder: a model that reads question and passage together and gives one score.

The folder holds ``config.json``, ``tokenizer.json`` and the model: ``model.onnx`` or ``onnx/model.onnx``, which runs on
ONNX Runtime, or ``model.safetensors``, which needs torch (requirements-local-llm.txt). Nothing but these files is read,
nothing is fetched, and no code of the model's is run. Failures become a RerankingError:

reranking_folder           the folder is not there, lacks a file, or holds a model that cannot be read or fails
reranking_not_installed    the model needs torch
reranking_question_long    the question alone fills what the model reads
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from rag.errors import RerankingError
from rag.errors import marked as _
from rag.reranking import Candidate, Floats, Question, Reranked, logistic
from rag.reranking.classifiers import Classifier, onnx_classifier, torch_classifier

PAIRS_AT_A_TIME = 16  # pairs of like length, padded to the longest of them
MOST_TOKENS = 1_024  # of question and passage; models that read more are not asked to, for the time it takes
LEAST_PASSAGE_TOKENS = 32  # a question that leaves a passage less than this is too long

_MODEL_FILES = ("model.onnx", "onnx/model.onnx")
_DEFAULT_TOKENS = 512
# Models whose positions begin behind the padding's.
_LATE_POSITIONS = {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl"}

Integers = NDArray[np.int64]


def reranker_folder(allowed: Path, name: str) -> Path:
    """The folder ``name`` directly below ``allowed``. Raises RerankingError for anything else."""
    folder = allowed / name
    if not re.fullmatch(r"[\w.-]{1,200}", name) or name.startswith(".") or not folder.is_dir():
        raise RerankingError(
            "reranking_folder",
            _("There is no folder “%(name)s” in %(allowed)s. Put the model there, with its tokenizer.")
            % {"name": name, "allowed": allowed},
        )
    return folder


class CrossEncoder:
    """A Reranker from a folder. Safe to share between threads, not over a fork.

    A model with one label gives a logit, whose logistic is the score; of two labels the second's probability is taken.
    Either orders the candidates of one question and is not calibrated: 0.8 need not mean right four times of five, and
    scores of two models mean different things. A passage that is too long is read from its beginning; a question is
    never cut.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        config = _json(folder / "config.json", needed=True)
        if not (folder / "tokenizer.json").is_file():
            raise _unfit(folder.name, _("lacks tokenizer.json. Put it there"))
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library raises exceptions of its own
            raise _unfit(folder.name, _("has a tokenizer.json that cannot be read. Copy it again")) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        # A document may hold the very words "[SEP]" or "</s>"; they are text there, not marks of the model.
        self._tokenizer.encode_special_tokens = True
        padding = config.get("pad_token_id")
        self._padding = padding if isinstance(padding, int) else 0
        self._reads = _reads(folder, config, self._padding)
        self._classifier = _classifier(folder)

    def rerank(self, question: Question, candidates: Sequence[Candidate]) -> Reranked:
        """Score the candidates. Raises RerankingError."""
        pairs = self._pairs(question.text, [each.text for each in candidates])
        scores = np.zeros(len(pairs), np.float32)
        by_length = sorted(range(len(pairs)), key=lambda index: len(pairs[index].ids))
        for first in range(0, len(by_length), PAIRS_AT_A_TIME):
            batch = by_length[first : first + PAIRS_AT_A_TIME]
            scores[batch] = self._scores([pairs[index] for index in batch])
        return Reranked(scores)

    def _pairs(self, question: str, passages: Sequence[str]) -> list[Encoding]:
        """Question and passage as the model reads them, the passage cut to what room is left."""
        asked = self._tokenizer.encode(question, add_special_tokens=False)
        room = self._reads - len(asked.ids) - self._tokenizer.num_special_tokens_to_add(is_pair=True)
        if room < LEAST_PASSAGE_TOKENS:
            raise RerankingError(
                "reranking_question_long",
                _(
                    "The question is too long for the model in %(name)s, which reads %(most)s tokens of question and"
                    " passage together."
                )
                % {"name": self.name, "most": self._reads},
            )
        found = []
        for encoding in self._tokenizer.encode_batch(list(passages), add_special_tokens=False):
            encoding.truncate(room)
            found.append(self._tokenizer.post_process(asked, encoding))
        return found

    def _scores(self, pairs: Sequence[Encoding]) -> Floats:
        shape = (len(pairs), max(len(pair.ids) for pair in pairs))
        ids: Integers = np.full(shape, self._padding, np.int64)
        mask: Integers = np.zeros(shape, np.int64)
        types: Integers = np.zeros(shape, np.int64)
        for row, pair in enumerate(pairs):
            count = len(pair.ids)
            ids[row, :count], mask[row, :count], types[row, :count] = pair.ids, 1, pair.type_ids
        try:
            logits = self._classifier({"input_ids": ids, "attention_mask": mask, "token_type_ids": types})
        except Exception as error:  # neither ONNX Runtime's nor torch's exceptions share a root
            raise _unfit(self.name, _("failed on a text. Look whether it is whole")) from error
        if logits.ndim == 1:
            logits = logits[:, np.newaxis]
        if logits.shape not in ((len(pairs), 1), (len(pairs), 2)):
            raise _unfit(self.name, _("gives no score for a pair of texts. Use a cross-encoder with one or two labels"))
        if not np.isfinite(logits).all():
            raise _unfit(self.name, _("gave a score that is no number. Look whether it is whole"))
        # Of two, the softmax of the second is the logistic of their difference.
        return logistic(logits[:, -1] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0])


def _classifier(folder: Path) -> Classifier:
    found = next((folder / name for name in _MODEL_FILES if (folder / name).is_file()), None)
    try:
        if found is not None:
            return onnx_classifier(found)
        if (folder / "model.safetensors").is_file():
            return torch_classifier(folder)
    except RerankingError:
        raise
    except Exception as error:  # as above
        raise _unfit(folder.name, _("cannot be read. Export it again")) from error
    raise _unfit(folder.name, _("lacks model.onnx or model.safetensors. Put one there"))


def _reads(folder: Path, config: dict[str, Any], padding: int) -> int:
    """Most tokens that the model reads at once."""
    positions = config.get("max_position_embeddings")
    if isinstance(positions, int) and config.get("model_type") in _LATE_POSITIONS:
        positions -= padding + 1
    said = [positions, _json(folder / "tokenizer_config.json").get("model_max_length")]
    known = [each for each in said if isinstance(each, int) and each > 8]
    return min(*(known or [_DEFAULT_TOKENS]), MOST_TOKENS)


def _json(path: Path, *, needed: bool = False) -> dict[str, Any]:
    """A small JSON file; empty when there is none, unless it is ``needed``. Raises RerankingError."""
    if not path.is_file():
        if needed:
            raise _unfit(path.parent.name, _("lacks %(file)s. Put it there") % {"file": path.name})
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise _unfit(
            path.parent.name, _("has a %(file)s that cannot be read. Copy it again") % {"file": path.name}
        ) from error
    return found if isinstance(found, dict) else {}


def _unfit(name: str, what: str) -> RerankingError:
    return RerankingError("reranking_folder", _("The reranker in %(name)s %(what)s.") % {"name": name, "what": what})
