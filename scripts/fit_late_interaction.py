"""Fits the projection with which rag/late_interaction.py stores token vectors.

    EVALDATA=../shared/evaldata python scripts/fit_late_interaction.py

Learned from two handbooks under CC0 (18F, CLEF), and from no questions: the principal components of the token vectors
of the shipped model, turned at random so that all dimensions vary alike. Writes late_interaction.npz and
late_interaction.json beside the model; the same data gives the same projection, but for its last bits.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the project's root must be on the path first
from numpy.typing import NDArray  # noqa: E402
from tqdm import tqdm  # noqa: E402

from bench.answers import handbook  # noqa: E402
from rag.embeddings import SHIPPED_MODEL, shipped_embedder  # noqa: E402
from rag.late_interaction import FORMAT  # noqa: E402

HANDBOOKS = {"18f-handbook": "18F/handbook on GitHub, CC0 1.0", "clef-handbook": "CLEF handbook, CC0 1.0"}
CHUNKS = 1_000  # at even distances: more do not change the figures
SEED = 43

Floats = NDArray[np.float32]


def passages() -> list[str]:
    """The handbooks' chunks, as the ingest cuts them."""
    found = [each.text for name in HANDBOOKS for each in handbook(name, shipped_embedder())]
    return [found[index] for index in np.linspace(0, len(found) - 1, min(CHUNKS, len(found))).round().astype(int)]


def projection(texts: list[str], dimensions: int) -> tuple[Floats, Floats]:
    """The projection (384, dimensions) and the projected mean (dimensions,) of the texts' token vectors."""
    embedder = shipped_embedder()
    total = np.zeros(embedder.dimensions)
    products = np.zeros((embedder.dimensions, embedder.dimensions))
    count = 0
    with tqdm(total=len(texts), unit="chunk") as bar:
        for first in range(0, len(texts), 64):
            _, lists = embedder.embed_passages_and_tokens(texts[first : first + 64], unit_vectors)
            tokens = np.concatenate(lists).astype(np.float64)
            total += tokens.sum(axis=0)
            products += tokens.T @ tokens
            count += len(tokens)
            bar.update(len(lists))
    mean = total / count
    values, vectors = np.linalg.eigh(products / count - np.outer(mean, mean))
    print(f"{count} tokens; {values[-dimensions:].sum() / values.sum():.3f} of the variance is kept")
    turn = np.linalg.qr(np.random.default_rng(SEED).normal(size=(dimensions, dimensions)))[0]
    result = vectors[:, ::-1][:, :dimensions] @ turn
    return result.astype(np.float32), (mean @ result).astype(np.float32)


def unit_vectors(tokens: Floats) -> Floats:
    """The vectors at unit length."""
    result: Floats = tokens / np.linalg.norm(tokens, axis=1, keepdims=True)
    return result


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dimensions", type=int, default=128, help="packed dimensions, a multiple of 4")
    parser.add_argument("--output", type=Path, default=SHIPPED_MODEL, help="folder to write to")
    options = parser.parse_args()
    matrix, center = projection(passages(), options.dimensions)
    target = options.output / "late_interaction.npz"
    np.savez(target, projection=matrix.astype(np.float16), center=center)
    card = {
        "format": FORMAT,
        "dimensions": options.dimensions,
        "bits": 2,
        "licence": "Apache-2.0",
        "learned_from": list(HANDBOOKS.values()),
        "command": "python scripts/fit_late_interaction.py",
        "sha256": {
            "model.onnx": hashlib.sha256((SHIPPED_MODEL / "model.onnx").read_bytes()).hexdigest(),
            target.name: hashlib.sha256(target.read_bytes()).hexdigest(),
        },
    }
    (options.output / "late_interaction.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
