"""The embedders behind the sets of vectors: which set is searched, and what makes its vectors."""

import os
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from accounts.errors import AccountsError
from accounts.secrets import decrypt, encrypt
from documents.models import EmbedderKind, EmbeddingSet, SetState
from rag.embeddings import Embedder, TokenEmbedder, shipped_embedder
from rag.errors import EmbeddingError
from rag.late_interaction import LateInteraction, shipped_late_interaction
from rag.outbound import OutboundPolicy

REMEMBERED_S = 2.0
"""A process may search the set before for so long after a switch; its vectors are removed later than that."""


class _Searched:
    """The searched set as this process last read it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: tuple[float, EmbeddingSet] | None = None

    def get(self) -> EmbeddingSet:
        """Return the set, read again when what is known is old."""
        with self._lock:
            found = self._found
        if found is not None and time.monotonic() - found[0] < REMEMBERED_S:
            return found[1]
        chosen = active_set()
        with self._lock:
            self._found = (time.monotonic(), chosen)
        return chosen

    def forget(self) -> None:
        """Read the set afresh the next time."""
        with self._lock:
            self._found = None


_searched = _Searched()


def searched_set() -> EmbeddingSet:
    """Return the set to search, which costs a query every ``REMEMBERED_S`` seconds."""
    return _searched.get()


def forget_searched_set() -> None:
    """Read the searched set afresh the next time, in this process."""
    _searched.forget()


def active_set() -> EmbeddingSet:
    """Return the active set; the first one, of the shipped embedder, is made when there is none."""
    found = EmbeddingSet.objects.filter(state=SetState.ACTIVE).first()
    if found is not None:
        return found
    shipped = shipped_embedder()
    try:
        with transaction.atomic():
            made = EmbeddingSet.objects.create(
                name=shipped.name, kind=EmbedderKind.SHIPPED, dimensions=shipped.dimensions, state=SetState.ACTIVE
            )
            create_index(made)
            return made
    except IntegrityError:  # another process was faster
        return EmbeddingSet.objects.active()


def embedder_of(made_by: EmbeddingSet, *, hurried: bool = False) -> Embedder:
    """Return what makes the vectors of a set; ``hurried`` for work that must not hold up what waits behind it.

    Raises EmbeddingError when the set's key cannot be read or its model is gone.
    """
    return _embedder(
        made_by.kind,
        made_by.base_url,
        made_by.model,
        bytes(made_by.api_key_encrypted),
        made_by.query_prefix,
        made_by.passage_prefix,
        made_by.dimensions,
        hurried,
        tuple(settings.OUTBOUND_ALLOW_PRIVATE),
        settings.EMBEDDERS_DIR,
    )


@dataclass(frozen=True, slots=True)
class TokenPacker:
    """What gives the token vectors of a set's texts, packs them, and compares a question with what was packed."""

    embedder: TokenEmbedder
    late_interaction: LateInteraction

    def pack(self, tokens: NDArray[np.float32]) -> bytes:
        """Pack a passage's token vectors (tokens, dimensions)."""
        return self.late_interaction.encode(tokens)


def token_packer(made_by: EmbeddingSet) -> TokenPacker | None:
    """Return what late interaction needs in a set; None where its embedder gives no token vectors."""
    if made_by.kind != EmbedderKind.SHIPPED:
        return None
    return TokenPacker(shipped_embedder(), shipped_late_interaction())


@lru_cache(maxsize=8)
def _embedder(
    kind: str,
    base_url: str,
    model: str,
    sealed_key: bytes,
    query_prefix: str,
    passage_prefix: str,
    dimensions: int,
    hurried: bool,
    allowed: tuple[str, ...],
    folder: Path,
) -> Embedder:
    if kind == EmbedderKind.SHIPPED:
        return shipped_embedder()
    if kind == EmbedderKind.DIRECTORY:
        from rag.folder_embeddings import FolderEmbedder, model_folder

        return FolderEmbedder(model_folder(folder, model), dimensions, query_prefix, passage_prefix)
    if kind == EmbedderKind.OPENAI:
        # Imported when it is needed: who keeps to the shipped embedder loads no HTTP client for it.
        from rag.remote_embeddings import FOR_DOCUMENTS, FOR_SLICES, RemoteEmbedder, RemoteModel

        remote = RemoteModel(base_url, model, unsealed(sealed_key), query_prefix, passage_prefix)
        patience = FOR_SLICES if hurried else FOR_DOCUMENTS
        return RemoteEmbedder(remote, dimensions, OutboundPolicy(allow=allowed), patience)
    raise EmbeddingError("embedding_kind", _("This server does not know the kind of the embedder. Build another set."))


# Connections and threads do not survive a fork.
os.register_at_fork(after_in_child=_embedder.cache_clear)


def sealed(api_key: str) -> bytes:
    """An API key as it is stored; empty for none."""
    return encrypt(api_key).encode() if api_key else b""


def unsealed(stored: bytes) -> str:
    """The API key again; EmbeddingError when the ENCRYPTION_KEY has changed since it was stored."""
    try:
        return decrypt(stored.decode()) if stored else ""
    except AccountsError as error:
        raise EmbeddingError("embedding_key_unreadable", str(error.message)) from error


HOLD = "SELECT id FROM documents_embeddingset ORDER BY id FOR SHARE"
HOLD_TO_CHANGE = "SELECT id FROM documents_embeddingset ORDER BY id FOR NO KEY UPDATE"


def hold_sets(*, to_change: bool = False) -> list[EmbeddingSet]:
    """Hold all sets as they are until the transaction ends and return those kept up, the searched one first.

    Who writes vectors holds them beside others who do; with ``to_change``, for who begins, switches or ends a set, all
    those are waited for. Documents are locked before sets, never after.
    """
    with connection.cursor() as cursor:
        cursor.execute(HOLD_TO_CHANGE if to_change else HOLD)
    # A statement of its own: it sees what was begun while the one above waited.
    return list(EmbeddingSet.objects.kept_up())


FIRST_PAUSE_S = 10
LONGEST_PAUSE_S = 600


def pause_build(made_by: EmbeddingSet, error: EmbeddingError) -> None:
    """Leave a set that is being built alone for a while, the longer the more often it failed, and say why."""
    seconds = min(FIRST_PAUSE_S * 2 ** min(made_by.failures, 10), LONGEST_PAUSE_S)
    made_by.failures = min(made_by.failures + 1, 100)
    EmbeddingSet.objects.filter(pk=made_by.pk, state=SetState.BUILDING).update(
        error_code=error.code[:60],
        error=error.message[:500],
        failures=made_by.failures,
        paused_until=Now() + timedelta(seconds=seconds),
    )


def note_search(searched: EmbeddingSet, error: EmbeddingError | None) -> None:
    """Keep for the admins' page whether the searched set's embedder answered; writes only when that has changed."""
    code, message = (error.code[:60], error.message[:500]) if error else ("", "")
    if (searched.error_code, searched.error) != (code, message):
        EmbeddingSet.objects.filter(pk=searched.pk, state=SetState.ACTIVE).update(error_code=code, error=message)
        forget_searched_set()


def has_index(made_by: EmbeddingSet) -> bool | None:
    """Whether the index of a set is there and whole; None when it is there and broken, as a killed build leaves it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [f'"{made_by.index_name}"']
        )
        found = cursor.fetchone()
    return False if found is None else found[0] or None


def create_index(made_by: EmbeddingSet, *, concurrently: bool = False) -> None:
    """Make the index of a set, unless it is there; ``concurrently`` lets others write, and needs autocommit."""
    how = "CONCURRENTLY" if concurrently else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE INDEX {how} IF NOT EXISTS {made_by.index_name} ON documents_chunkembedding "
            f"USING hnsw ((vector::halfvec({made_by.dimensions})) halfvec_ip_ops) "
            f"WITH (m = 16, ef_construction = 64) WHERE set_id = {made_by.pk}"
        )


def drop_index(made_by: EmbeddingSet) -> None:
    """Remove the index of a set while others read and write; needs autocommit."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {made_by.index_name}")
