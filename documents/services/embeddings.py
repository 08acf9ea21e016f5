"""Writes: sets of embeddings begun, cancelled, switched back to, and given a new address or key. Admins only."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.languages import in_readers_language
from accounts.models import User
from accounts.services import audit
from documents.embedders import active_set, embedder_of, forget_searched_set, hold_sets, sealed
from documents.errors import DocumentsError, permission_denied
from documents.ingest.rebuilding import text_of
from documents.models import Chunk, ChunkEmbedding, EmbedderKind, EmbeddingSet, SetState
from documents.tasks import build_embedding_set, tend_embedding_sets
from rag.embeddings import shipped_embedder
from rag.errors import EmbeddingError
from rag.folder_embeddings import FolderEmbedder, model_folder

SOONEST_REMOVAL = timedelta(seconds=60)
"""After a switch other processes search the set before for a moment; see ``documents.embedders.REMEMBERED_S``."""

SAME_VECTOR = 0.99
"""Least cosine of a stored vector and the one made now for the same text, for the model to count as the same."""


class Act(Protocol):
    """What is done to a set that is there."""

    def __call__(self, *, user: User, set_id: int) -> EmbeddingSet:
        """Do it; DocumentsError when it cannot be done."""


@dataclass(frozen=True, slots=True)
class EmbedderChoice:
    """What makes the vectors of a new set. ``model`` is a server's name for it, or a folder in ``EMBEDDERS_DIR``."""

    kind: str
    base_url: str = ""
    model: str = ""
    api_key: str = ""
    query_prefix: str = ""
    passage_prefix: str = ""

    def __repr__(self) -> str:
        return f"EmbedderChoice({self.kind!r}, {self.base_url!r}, {self.model!r})"


@dataclass(frozen=True, slots=True)
class Checked:
    """An embedder that answered: the length of its vectors and how many milliseconds two texts took."""

    dimensions: int
    ms: int


def embedder_check(*, user: User, choice: EmbedderChoice) -> Checked:
    """Ask an embedder for two vectors. Raises DocumentsError, with the embedder's own code when it does not answer."""
    if not user.is_admin:
        raise permission_denied()
    _validate(choice)
    started = time.monotonic()
    try:
        dimensions = _dimensions(choice)
    except EmbeddingError as error:
        raise DocumentsError(error.code, in_readers_language(error.message), 502) from error
    return Checked(dimensions, round((time.monotonic() - started) * 1000))


def embedding_set_begin(*, user: User, choice: EmbedderChoice, name: str = "") -> EmbeddingSet:
    """Begin a second set beside the searched one; searches go over to it when it is complete.

    The embedder is asked first, which also tells the length of its vectors. Raises DocumentsError:
    ``permission_denied``, ``embedding_set_incomplete``, ``embedding_set_building`` when another one is being built, and
    the embedder's own codes.
    """
    if not user.is_admin:
        raise permission_denied()
    active_set()
    # Before the embedder is asked, which takes a while; it is looked at again under the lock.
    if EmbeddingSet.objects.building():
        raise _one_at_a_time()
    dimensions = embedder_check(user=user, choice=choice).dimensions
    with transaction.atomic():
        # Waits for documents that are being swapped in without the new set, and has later ones see it.
        hold_sets(to_change=True)
        if EmbeddingSet.objects.building():
            raise _one_at_a_time()
        made = EmbeddingSet.objects.create(
            name=" ".join(name.split())[:200] or _name_of(choice),
            kind=choice.kind,
            base_url=choice.base_url.strip(),
            model=choice.model.strip(),
            api_key_encrypted=sealed(choice.api_key.strip()),
            query_prefix=choice.query_prefix,
            passage_prefix=choice.passage_prefix,
            dimensions=dimensions,
            state=SetState.BUILDING,
        )
        audit(actor=user, action="embeddings.begin", target=made, detail=_described(made))
        transaction.on_commit(build_embedding_set.delay, robust=True)
    return made


def embedding_set_cancel(*, user: User, set_id: int) -> EmbeddingSet:
    """Stop the building of a set, or remove a set that is no longer searched before its time.

    A set that was about to be switched back to stays for as long as it would have.
    """
    with transaction.atomic():
        found = _held(user, set_id)
        if found.state == SetState.ACTIVE:
            message = _("This set is being searched. Switch to another one first.")
            raise DocumentsError("embedding_set_active", message, 409)
        was_retired = found.state == SetState.RETIRED
        kept = not was_retired and found.remove_at is not None
        found.state = SetState.RETIRED
        found.claim = found.claimed_until = found.paused_until = None
        found.error = found.error_code = ""
        found.save()
        # A set that was searched a moment ago may be searched still by a process that has not heard of the switch.
        when = Now() + SOONEST_REMOVAL if was_retired else Now()
        sooner = Q(remove_at__isnull=True) | Q(remove_at__gt=when)
        if not kept:
            EmbeddingSet.objects.filter(sooner, pk=found.pk).update(remove_at=when)
        audit(actor=user, action="embeddings.cancel", target=found, detail=_described(found))
        transaction.on_commit(tend_embedding_sets.delay, robust=True)
    found.refresh_from_db()
    return found


def embedding_set_switch_back(*, user: User, set_id: int) -> EmbeddingSet:
    """Take up a set that is no longer searched: what changed since is embedded, then searches go over to it."""
    with transaction.atomic():
        found = _held(user, set_id)
        if found.state != SetState.RETIRED or not EmbeddingSet.objects.filter(pk=set_id, remove_at__gt=Now()).exists():
            message = _("One can only switch back to a set that was searched before and is still kept.")
            raise DocumentsError("embedding_set_not_kept", message, 409)
        if EmbeddingSet.objects.building():
            raise _one_at_a_time()
        ChunkEmbedding.objects.filter(set=found, chunk__excluded=True).delete()
        found.state = SetState.BUILDING
        found.claim = found.claimed_until = found.paused_until = None
        # Texts may have been changed meanwhile, so chunks that have a vector are looked at too.
        found.filled_to, found.comparing, found.failures = 0, True, 0
        found.save()
        audit(actor=user, action="embeddings.switch_back", target=found, detail=_described(found))
        transaction.on_commit(build_embedding_set.delay, robust=True)
    return found


def embedding_set_resume(*, user: User, set_id: int) -> EmbeddingSet:
    """Go on now with a build that pauses after a failure."""
    with transaction.atomic():
        found = _held(user, set_id)
        if found.state != SetState.BUILDING:
            raise DocumentsError("embedding_set_not_building", _("This set is not being built."), 409)
        EmbeddingSet.objects.filter(pk=found.pk).update(paused_until=None)
        transaction.on_commit(build_embedding_set.delay, robust=True)
    found.refresh_from_db()
    return found


def embedding_set_reconnect(*, user: User, set_id: int, base_url: str, api_key: str) -> EmbeddingSet:
    """Give a set on a server another address or key. Its vectors stay, so the model must make the same ones there.

    Raises DocumentsError ``embedding_set_other_model`` when it does not.
    """
    if not user.is_admin:
        raise permission_denied()
    found = EmbeddingSet.objects.filter(pk=set_id, kind=EmbedderKind.OPENAI).first()
    if found is None:
        raise _not_found()
    found.base_url, found.api_key_encrypted = base_url.strip(), sealed(api_key.strip())
    try:
        _compare(found)
    except EmbeddingError as error:
        raise DocumentsError(error.code, in_readers_language(error.message), 502) from error
    with transaction.atomic():
        held = _held(user, set_id)
        held.base_url, held.api_key_encrypted = found.base_url, found.api_key_encrypted
        held.error = held.error_code = ""
        held.paused_until, held.failures = None, 0
        held.save(update_fields=["base_url", "api_key_encrypted", "error", "error_code", "paused_until", "failures"])
        audit(actor=user, action="embeddings.reconnect", target=held, detail=_described(held))
        transaction.on_commit(forget_searched_set)
        transaction.on_commit(build_embedding_set.delay, robust=True)
    return held


def _compare(found: EmbeddingSet) -> None:
    """Ask for the vector of the shortest text that has one, and hold it against that."""
    embedder = embedder_of(found, hurried=True)
    stored = ChunkEmbedding.objects.filter(set=found).exclude(key=b"").select_related("chunk__version").first()
    if stored is None:
        embedder.embed_passages(["A ship leaves the harbour at noon."])
        return
    text, key = text_of(stored.chunk, stored.chunk.version.title, embedder)
    vector = embedder.embed_passages([text])[0]
    if key == bytes(stored.key) and float(vector @ np.array(stored.vector)) < SAME_VECTOR:
        message = _("Another model answers there: its vectors differ from those of this set. Build a new set instead.")
        raise DocumentsError("embedding_set_other_model", message, 409)


def progress_of(made_by: EmbeddingSet) -> tuple[int, int]:
    """How many chunks have their vector in a set, and how many there are to search."""
    total = Chunk.objects.filter(excluded=False).count()
    if made_by.state == SetState.BUILDING and made_by.comparing:
        return total - Chunk.objects.filter(excluded=False, pk__gt=made_by.filled_to).count(), total
    return min(ChunkEmbedding.objects.filter(set=made_by).count(), total), total


def _validate(choice: EmbedderChoice) -> None:
    if choice.kind not in EmbedderKind.values:
        raise DocumentsError("embedding_set_kind", _("Choose one of the kinds shipped, openai and directory."), 422)
    if choice.kind == EmbedderKind.OPENAI and not (choice.base_url.strip() and choice.model.strip()):
        message = _("A server needs its base URL and the name of a model.")
        raise DocumentsError("embedding_set_incomplete", message, 422)
    if choice.kind == EmbedderKind.DIRECTORY and not choice.model.strip():
        raise DocumentsError("embedding_set_incomplete", _("Name the folder that holds the model."), 422)
    lengths = ((choice.base_url, 500), (choice.model, 200), (choice.query_prefix, 200), (choice.passage_prefix, 200))
    if any(len(value) > most for value, most in lengths):
        raise DocumentsError("embedding_set_too_long", _("One of the fields is too long. Shorten it."), 422)


def _dimensions(choice: EmbedderChoice) -> int:
    if choice.kind == EmbedderKind.SHIPPED:
        return shipped_embedder().dimensions
    if choice.kind == EmbedderKind.DIRECTORY:
        folder = model_folder(settings.EMBEDDERS_DIR, choice.model.strip())
        return FolderEmbedder(folder, 0, choice.query_prefix, choice.passage_prefix).probe()
    from rag.outbound import OutboundPolicy
    from rag.remote_embeddings import FOR_PROBES, RemoteEmbedder, RemoteModel

    remote = RemoteModel(choice.base_url.strip(), choice.model.strip(), choice.api_key.strip())
    policy = OutboundPolicy(allow=tuple(settings.OUTBOUND_ALLOW_PRIVATE))
    return RemoteEmbedder(remote, 0, policy, FOR_PROBES).probe()


def _name_of(choice: EmbedderChoice) -> str:
    return shipped_embedder().name if choice.kind == EmbedderKind.SHIPPED else choice.model.strip()


def _held(user: User, set_id: int) -> EmbeddingSet:
    """The set, with all sets held until the transaction ends."""
    if not user.is_admin:
        raise permission_denied()
    hold_sets(to_change=True)
    found = EmbeddingSet.objects.filter(pk=set_id).first()
    if found is None:
        raise _not_found()
    return found


def _not_found() -> DocumentsError:
    return DocumentsError("embedding_set_not_found", _("There is no such set. It may have been removed."), 404)


def _one_at_a_time() -> DocumentsError:
    message = _("Another set is being built. Wait until it is complete, or cancel it.")
    return DocumentsError("embedding_set_building", message, 409)


def _described(made_by: EmbeddingSet) -> dict[str, object]:
    return {
        "kind": made_by.kind,
        "base_url": made_by.base_url,
        "model": made_by.model,
        "dimensions": made_by.dimensions,
        "key": bool(made_by.api_key_encrypted),
    }
