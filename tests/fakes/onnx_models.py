"""Writes small cross-encoders: ONNX files made by hand, with a tokenizer of whole words.

The model is a real graph that ONNX Runtime runs: it looks each token up in a table, sums the rows of the question and
those of the passage, and takes their product. With a row of its own for each word, the logit is ``SCALE`` times the
number of pairs of equal words, less ``MIDDLE``; see ``logit_of``.

ONNX is protobuf (https://onnx.ai/onnx/api/classes.html); only the fields that are needed are written here.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, processors

MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
WORDS = [*MARKS, "the", "ship", "crane", "zephyr", "lifts", "forty", "tons", "harbour", "fee", "is", "paid", "noon"]
SCALE, MIDDLE = 2.0, 3.0

_FLOAT, _INT64 = 1, 7
_INT_ATTRIBUTE, _INTS_ATTRIBUTE = 2, 7


def logit_of(question: str, passage: str) -> float:
    """What the model gives for texts of known words."""
    pairs = sum(passage.split().count(word) for word in question.split())
    return SCALE * pairs - MIDDLE


def write_cross_encoder(folder: Path, *, labels: int = 1, reads: int = 64, types: bool = True) -> Path:
    """A cross-encoder with this many labels that reads so many tokens; ``types`` false: it asks for no token types."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"model_type": "bert", "max_position_embeddings": reads, "pad_token_id": 0}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.onnx").write_bytes(_model(labels, types))
    return folder


def _model(labels: int, types: bool) -> bytes:
    table = np.eye(len(WORDS), dtype=np.float32)
    table[: len(MARKS)] = 0  # special tokens are like nothing
    # Of two labels the first's logit is the second's with the other sign, halved: their difference is the one logit.
    slopes = np.linspace(-0.5, 0.5, labels, dtype=np.float32) if labels > 1 else np.ones(1, np.float32)
    constants: list[tuple[str, np.ndarray]] = [
        ("table", table),
        ("slopes", slopes.reshape(1, labels)),
        ("scale", np.array(SCALE, np.float32)),
        ("middle", np.array(MIDDLE, np.float32)),
        ("one", np.array(1, np.float32)),
        ("last", np.array([-1], np.int64)),
        ("tokens", np.array([1], np.int64)),
        ("separator", np.array(WORDS.index("[SEP]"), np.int64)),
    ]
    kind = [("Identity", ["token_type_ids"], "kind_ids", {})] if types else [
        # Without token types: how many separators came before.
        ("Equal", ["input_ids", "separator"], "is_separator", {}),
        ("Cast", ["is_separator"], "separators", {"to": _INT64}),
        ("CumSum", ["separators", "tokens_axis"], "kind_ids", {"exclusive": 1}),
    ]  # fmt: skip
    if not types:
        constants.append(("tokens_axis", np.array(1, np.int64)))
    nodes = [
        *kind,
        ("Gather", ["table", "input_ids"], "rows", {}),
        ("Cast", ["attention_mask"], "there", {"to": _FLOAT}),
        ("Cast", ["kind_ids"], "second", {"to": _FLOAT}),
        ("Sub", ["one", "second"], "first", {}),
        ("Mul", ["there", "first"], "of_question", {}),
        ("Mul", ["there", "second"], "of_passage", {}),
        *(
            step
            for side in ("question", "passage")
            for step in (
                ("Unsqueeze", [f"of_{side}", "last"], f"{side}_weight", {}),
                ("Mul", ["rows", f"{side}_weight"], f"{side}_rows", {}),
                ("ReduceSum", [f"{side}_rows", "tokens"], f"{side}_sum", {"keepdims": 0}),
            )
        ),
        ("Mul", ["question_sum", "passage_sum"], "products", {}),
        ("ReduceSum", ["products", "tokens"], "pairs", {"keepdims": 1}),
        ("Mul", ["pairs", "scale"], "scaled", {}),
        ("Sub", ["scaled", "middle"], "logit", {}),
        ("Mul", ["logit", "slopes"], "logits", {}),
    ]
    inputs = ["input_ids", "attention_mask", *(["token_type_ids"] if types else [])]
    graph = b"".join(
        [
            *(_field(1, _node(*node)) for node in nodes),
            _field(2, b"cross-encoder"),
            *(_field(5, _tensor(name, value)) for name, value in constants),
            *(_field(11, _value(name, _INT64, ("pairs", "tokens"))) for name in inputs),
            _field(12, _value("logits", _FLOAT, ("pairs", "labels"))),
        ]
    )
    opset = _field(1, b"") + _number(2, 17)
    return _number(1, 8) + _field(7, graph) + _field(8, opset)


def _node(kind: str, inputs: Sequence[str], output: str, attributes: dict[str, int]) -> bytes:
    written = [_field(1, name.encode()) for name in inputs]
    written += [_field(2, output.encode()), _field(3, output.encode()), _field(4, kind.encode())]
    for name, value in attributes.items():
        attribute = _field(1, name.encode()) + _number(3, value) + _number(20, _INT_ATTRIBUTE)
        written.append(_field(5, attribute))
    return b"".join(written)


def _tensor(name: str, value: np.ndarray) -> bytes:
    kind = _FLOAT if value.dtype == np.float32 else _INT64
    dimensions = b"".join(_number(1, size) for size in value.shape)
    return dimensions + _number(2, kind) + _field(8, name.encode()) + _field(9, value.tobytes())


def _value(name: str, kind: int, dimensions: Sequence[str]) -> bytes:
    shape = b"".join(_field(1, _field(2, each.encode())) for each in dimensions)
    tensor = _number(1, kind) + _field(2, shape)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
