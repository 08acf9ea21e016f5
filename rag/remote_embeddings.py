"""Turns texts into vectors with any server that speaks OpenAI's ``POST {base_url}/embeddings``.

Every vector that comes back is checked: how many, how long, finite, and brought to unit length. Every way in which such
a server fails becomes an EmbeddingError with a code and a sentence: ``embedding_`` before what ``rag.model_servers``
lists (too many requests, for longer than we wait), or ``embedding_dimensions`` for vectors of another length.
"""

import json
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import httpx2
import numpy as np
from numpy.typing import NDArray

from rag.embeddings import Embedder, shipped_embedder
from rag.errors import EmbeddingError
from rag.errors import marked as _
from rag.model_servers import CALL_ERRORS, ServerFailures
from rag.outbound import OutboundLimits, OutboundPolicy, guarded_client

MAX_DIMENSIONS = 4000
"""The longest vector that can be indexed in half precision."""

TEXTS_PER_REQUEST = 64
CHARACTERS_PER_REQUEST = 100_000
MAX_BYTES = 32 * 1024 * 1024
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 20.0
LEAVE_ALONE_S = 10.0
"""After a question that went unanswered no other waits for the server for so long."""

PROBES = ("A ship leaves the harbour at noon.", "Invoices are paid within fourteen days.")

FAILURES = ServerFailures(EmbeddingError, _("embedding"), _("vectors"), _(", often with /v1 at its end"), _("model"))


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for a connection, for an answer, and in all for trying again."""

    connect: float = 5.0
    answer: float = 60.0
    again: float = 60.0


FOR_DOCUMENTS = Patience()
FOR_SLICES = Patience(answer=30.0, again=0.0)
FOR_PROBES = Patience(answer=15.0, again=2.0)
FOR_QUESTIONS = Patience(connect=2.0, answer=5.0, again=0.0)


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """A model on a server: ``base_url`` such as ``https://api.openai.com/v1``; prefixes go before what is embedded."""

    base_url: str
    model: str
    api_key: str = ""
    query_prefix: str = ""
    passage_prefix: str = ""

    def __repr__(self) -> str:
        # The key must not reach a log or a traceback.
        return f"RemoteModel({self.base_url!r}, {self.model!r})"


class _Again(Exception):
    """Worth another try: ``error`` is what is raised when there is none, ``after_s`` what the server asked for."""

    def __init__(self, error: EmbeddingError, after_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after_s = after_s


class RemoteEmbedder:
    """An Embedder behind HTTP. Safe to share between threads.

    Texts are cut by the tokens of the shipped embedder, whatever model makes the vectors, so that chunks outlive a
    change of it: ``max_tokens`` and ``token_offsets`` are that one's. ``dimensions`` 0 means not known yet.
    """

    def __init__(
        self, remote: RemoteModel, dimensions: int, policy: OutboundPolicy, patience: Patience = FOR_DOCUMENTS
    ) -> None:
        self.name = remote.model
        self.dimensions = dimensions
        self._remote = remote
        self._patience = patience
        self._clients = {each: _client(policy, each) for each in (patience, FOR_QUESTIONS)}
        # An embedder that nobody holds any more leaves no connection open.
        weakref.finalize(self, _close, list(self._clients.values()))
        self._lock = threading.Lock()
        self._left_alone: tuple[float, EmbeddingError] | None = None

    @property
    def max_tokens(self) -> int:
        """Most tokens of a passage, as the shipped embedder counts them."""
        return self._cutter.max_tokens

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Return the span of characters of each token of the shipped embedder."""
        return self._cutter.token_offsets(text)

    def embed_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return an array (texts, dimensions) of unit vectors, in the order of ``texts``. Raises EmbeddingError."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        done = 0
        for batch in _batches(texts):
            prefixed = [self._remote.passage_prefix + text for text in batch]
            vectors[done : done + len(batch)] = self._embed(prefixed, self._patience)
            done += len(batch)
            if on_progress is not None:
                on_progress(done)
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return a unit vector (dimensions,) for a question of any length. Raises EmbeddingError.

        A question longer than a passage is read in pieces whose vectors are averaged. A person waits: one try, and
        none at all for a few seconds after a failure.
        """
        self._refuse_while_left_alone()
        pieces, weights = self._pieces(text)
        try:
            vectors = self._embed([self._remote.query_prefix + piece for piece in pieces], FOR_QUESTIONS)
        except EmbeddingError as error:
            with self._lock:
                self._left_alone = (time.monotonic() + LEAVE_ALONE_S, error)
            raise
        total = np.average(vectors, axis=0, weights=weights).astype(np.float32)
        vector: NDArray[np.float32] = _unit(total[np.newaxis])[0]
        return vector

    def probe(self) -> int:
        """Ask for the vectors of two texts and return their length. Raises EmbeddingError."""
        vectors = self._embed([self._remote.passage_prefix + text for text in PROBES], self._patience)
        if vectors.shape[1] > MAX_DIMENSIONS:
            raise EmbeddingError(
                "embedding_dimensions",
                _(
                    "The model makes vectors of %(dimensions)s dimensions and %(most)s can be searched. Choose "
                    "another model, or one that can make shorter vectors."
                )
                % {"dimensions": vectors.shape[1], "most": MAX_DIMENSIONS},
            )
        if float(vectors[0] @ vectors[1]) > 1 - 1e-5:
            raise FAILURES.malformed(_("gives the same vector for different texts"))
        return int(vectors.shape[1])

    @property
    def _cutter(self) -> Embedder:
        return shipped_embedder()

    def _refuse_while_left_alone(self) -> None:
        with self._lock:
            left_alone = self._left_alone
            if left_alone is not None and time.monotonic() >= left_alone[0]:
                left_alone = self._left_alone = None
        if left_alone is not None:
            raise EmbeddingError(left_alone[1].code, left_alone[1].message)

    def _pieces(self, text: str) -> tuple[list[str], list[int]]:
        """A question in pieces of at most a passage's tokens, and the tokens of each."""
        spans = self.token_offsets(text)
        room = self.max_tokens - 2
        if len(spans) <= room:
            return [text], [1]
        windows = [spans[first : first + room] for first in range(0, len(spans), room)]
        windows = windows[:TEXTS_PER_REQUEST]
        return [text[window[0][0] : window[-1][1]] for window in windows], [len(window) for window in windows]

    def _embed(self, texts: list[str], patience: Patience) -> NDArray[np.float32]:
        """Unit vectors of at most a request's texts, tried again as long as ``patience`` says."""
        deadline = time.monotonic() + patience.again
        pause = FIRST_PAUSE_S
        while True:
            try:
                return self._request(texts, patience)
            except _Again as again:
                wait = pause if again.after_s is None else again.after_s
                if time.monotonic() + wait > deadline:
                    raise again.error from again
                time.sleep(wait)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def _request(self, texts: list[str], patience: Patience) -> NDArray[np.float32]:
        headers = {"authorization": f"Bearer {self._remote.api_key}"} if self._remote.api_key else {}
        body = {"model": self._remote.model, "input": texts, "encoding_format": "float"}
        try:
            response = self._clients[patience].post(
                f"{self._remote.base_url.rstrip('/')}/embeddings", json=body, headers=headers
            )
        except CALL_ERRORS as error:
            raise _worth_another_try(FAILURES.of_call(error)) from error
        if response.status_code != 200:
            refusal = FAILURES.of_refusal(response, self._remote.model, self._remote.api_key)
            raise _worth_another_try(refusal, _retry_after(response))
        return self._read(response, len(texts))

    def _read(self, response: httpx2.Response, count: int) -> NDArray[np.float32]:
        """The vectors of an answer in the order of the texts, checked and of unit length."""
        try:
            data = json.loads(response.content)["data"]
            rows = {item["index"]: item["embedding"] for item in data}
            if len(data) != count or set(rows) != set(range(count)):
                raise FAILURES.malformed(
                    _("sent %(sent)s vectors for %(count)s texts") % {"sent": len(data), "count": count}
                )
            vectors = np.array([rows[index] for index in range(count)], np.float32)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise FAILURES.malformed(_("sent something that is not a list of vectors")) from error
        if vectors.ndim != 2 or vectors.shape[1] == 0:
            raise FAILURES.malformed(_("sent something that is not a list of vectors"))
        if self.dimensions and vectors.shape[1] != self.dimensions:
            raise EmbeddingError(
                "embedding_dimensions",
                _(
                    "The embedding server sent vectors of %(dimensions)s dimensions where %(wanted)s belong: another"
                    " model answers there now. Put the old one back, or build a new set."
                )
                % {"dimensions": vectors.shape[1], "wanted": self.dimensions},
            )
        return _unit(vectors)


def _client(policy: OutboundPolicy, patience: Patience) -> httpx2.Client:
    return guarded_client(
        policy,
        timeout=httpx2.Timeout(patience.answer, connect=patience.connect),
        limits=OutboundLimits(max_bytes=MAX_BYTES, total_s=patience.answer),
    )


def _close(clients: Iterable[httpx2.Client]) -> None:
    for client in clients:
        client.close()


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Runs of texts that fit into a request; a text that alone is too large is a run of its own."""
    first = characters = 0
    for index, text in enumerate(texts):
        if index > first and (index - first >= TEXTS_PER_REQUEST or characters + len(text) > CHARACTERS_PER_REQUEST):
            yield texts[first:index]
            first, characters = index, 0
        characters += len(text)
    if first < len(texts):
        yield texts[first:]


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows at unit length; EmbeddingError where a row has none."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(vectors).all() or not np.isfinite(lengths).all() or (lengths < 1e-12).any():
        raise FAILURES.malformed(_("sent a vector that is not finite or has no direction"))
    unit: NDArray[np.float32] = (vectors / lengths).astype(np.float32)
    return unit


def _retry_after(response: httpx2.Response) -> float | None:
    """The seconds that the server asks to wait; None when it does not say."""
    try:
        seconds = float(response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _worth_another_try(error: EmbeddingError, after_s: float | None = None) -> Exception:
    return _Again(error, after_s) if FAILURES.is_passing(error) else error
