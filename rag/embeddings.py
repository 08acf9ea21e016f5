"""Turns texts into vectors with the embedding model that ships with the app.

The model is an ONNX file that ``scripts/export_embedder.py`` makes; it runs on ONNX Runtime, without torch.
Beside each model lies ``card.json``, which says what it is called, its dimensions and how much text it reads.
"""

import itertools
import json
import os
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rag.errors import EmbeddingError
from rag.errors import marked as _

SHIPPED_MODEL = Path(__file__).parent / "models" / "all-MiniLM-L6-v2-int8"

_TEXTS_PER_WINDOW = 1024  # texts tokenised together: bounds memory
_CHARACTERS_PER_PIECE = 16_384  # a long text is tokenised in pieces of this size, on all cores

T = TypeVar("T")
Floats = NDArray[np.float32]


class Embedder(Protocol):
    """What the chunker, the ingest and the search need of an embedding model."""

    @property
    def name(self) -> str:
        """Stable name: vectors of different names must not be compared."""

    @property
    def dimensions(self) -> int:
        """Length of each vector."""

    @property
    def max_tokens(self) -> int:
        """Most tokens that one passage may have, the two special tokens included."""

    def embed_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return an array (texts, dimensions) of unit vectors, in the order of ``texts``.

        ``on_progress`` is called with the number of texts done so far, which only grows.
        Raises EmbeddingError ``text_too_long`` for a text of more than ``max_tokens``: nothing is ever cut.
        """

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return a unit vector (dimensions,) for a question of any length."""

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Return the span of characters of each token, without special tokens and without any limit of length."""


class TokenEmbedder(Embedder, Protocol):
    """An embedder that gives a vector for each token too, which late interaction compares one by one.

    Tokens without a letter or digit, the special ones among them, are left out, unless a text has no others.
    """

    def embed_passages_and_tokens(
        self, texts: Sequence[str], reduce: Callable[[Floats], T], on_progress: Callable[[int], None] | None = None
    ) -> tuple[Floats, list[T]]:
        """As ``embed_passages``, and what ``reduce`` makes of each text's token vectors (tokens, dimensions).

        ``reduce`` is called in several threads at a time, as the vectors come, so that they are never all in memory.
        """

    def embed_query_and_tokens(self, text: str) -> tuple[Floats, Floats]:
        """As ``embed_query``, and the vectors (tokens, dimensions) of the question's first ``max_tokens`` tokens."""


class OnnxEmbedder:
    """A sentence embedding model in a folder: ``model.onnx``, ``tokenizer.json`` and ``card.json``.

    Each thread computes one text at a time. Nothing is padded, no thread waits for another within a text, and a
    text's vector depends on that text alone.

    Safe to share between threads. Not to be carried over a fork: the threads stay behind in the parent, so a process
    that forks makes its embedder in the child (``shipped_embedder`` sees to that).
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        self.name: str = card["name"]
        self.dimensions: int = card["dimensions"]
        self.max_tokens: int = card["max_tokens"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # A document may hold the very words "[SEP]" or "[PAD]"; they are text there, not marks of the model.
        self._tokenizer.encode_special_tokens = True
        opening, closing = self._tokenizer.encode("").ids  # the two special tokens around every text
        self._opening: int = opening
        self._closing: int = closing
        self._wordless = _wordless_ids(self._tokenizer)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        # The graph comes with the fused operators that pay. The level above would also join each addition and layer
        # normalisation into one operator, which takes five times as long as the two.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._threads = ThreadPoolExecutor(threads or available_cores(), thread_name_prefix="embedder")

    def embed_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return an array (texts, dimensions) of unit vectors, in the order of ``texts``.

        ``on_progress`` is called with the number of texts done so far, which only grows.
        Raises EmbeddingError ``text_too_long`` for a text of more than ``max_tokens``: nothing is ever cut.
        """
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for row, vector in enumerate(self._computed(texts, self._embed_tokens)):
            vectors[row] = vector
            if on_progress is not None:
                on_progress(row + 1)
        return vectors

    def embed_passages_and_tokens(
        self, texts: Sequence[str], reduce: Callable[[Floats], T], on_progress: Callable[[int], None] | None = None
    ) -> tuple[Floats, list[T]]:
        """As ``embed_passages``, to the last bit, and what ``reduce`` makes of each text's token vectors.

        They come as an array (tokens, dimensions) without the tokens that have no letter or digit, unless the text has
        no others. ``reduce`` is called in several threads at a time, as they come, so that they are never all in
        memory. Raises EmbeddingError ``text_too_long`` as ``embed_passages`` does.
        """

        def both(ids: list[int]) -> tuple[Floats, T]:
            vector, tokens = self._embed_each_token(ids)
            return vector, reduce(tokens)

        vectors = np.empty((len(texts), self.dimensions), np.float32)
        reduced: list[T] = []
        for row, (vector, result) in enumerate(self._computed(texts, both)):
            vectors[row] = vector
            reduced.append(result)
            if on_progress is not None:
                on_progress(row + 1)
        return vectors, reduced

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return a unit vector (dimensions,) for a question of any length.

        A question of more than ``max_tokens`` is read in windows, and their vectors are averaged by the number
        of tokens in each, so that its end counts as much as its beginning.
        """
        return _averaged((len(window), self._embed_tokens(window)) for window in self._windows(text))

    def embed_query_and_tokens(self, text: str) -> tuple[Floats, Floats]:
        """As ``embed_query``, and the vectors (tokens, dimensions) of the question's first ``max_tokens`` tokens.

        Tokens without a letter or digit are left out, unless the question has no others.
        """
        windows = self._windows(text)
        first, tokens = self._embed_each_token(windows[0])
        rest = ((len(window), self._embed_tokens(window)) for window in windows[1:])
        return _averaged(itertools.chain([(len(windows[0]), first)], rest)), tokens

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Return the span of characters of each token, without special tokens and without any limit of length."""
        starts = _piece_starts(text)
        pieces = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
        encodings = self._tokenizer.encode_batch(pieces, add_special_tokens=False)
        spans = [
            (base + start, base + end)
            for base, encoding in zip(starts, encodings, strict=True)
            for start, end in encoding.offsets
        ]
        return spans if text.isascii() else _with_marks(text, spans)

    def _computed(self, texts: Sequence[str], compute: Callable[[list[int]], T]) -> Iterator[T]:
        """Yield what ``compute`` makes of each text's token ids, in order, computed by all threads."""
        for first in range(0, len(texts), _TEXTS_PER_WINDOW):
            encodings = self._tokenizer.encode_batch_fast(list(texts[first : first + _TEXTS_PER_WINDOW]))
            ids: list[list[int]] = [encoding.ids for encoding in encodings]
            self._refuse_too_long(ids, first)
            yield from self._threads.map(compute, ids)

    def _windows(self, text: str) -> list[list[int]]:
        """Return a question's token ids in windows that the model can read; at least one."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        room = self.max_tokens - 2
        return [
            [self._opening, *ids[first : first + room], self._closing] for first in range(0, max(len(ids), 1), room)
        ]

    def _refuse_too_long(self, ids: list[list[int]], first: int) -> None:
        for index, tokens in enumerate(ids, start=first + 1):
            if len(tokens) > self.max_tokens:
                raise EmbeddingError(
                    "text_too_long",
                    _(
                        "Passage %(number)s has %(tokens)s tokens and the embedding model reads %(most)s at most. Use "
                        "smaller chunks."
                    )
                    % {"number": index, "tokens": len(tokens), "most": self.max_tokens},
                )

    def _embed_tokens(self, ids: list[int]) -> NDArray[np.float32]:
        """Return the unit vector (dimensions,) of token ids that carry their special tokens."""
        (vectors,) = self._session.run(["sentence_embedding"], {"input_ids": np.array([ids], np.int64)})
        vector: NDArray[np.float32] = vectors[0]
        return vector

    def _embed_each_token(self, ids: list[int]) -> tuple[Floats, Floats]:
        """Return the unit vector of token ids, and the vectors (tokens, dimensions) of those that are words."""
        outputs = ["sentence_embedding", "last_hidden_state"]
        vectors, tokens = self._session.run(outputs, {"input_ids": np.array([ids], np.int64)})
        words = [index for index, number in enumerate(ids) if number not in self._wordless]
        return vectors[0], tokens[0][words] if words else tokens[0]


def shipped_embedder(threads: int | None = None) -> OnnxEmbedder:
    """Return the embedder that ships with the app, made once per process and number of threads.

    ``threads`` is how many passages are computed at a time; by default the cores this process may use.
    A forked child makes its own.
    """
    return _shipped.get(threads or available_cores())


_sharing = 1


def share_cores(processes: int) -> None:
    """Say, before anything is made for them, that so many processes do the work of this one on the same cores."""
    global _sharing  # noqa: PLW0603 - a fact of the process, as the cores are
    _sharing = processes


def available_cores() -> int:
    """Return how many cores this process may use, one at least: its part where several share them."""
    return max(1, _cores() // _sharing)


@lru_cache(maxsize=1)
def _cores() -> int:
    """Return the cores of the CPU affinity and of the quota of the container. Asked once."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_cores()
    return cores if quota is None else max(1, min(cores, round(quota)))


def _cgroup_cores() -> float | None:
    """Return the CPU quota that the control group sets, in cores; None when there is none."""
    root = Path("/sys/fs/cgroup")
    try:
        if (root / "cpu.max").exists():
            quota, period = (root / "cpu.max").read_text().split()
        else:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text()
            period = (root / "cpu/cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):  # no control groups here, or "max": no quota
        return None


def _averaged(windows: Iterable[tuple[int, Floats]]) -> Floats:
    """Return the average at unit length of vectors, each given with its weight."""
    total: Floats = np.zeros((), np.float32)
    for weight, vector in windows:
        total = total + weight * vector
    unit: Floats = total / np.linalg.norm(total)
    return unit


def _wordless_ids(tokenizer: Tokenizer) -> frozenset[int]:
    """Return the ids of tokens without a letter or digit: punctuation, symbols, the special tokens around a text."""
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    around = set(tokenizer.encode("").ids)
    return frozenset(
        number
        for token, number in vocabulary.items()
        if number in around or not any(character.isalnum() for character in token)
    )


def _piece_starts(text: str) -> list[int]:
    """Return where to cut a text for tokenising: after white space, where no token can run across."""
    starts = [0]
    position = _CHARACTERS_PER_PIECE
    while position < len(text):
        if text[position - 1].isspace():
            starts.append(position)
            position += _CHARACTERS_PER_PIECE
        else:
            position += 1
    return starts


def _with_marks(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Let each span hold the combining marks that follow it: the tokenizer drops them, a reader sees one character."""
    result = []
    for start, end in spans:
        after = end
        while after < len(text) and unicodedata.combining(text[after]):
            after += 1
        result.append((start, after))
    return result


class _Shipped:
    """The shipped embedders of this process, by number of threads."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start afresh: in a forked child the threads are gone, and the lock may have been held by one of them."""
        self._lock = threading.Lock()
        self._made: dict[int, OnnxEmbedder] = {}

    def get(self, threads: int) -> OnnxEmbedder:
        """Return the embedder for that many threads, made on first use."""
        with self._lock:
            if threads not in self._made:
                self._made[threads] = OnnxEmbedder(SHIPPED_MODEL, threads)
            return self._made[threads]


_shipped = _Shipped()
os.register_at_fork(after_in_child=_shipped.forget)
