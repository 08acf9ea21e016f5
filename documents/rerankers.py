"""What puts candidates into order: the rerankers to choose from, and the models behind their rows."""

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.dispatch import Signal
from django.utils.translation import gettext as _

from documents.embedders import unsealed
from documents.models import Reranker, RerankerKind, RerankerProtocol
from rag.errors import EmbeddingError, RerankingError
from rag.outbound import OutboundPolicy

if TYPE_CHECKING:
    from rag import reranking
    from rag.reranking.remote import Shape

NO_RERANKER, LATE_INTERACTION = "none", "late_interaction"
RERANKERS = (NO_RERANKER, LATE_INTERACTION)
"""The rerankers that need no row; others are named by the slug of theirs."""

reranker_uses = Signal()
"""Sent with ``slug`` before a reranker is deleted: each receiver returns the names of the assistants that use it."""


@dataclass(frozen=True, slots=True)
class RerankerModel:
    """What a reranker is made of: ``model`` is a server's name for it, or a folder in ``RERANKERS_DIR``."""

    kind: str
    protocol: str = RerankerProtocol.COHERE
    base_url: str = ""
    model: str = ""
    sealed_key: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, row: Reranker) -> "RerankerModel":
        """What a row says."""
        return cls(row.kind, row.protocol, row.base_url, row.model, bytes(row.api_key_encrypted))


def reranker_choices() -> list[tuple[str, str]]:
    """Value and label of every reranker that settings of a search may name, the two that need no row first."""
    built_in = [(LATE_INTERACTION, _("Late interaction (shipped with Footnote)")), (NO_RERANKER, _("None"))]
    return built_in + list(Reranker.objects.values_list("slug", "name"))


def is_reranker(name: str) -> bool:
    """Whether there is such a reranker."""
    return name in RERANKERS or Reranker.objects.filter(slug=name).exists()


def reranker_of(row: Reranker) -> "reranking.Reranker":
    """Return the model of a row, made once in a process. Raises RerankingError when it cannot be made."""
    return _kept(RerankerModel.of(row), settings.RERANKERS_DIR, tuple(settings.OUTBOUND_ALLOW_PRIVATE))


def load_reranker(
    choice: RerankerModel, folder: Path, allowed: tuple[str, ...], answer_s: float | None = None
) -> "reranking.Reranker":
    """Make what a model describes; ``answer_s`` is how long a server may take, if not as long as for a question.

    Raises RerankingError.
    """
    # Imported when they are needed: who keeps to late interaction loads neither.
    if choice.kind == RerankerKind.CROSS_ENCODER:
        from rag.reranking.cross_encoder import CrossEncoder, reranker_folder

        return CrossEncoder(reranker_folder(folder, choice.model))
    from rag.reranking.remote import ANSWER_S, RemoteReranker, RemoteRerankingModel

    try:
        key = unsealed(choice.sealed_key)
    except EmbeddingError as error:
        raise RerankingError("reranking_key_unreadable", error.message) from error
    remote = RemoteRerankingModel(choice.base_url, choice.model, cast("Shape", choice.protocol), key)
    return RemoteReranker(remote, OutboundPolicy(allow=allowed), answer_s or ANSWER_S)


_kept = lru_cache(maxsize=8)(load_reranker)
# Connections and threads do not survive a fork.
os.register_at_fork(after_in_child=_kept.cache_clear)


def note_rerank(row: Reranker, error: RerankingError | None) -> None:
    """Keep for the admins' page whether a reranker answered; writes only when that has changed."""
    code, message = (error.code[:60], error.message[:500]) if error else ("", "")
    if (row.error_code, row.error) != (code, message):
        Reranker.objects.filter(pk=row.pk).update(error_code=code, error=message)
