"""Measures what rerankers cost for fifty candidates, and whether the endpoints of models hold up questions.

    python bench/rerankers.py [--folder CROSS_ENCODER] [--json FILE]

Texts are of this repository's documentation: candidates of 200 tokens, and documents of 260, some 200 words. Without
``--folder``, and where torch and onnx are installed, a cross-encoder of the size of ms-marco-MiniLM-L6-v2 is made with
random weights: its scores mean nothing, its time is that of a real one.
"""

import argparse
import importlib.util
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import httpx2  # noqa: E402 - the project's root must be on the path first

from bench.measures.application import Application, running  # noqa: E402
from rag.embeddings import SHIPPED_MODEL, shipped_embedder  # noqa: E402
from rag.late_interaction import shipped_late_interaction  # noqa: E402
from rag.reranking import Candidate, Question  # noqa: E402
from rag.reranking.cross_encoder import CrossEncoder  # noqa: E402
from rag.reranking.late import LateInteractionReranker  # noqa: E402
from rag.reranking.texts import scores_of_texts  # noqa: E402

QUESTION = "How are passages put into order when the reranker is a cross-encoder?"
CANDIDATES, CANDIDATE_TOKENS = 50, 200
DOCUMENTS, DOCUMENT_TOKENS = 100, 260
SEARCHES = 20


def texts(count: int, tokens: int) -> list[str]:
    """So many texts of so many tokens."""
    whole = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "docs").rglob("*.md")))
    spans = shipped_embedder().token_offsets(whole)
    return [whole[spans[first][0] : spans[first + tokens][0]] for first in range(0, count * tokens, tokens)]


def milliseconds(work: Callable[[], object], times: int) -> dict[str, float]:
    """The least time of some runs, after one that is not counted, and the median time of all cores together."""
    work()
    taken, of_cores = [], []
    for _ in range(times):
        started, begun = time.perf_counter(), time.process_time()
        work()
        taken.append(1000 * (time.perf_counter() - started))
        of_cores.append(1000 * (time.process_time() - begun))
    return {"least": round(min(taken), 1), "of all cores": round(statistics.median(of_cores), 1)}


def costs(folders: dict[str, Path]) -> dict[str, dict[str, float]]:
    """Milliseconds for the candidates, by reranker."""
    embedder, late = shipped_embedder(), shipped_late_interaction()
    passages = texts(CANDIDATES, CANDIDATE_TOKENS)
    question = Question(QUESTION, embedder.embed_query_and_tokens(QUESTION)[1])
    stored = [
        Candidate(passage, 0.5, 0.5, late.encode(embedder.embed_query_and_tokens(passage)[1])) for passage in passages
    ]
    by_tokens = LateInteractionReranker(late)
    found = {
        "late interaction, stored": milliseconds(lambda: by_tokens.rerank(question, stored), 30),
        "late interaction, texts that are not stored": milliseconds(
            lambda: scores_of_texts(QUESTION, passages, embedder, late), 3
        ),
    }
    for name, folder in folders.items():
        model = CrossEncoder(folder)
        found[name] = milliseconds(lambda model=model: model.rerank(question, stored), 3)  # type: ignore[misc]
    return found


def made_folders(folder: Path) -> dict[str, Path]:
    """A cross-encoder with random weights, as ONNX and as safetensors; none where torch or onnx is missing."""
    if any(importlib.util.find_spec(name) is None for name in ("torch", "transformers", "onnx")):
        print("Without torch, transformers and onnx no cross-encoder is measured; --folder names one.")
        return {}
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=30522, hidden_size=384, intermediate_size=1536, num_hidden_layers=6, num_attention_heads=12,
        num_labels=1, attn_implementation="eager",
    )  # fmt: skip
    model = BertForSequenceClassification(config).eval()
    found = {"cross-encoder, ONNX": folder / "onnx", "cross-encoder, torch": folder / "torch"}
    for each in found.values():
        model.save_pretrained(each)
        shutil.copy(SHIPPED_MODEL / "tokenizer.json", each)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {0: "pairs", 1: "tokens"}
    torch.onnx.export(
        model, tuple(torch.ones(2, 8, dtype=torch.long) for _ in names), str(folder / "onnx" / "model.onnx"),
        input_names=names, output_names=["logits"], dynamic_axes=dict.fromkeys(names, axes), dynamo=False,
    )  # fmt: skip
    return found


def searches(application: Application, headers: dict[str, str]) -> dict[str, float]:
    """Milliseconds of searches one after the other, each with words of its own."""
    taken = []
    with httpx2.Client(base_url=application.address, headers=headers, timeout=60) as client:
        for number in range(SEARCHES):
            started = time.perf_counter()
            client.post("/api/v1/search", json={"query": f"How is leave number {number} requested?"}).raise_for_status()
            taken.append(1000 * (time.perf_counter() - started))
    taken.sort()
    return {"p50": round(taken[len(taken) // 2], 1), "p95": round(taken[int(0.95 * len(taken))], 1)}


def endpoints() -> dict[str, Any]:
    """Seconds of a full request to each endpoint, and searches without and beside them."""
    given = texts(DOCUMENTS, DOCUMENT_TOKENS)
    bodies = {"/v1/rerank": {"query": QUESTION, "documents": given}, "/v1/embeddings": {"input": given}}
    figures: dict[str, Any] = {}
    with running() as application:
        headers = application.token()
        searches(application, headers)
        figures["search alone, ms"] = searches(application, headers)
        for path, body in bodies.items():
            taken: list[float] = []
            ended = threading.Event()

            def ask(path: str = path, body: Any = body, taken: list[float] = taken, ended: Any = ended) -> None:
                with httpx2.Client(base_url=application.address, headers=headers, timeout=60) as client:
                    while not ended.is_set():
                        started = time.perf_counter()
                        client.post(path, json=body).raise_for_status()
                        taken.append(time.perf_counter() - started)

            asker = threading.Thread(target=ask)
            asker.start()
            figures[f"search beside {path}, ms"] = searches(application, headers)
            ended.set()
            asker.join()
            figures[f"{path} beside searches, s"] = round(statistics.median(taken), 2)
            alone = time.perf_counter()
            httpx2.post(application.address + path, json=body, headers=headers, timeout=60).raise_for_status()
            figures[f"{path} alone, s"] = round(time.perf_counter() - alone, 2)
    return figures


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="a cross-encoder to measure in the place of one made at random")
    parser.add_argument("--only", choices=("costs", "endpoints"), help="one of the two parts")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    if options.only != "endpoints":
        with tempfile.TemporaryDirectory(prefix="fn-") as folder:
            folders = {options.folder.name: options.folder} if options.folder else made_folders(Path(folder))
            results[f"ms for {CANDIDATES} candidates of {CANDIDATE_TOKENS} tokens"] = costs(folders)
    if options.only != "costs":
        results[f"{DOCUMENTS} texts of {DOCUMENT_TOKENS} tokens"] = endpoints()
    for title, rows in results.items():
        print(title)
        for name, value in rows.items():
            print(f"  {name:45} {value}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
