"""An embedder that embeds a text once: for one piece of work that asks for the same passages again and again."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.embeddings import Embedder


class RememberingEmbedder:
    """Gives what ``embedder`` does; keeps the vectors of passages for as long as it lives itself."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    @property
    def name(self) -> str:
        """Stable name of the model."""
        return self._embedder.name

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return self._embedder.dimensions

    @property
    def max_tokens(self) -> int:
        """Most tokens that one passage may have."""
        return self._embedder.max_tokens

    def embed_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return an array (texts, dimensions) of unit vectors, in the order of ``texts``."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.embed_passages(new, on_progress), strict=True))
        return np.stack([self._vectors[text] for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return a unit vector (dimensions,) for a question."""
        return self._embedder.embed_query(text)

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Return the span of each token."""
        return self._embedder.token_offsets(text)
