"""Measures reranking by late interaction: what it adds to the fusion, its bytes and its time.

    EVALDATA=../shared/evaldata python bench/reranking.py [--json FILE] [--claims N]

SQuAD's 646 paragraphs with 1,000 questions, and SciFact's whole corpus with a sample of its claims. Candidates are the
best fifty of the fusion of cosine and a plain BM25, so that no database is needed.
"""

import argparse
import json
import os
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# One core, as a search beside others has it; numpy reads this when it is imported.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402 - the project's root must be on the path first
from numpy.typing import NDArray  # noqa: E402

from bench.measures.retrieval_sets import (  # noqa: E402
    Found,
    Index,
    RetrievalSet,
    best_documents,
    measures,
    scifact,
    squad,
)
from rag.embeddings import shipped_embedder  # noqa: E402
from rag.late_interaction import shipped_late_interaction  # noqa: E402
from rag.reranking.chances import reranked_scores  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
MEASURES = ("recall@1", "MRR@10", "nDCG@10")
TIMED_PASSAGES, TIMED_TOKENS, TIMED_QUESTION_TOKENS = 50, 200, 15


def orders(found: Found) -> dict[str, NDArray[np.float32]]:
    """The ways to order the candidates."""
    return {
        "fusion": found.fused,
        "late interaction alone": found.tokens,
        "reranked": reranked_scores(found.tokens, found.similarities, found.keywords),
    }


def measured(asked: RetrievalSet, questions: list[str]) -> dict[str, object]:
    """Quality of each order, bytes of a chunk, and how sure the scores were beside how often they were right."""
    started = time.perf_counter()
    index = Index(asked.documents, shipped_embedder())
    seconds = time.perf_counter() - started
    rows: dict[str, list[tuple[float, float, float]]] = {}
    sure: list[tuple[float, float]] = []
    for number in questions:
        found = index.find(asked.questions[number])
        for name, scores in orders(found).items():
            rows.setdefault(name, []).append(measures(best_documents(found, scores), asked.relevant[number]))
        sure.append((float(scores.max()), rows["reranked"][-1][0]))
    sizes = [len(packed) for packed in index.packed]
    figures: dict[str, object] = {
        name: dict(zip(MEASURES, np.mean(values, axis=0).round(4).tolist(), strict=True))
        for name, values in rows.items()
    }
    figures["bytes a chunk"] = {"mean": round(float(np.mean(sizes))), "most": max(sizes)}
    figures["chance given and share right"] = np.mean(sure, axis=0).round(3).tolist()
    figures["chunks"], figures["seconds to index"] = len(sizes), round(seconds, 1)
    return figures


def timed() -> dict[str, float]:
    """Milliseconds to compare a question with fifty passages of 200 tokens, and to pack one of them."""
    late = shipped_late_interaction()
    random_numbers = np.random.default_rng(0)

    def tokens(count: int) -> NDArray[np.float32]:
        return random_numbers.normal(size=(count, shipped_embedder().dimensions)).astype(np.float32)

    passages = [tokens(TIMED_TOKENS) for _ in range(TIMED_PASSAGES)]
    question = tokens(TIMED_QUESTION_TOKENS)
    packing: list[float] = []
    packed: list[bytes] = []
    for passage in passages:
        started = time.perf_counter()
        packed.append(late.encode(passage))
        packing.append(time.perf_counter() - started)
    comparing: list[float] = []
    for _ in range(300):
        started = time.perf_counter()
        late.scores(question, packed)
        comparing.append(time.perf_counter() - started)
    low, middle, high = (1000 * np.percentile(comparing, [0, 50, 95])).round(2).tolist()
    return {
        "compare p50": middle,
        "compare p95": high,
        "compare least": low,
        "pack p50": round(1000 * float(np.median(packing)), 2),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--claims", type=int, default=100, help="how many of SciFact's 300 claims; 0: leave it out")
    options = parser.parse_args()
    if not EVALDATA.is_dir():
        raise SystemExit(f"{EVALDATA} is missing. Set EVALDATA to the folder of the evaluation data.")
    results: dict[str, object] = {"milliseconds": timed()}
    print("milliseconds for 50 passages of 200 tokens:", results["milliseconds"])
    sets = {"squad-retrieval": (squad, None), "scifact": (scifact, options.claims)}
    for name, (read, count) in sets.items():
        if count == 0:
            continue
        asked = read(EVALDATA)
        questions = sorted(asked.relevant)
        if count is not None:
            questions = random.Random(43).sample(questions, min(count, len(questions)))
        results[name] = figures = measured(asked, questions)
        print(f"{name}, {len(questions)} questions")
        for key, value in figures.items():
            print(f"  {key:30} {value}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
