"""What a benchmark found, as JSON and as a table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from documents.evaluation.retrieval import Measured
from rag.evaluation.bootstrap import RESAMPLES, paired_difference
from rag.evaluation.metrics import METRICS

SEED = 0
"""Of the bootstrap: the same scores give the same intervals."""


def figures(measured: Mapping[str, Measured]) -> dict[str, Any]:
    """All that was measured, each configuration compared with the first one.

    ``scores`` holds one value per query, rounded; means and intervals are of the exact ones.
    """
    baseline = next(iter(measured.values()))
    return {name: _figures_of(row, None if row is baseline else baseline) for name, row in measured.items()}


def _figures_of(row: Measured, baseline: Measured | None) -> dict[str, Any]:
    p50, p95 = np.percentile(row.ms, [50, 95])
    given: dict[str, Any] = {
        "settings": asdict(row.settings),
        "metrics": {name: float(np.mean(row.scores[name])) for name in METRICS},
        "latency_ms": {"p50": float(p50), "p95": float(p95)},
        "queries_per_second": row.per_second,
        "scores": {name: [round(value, 4) for value in row.scores[name]] for name in METRICS},
    }
    if baseline is not None:
        given["difference"] = {
            name: asdict(paired_difference(baseline.scores[name], row.scores[name], seed=SEED)) for name in METRICS
        }
    return given


def lines(given: Mapping[str, Any]) -> Iterator[str]:
    """What a person reads of what the command writes as JSON: what was asked, the figures, the differences."""
    dataset, corpus, configurations = given["dataset"], given["corpus"], given["configurations"]
    made = corpus["indexed_now"]
    how = f"{made} indexed in {corpus['seconds']:.1f} s" if made else "indexed before"
    sizes = f"{corpus['documents']} entries, {corpus['chunks']} chunks"
    yield f"{dataset['name']}: {len(given['queries'])} queries; {sizes}"
    yield f"({how}); {given['embeddings']['name']}; {given['cores']} cores; QPS with {given['clients']} clients"
    for said in dataset["left_out"]:
        yield f"Left out: {said}"
    yield ""
    head = ("", *METRICS, "p50 ms", "p95 ms", "QPS")
    rows = [
        (
            name,
            *(f"{row['metrics'][metric]:.3f}" for metric in METRICS),
            f"{row['latency_ms']['p50']:.1f}",
            f"{row['latency_ms']['p95']:.1f}",
            f"{row['queries_per_second']:.1f}",
        )
        for name, row in configurations.items()
    ]
    yield from _aligned([head, *rows])
    compared = [(name, row["difference"]) for name, row in configurations.items() if "difference" in row]
    if compared:
        yield ""
        yield f"Difference from {next(iter(configurations))}, 95 % of {RESAMPLES:,} paired resamples in brackets:"
        yield from _aligned(
            [("", *METRICS), *((name, *(_interval(given[metric]) for metric in METRICS)) for name, given in compared)]
        )


def _interval(given: Mapping[str, float]) -> str:
    return f"{given['mean']:+.3f} [{given['low']:+.3f} {given['high']:+.3f}]"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows with their columns under each other, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join((first.ljust(widths[0]), *cells))
