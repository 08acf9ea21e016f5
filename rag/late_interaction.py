"""Compares a question with passages token by token: late interaction (MaxSim, arXiv 2004.12832).

Each word of the question looks for its best match among a passage's words, and the mean of these cosines is the score.
The passages' token vectors are made once, at ingest, and stored small, so that fifty passages are compared in
milliseconds and without the model.

How they are stored: the vectors at unit length are projected to 128 dimensions around their mean, brought to unit
length again, and each dimension is written in two bits: its sign, and whether it is large. The projection turns the
principal components so that all dimensions vary alike, so one pair of levels fits them all. A passage is one byte that
says the form, then 32 bytes a token, four dimensions in each, the first in the lowest bits: at most 8,129 bytes for
256 tokens, two of which are special ones and left out.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.embeddings import SHIPPED_MODEL
from rag.errors import RerankingError
from rag.errors import marked as _

Floats = NDArray[np.float32]

FORMAT = 1  # the first byte of what is stored; another projection or another layout takes another number
MAX_QUESTION_TOKENS = 64  # of a longer question, tokens at even distances: bounds the time

_PER_BYTE = 4
_LARGE_BITS = np.uint8(0b10101010)
# The two levels of a normal variable that lose least (Lloyd-Max), and the border between them, for variance 1.
_SMALL, _LARGE = 0.4528, 1.510
_BORDER = 0.9816
# Compared in one product: few enough that their unpacked vectors stay in the processor's cache.
_TOKENS_AT_A_TIME = 2_048


class LateInteraction:
    """Packs token vectors and compares them. Safe to share between threads.

    ``projection`` (dimensions, packed dimensions) and ``center`` (packed dimensions,) are learned
    (``scripts/fit_late_interaction.py``); packed dimensions are a multiple of 4.
    """

    def __init__(self, projection: Floats, center: Floats) -> None:
        self._projection = np.ascontiguousarray(projection, np.float32)
        self._center = np.asarray(center, np.float32)
        self._width: int = self._projection.shape[1] // _PER_BYTE
        levels = np.array([-_SMALL, _SMALL, -_LARGE, _LARGE], np.float32)  # bit 0: positive, bit 1: large
        codes = np.arange(256)[:, None] >> np.array([0, 2, 4, 6]) & 3
        self._unpacked: Floats = levels[codes]  # (256, 4): the dimensions that each byte stands for
        large = np.arange(self._width * _PER_BYTE + 1)  # how many dimensions of a token are large says how long it is
        self._lengths: Floats = np.sqrt(
            _SMALL**2 * (self._width * _PER_BYTE - large) + _LARGE**2 * large, dtype=np.float32
        )

    @classmethod
    def load(cls, folder: Path) -> "LateInteraction":
        """Read ``late_interaction.npz`` of a model's folder."""
        with np.load(folder / "late_interaction.npz", allow_pickle=False) as file:
            return cls(file["projection"].astype(np.float32), file["center"].astype(np.float32))

    def encode(self, tokens: Floats) -> bytes:
        """Pack a passage's token vectors, shape (tokens, dimensions), of any length and any number.

        Raises ValueError for another shape.
        """
        projected = self._project(tokens)
        large = np.abs(projected) * np.sqrt(projected.shape[1], dtype=np.float32) > _BORDER
        codes = ((projected > 0) | (large.astype(np.uint8) << 1)).astype(np.uint8)
        codes = codes.reshape(len(tokens), self._width, _PER_BYTE)
        packed = codes[:, :, 0] | codes[:, :, 1] << 2 | codes[:, :, 2] << 4 | codes[:, :, 3] << 6
        stored: bytes = bytes([FORMAT]) + packed.tobytes()
        return stored

    def scores(self, question: Floats, packed: Sequence[bytes | memoryview]) -> Floats:
        """Return how well each packed passage matches a question's token vectors (tokens, dimensions).

        The result (passages,) is the mean over the question's tokens of the best cosine with a token of the passage,
        -1 to 1; 0 for a passage without tokens. Raises RerankingError ``token_format`` for bytes that this version's
        ``encode`` has not made, ValueError for a question of another shape or without tokens.
        """
        counts = [self._count(passage) for passage in packed]
        if len(question) == 0:
            raise ValueError("A question needs at least one token vector.")
        if len(question) > MAX_QUESTION_TOKENS:
            question = question[np.linspace(0, len(question) - 1, MAX_QUESTION_TOKENS).round().astype(int)]
        asked = np.ascontiguousarray(self._project(question).T)
        result = np.zeros(len(packed), np.float32)
        there = [index for index, count in enumerate(counts) if count]
        if not there:
            return result
        codes = np.frombuffer(b"".join(memoryview(packed[index])[1:] for index in there), np.uint8)
        codes = codes.reshape(-1, self._width)
        cosines = np.empty((len(codes), asked.shape[1]), np.float32)
        for first in range(0, len(codes), _TOKENS_AT_A_TIME):
            some = slice(first, first + _TOKENS_AT_A_TIME)
            vectors = self._unpacked.take(codes[some], axis=0).reshape(-1, asked.shape[0])
            np.matmul(vectors, asked, out=cosines[some])
        cosines /= self._lengths.take(np.bitwise_count(codes & _LARGE_BITS).sum(axis=1))[:, None]
        starts = np.cumsum([0, *(counts[index] for index in there[:-1])])
        result[there] = np.maximum.reduceat(cosines, starts, axis=0).mean(axis=1)
        return result

    def _count(self, packed: bytes | memoryview) -> int:
        """Return how many tokens were packed. Raises RerankingError for another form."""
        tokens, rest = divmod(len(packed) - 1, self._width)
        if len(packed) == 0 or packed[0] != FORMAT or rest:
            raise RerankingError(
                "token_format",
                _(
                    "The stored token vectors of a passage were made by another version or are damaged. Index its "
                    "document again."
                ),
            )
        return tokens

    def _project(self, tokens: Floats) -> Floats:
        """Return unit vectors (tokens, packed dimensions). A vector of zeros stays the mean's opposite."""
        if tokens.ndim != 2 or tokens.shape[1] != self._projection.shape[0]:
            raise ValueError(f"Token vectors have the shape (tokens, {self._projection.shape[0]}).")
        return _unit(_unit(tokens.astype(np.float32, copy=False)) @ self._projection - self._center)


@cache
def shipped_late_interaction() -> LateInteraction:
    """Return the one for the embedding model that ships with the app."""
    return LateInteraction.load(SHIPPED_MODEL)


def _unit(vectors: Floats) -> Floats:
    """Scale to unit length; zeros stay zeros."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    scaled: Floats = vectors / np.maximum(lengths, np.float32(1e-9))[:, None]
    return scaled
