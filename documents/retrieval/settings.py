"""How a search finds and orders its passages."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from documents.rerankers import LATE_INTERACTION, RERANKERS

Fusion = Literal["convex", "rrf", "dense", "keyword"]
FUSIONS: tuple[Fusion, ...] = get_args(Fusion)
MAX_CANDIDATES = 1000


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """``fusion`` says how the two sides are joined.

    ``convex`` adds their scores by ``dense_weight`` (0 to 1, the rest is the words'), ``rrf`` their reciprocal ranks;
    ``dense`` and ``keyword`` ask one side only. ``candidates`` are taken from each side, unless more passages are asked
    for. ``reranker`` puts the first ``rerank_depth`` of them in order again, or as many as passages are asked for: one
    of RERANKERS or the slug of an added one, which nobody looks up here (``documents.rerankers.reranker_choices``).
    Raises ValueError for what is out of range.
    """

    fusion: Fusion = "convex"
    dense_weight: float = 0.5
    candidates: int = 50
    reranker: str = LATE_INTERACTION
    rerank_depth: int = 50

    def __post_init__(self) -> None:
        """Refuse what no search could honour."""
        if self.fusion not in FUSIONS:
            raise ValueError(f"fusion must be one of {', '.join(FUSIONS)}")
        if not 0 <= self.dense_weight <= 1:
            raise ValueError("dense_weight must be 0 to 1")
        if not 1 <= self.candidates <= MAX_CANDIDATES:
            raise ValueError(f"candidates must be 1 to {MAX_CANDIDATES}")
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,60}", self.reranker):
            raise ValueError(f"reranker must be one of {', '.join(RERANKERS)} or the slug of a reranker")
        if not 1 <= self.rerank_depth <= MAX_CANDIDATES:
            raise ValueError(f"rerank_depth must be 1 to {MAX_CANDIDATES}")


DEFAULT = SearchSettings()
