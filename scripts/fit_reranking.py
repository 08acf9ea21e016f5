"""Fits the curve of rag/reranking/chances.py that turns a candidate's evidence into a chance.

    EVALDATA=../shared/evaldata python scripts/fit_reranking.py

Reads Natural Questions with their passages (MIT). Each question is searched with its passage there and with it taken
away, and the curve says how often the best candidate is the right one. Prints the two constants of the module.
"""

import argparse
import os
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the project's root must be on the path first

from bench.measures.retrieval_sets import Index, natural_questions  # noqa: E402
from rag.embeddings import shipped_embedder  # noqa: E402
from rag.reranking.chances import evidence  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))


def main() -> None:
    """Print the steepness and the middle of the curve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=1_500)
    options = parser.parse_args()
    asked = natural_questions(EVALDATA)
    index = Index(asked.documents, shipped_embedder())
    sample = random.Random(43).sample(sorted(asked.questions), options.questions)
    rows: list[tuple[float, float]] = []
    for number in sample:
        found = index.find(asked.questions[number])
        total = evidence(found.tokens, found.similarities, found.keywords)
        right = np.array([document in asked.relevant[number] for document in found.documents])
        rows.append((float(total.max()), float(right[total.argmax()])))
        rows.append((float(total[~right].max()), 0.0))
    steepness, middle = logistic(np.array(rows))
    print(f"STEEPNESS, MIDDLE = {steepness:.2f}, {middle:.3f}")


def logistic(rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    """Steepness and middle of the curve for rows of (evidence, right or not), by Newton's method."""
    inputs = np.column_stack([rows[:, 0], np.ones(len(rows))])
    weights = np.zeros(2)
    for _ in range(50):
        chances = 1 / (1 + np.exp(-inputs @ weights))
        curvature = (inputs * (chances * (1 - chances))[:, None]).T @ inputs
        weights -= np.linalg.solve(curvature, inputs.T @ (chances - rows[:, 1]))
    return float(weights[0]), float(-weights[1] / weights[0])


if __name__ == "__main__":
    main()
