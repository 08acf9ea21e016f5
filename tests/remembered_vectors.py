"""Remembers what an embedding model made of a text: tests give it the same few hundred again and again.

That is no change: a text's vectors depend on its tokens alone, to the last bit.
"""

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.embeddings import OnnxEmbedder

Floats = NDArray[np.float32]
TEXTS = 1000
"""Of each text up to 0.4 MB."""

_embed_tokens, _embed_each_token = OnnxEmbedder._embed_tokens, OnnxEmbedder._embed_each_token


@lru_cache(TEXTS)
def _vector(embedder: OnnxEmbedder, ids: tuple[int, ...]) -> Floats:
    return _embed_tokens(embedder, list(ids))


@lru_cache(TEXTS)
def _vector_and_tokens(embedder: OnnxEmbedder, ids: tuple[int, ...]) -> tuple[Floats, Floats]:
    return _embed_each_token(embedder, list(ids))


def vector(embedder: OnnxEmbedder, ids: list[int]) -> Floats:
    """In the place of ``_embed_tokens``."""
    return _vector(embedder, tuple(ids)).copy()


def vector_and_tokens(embedder: OnnxEmbedder, ids: list[int]) -> tuple[Floats, Floats]:
    """In the place of ``_embed_each_token``."""
    whole, tokens = _vector_and_tokens(embedder, tuple(ids))
    return whole.copy(), tokens.copy()


def remember(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every embedder of this process remember, for this test."""
    monkeypatch.setattr(OnnxEmbedder, "_embed_tokens", vector)
    monkeypatch.setattr(OnnxEmbedder, "_embed_each_token", vector_and_tokens)
