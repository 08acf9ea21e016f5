"""Writes: rerankers tried, added, given another address, key or depth, and deleted. Admins only."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.languages import in_readers_language
from accounts.models import User
from accounts.services import audit
from documents.embedders import sealed
from documents.errors import DocumentsError, permission_denied
from documents.models import Reranker, RerankerKind, RerankerProtocol
from documents.rerankers import RERANKERS, RerankerModel, load_reranker, reranker_uses
from rag.errors import RerankingError
from rag.reranking import MOST_CANDIDATES, Candidate, Question

PROBE_S = 20.0
PROBE = ("When does the ship leave?", ("The ship leaves at noon.", "Invoices are paid within fourteen days."))
LONGEST_TEXT = 4_000
RESERVED = {*RERANKERS, "new", "test"}
"""Words that no slug may be: the rerankers that need no row, and addresses of the pages."""


@dataclass(frozen=True, slots=True)
class Tried:
    """The scores that a reranker gave to texts, in their order, and how many milliseconds it took."""

    scores: tuple[float, ...]
    ms: int


def reranker_try(
    *, user: User, model: RerankerModel, question: str = PROBE[0], texts: Sequence[str] = PROBE[1]
) -> Tried:
    """Ask a reranker for the scores of some texts. Raises DocumentsError, with the reranker's own code if it fails."""
    if not user.is_admin:
        raise permission_denied()
    _validate(model)
    candidates = [Candidate(text[:LONGEST_TEXT]) for text in texts[:MOST_CANDIDATES]]
    started = time.monotonic()
    try:
        loaded = load_reranker(model, settings.RERANKERS_DIR, tuple(settings.OUTBOUND_ALLOW_PRIVATE), PROBE_S)
        scores = loaded.rerank(Question(question[:LONGEST_TEXT]), candidates).scores
    except RerankingError as error:
        raise DocumentsError(error.code, in_readers_language(error.message), 502) from error
    return Tried(tuple(scores.tolist()), round((time.monotonic() - started) * 1000))


def reranker_create(*, user: User, model: RerankerModel, name: str = "", depth: int = 50) -> Reranker:
    """Add a reranker, which is asked first. Its slug is made from its name.

    Raises DocumentsError: ``permission_denied``, ``reranker_incomplete``, ``reranker_depth``, and its own codes.
    """
    reranker_try(user=user, model=model)
    made = Reranker(
        name=" ".join(name.split())[:200] or model.model.strip() or model.base_url.strip()[:200],
        kind=model.kind,
        protocol=model.protocol,
        base_url=model.base_url.strip(),
        model=model.model.strip(),
        api_key_encrypted=model.sealed_key,
        depth=_depth(depth),
    )
    stem = slugify(made.name)[:50] or "reranker"
    for attempt in range(100):
        made.slug = stem if not attempt else f"{stem}-{attempt + 1}"
        if made.slug in RESERVED or Reranker.objects.filter(slug=made.slug).exists():
            continue
        try:
            with transaction.atomic():
                made.save(force_insert=True)
                audit(actor=user, action="reranker.create", target=made, detail=_described(made))
        except IntegrityError:  # another one was given this slug meanwhile
            continue
        return made
    raise DocumentsError("reranker_name_taken", _("Too many rerankers have this name. Choose another one."), 409)


def changed_model(row: Reranker, *, base_url: str, api_key: str) -> RerankerModel:
    """What a row would be made of with another address or key.

    An empty key keeps the stored one at the same address alone: a key goes nowhere that it was not entered for.
    """
    kept = bytes(row.api_key_encrypted) if base_url.strip() == row.base_url else b""
    key = sealed(api_key.strip()) if api_key.strip() else kept
    return replace(RerankerModel.of(row), base_url=base_url.strip(), sealed_key=key)


def reranker_change(*, user: User, slug: str, name: str, depth: int, base_url: str = "", api_key: str = "") -> Reranker:
    """Give a reranker another name, depth, address or key. It is asked first; see ``changed_model`` for the key."""
    if not user.is_admin:
        raise permission_denied()
    model = changed_model(_found(slug), base_url=base_url, api_key=api_key)
    reranker_try(user=user, model=model)
    with transaction.atomic():
        row = _found(slug, held=True)
        row.name = " ".join(name.split())[:200] or row.name
        row.depth = _depth(depth)
        row.base_url, row.api_key_encrypted = model.base_url, model.sealed_key
        row.error = row.error_code = ""
        row.save(update_fields=["name", "depth", "base_url", "api_key_encrypted", "error", "error_code"])
        audit(actor=user, action="reranker.change", target=row, detail=_described(row))
    return row


def reranker_delete(*, user: User, slug: str) -> None:
    """Delete a reranker that no assistant uses. Raises DocumentsError ``reranker_in_use`` for one that is."""
    if not user.is_admin:
        raise permission_denied()
    with transaction.atomic():
        row = _found(slug, held=True)
        names = [name for _receiver, found in reranker_uses.send(sender=Reranker, slug=slug) for name in found or ()]
        if names:
            message = _("It is used by %(names)s. Choose another reranker there first.")
            raise DocumentsError("reranker_in_use", message % {"names": ", ".join(sorted(names)[:10])}, 409)
        audit(actor=user, action="reranker.delete", target=row, detail=_described(row))
        row.delete()


def _validate(model: RerankerModel) -> None:
    if model.kind not in RerankerKind.values or model.protocol not in RerankerProtocol.values:
        raise DocumentsError("reranker_kind", _("Choose one of the kinds and protocols that are offered."), 422)
    if model.kind == RerankerKind.CROSS_ENCODER and not model.model.strip():
        raise DocumentsError("reranker_incomplete", _("Name the folder that holds the model."), 422)
    if model.kind == RerankerKind.REMOTE:
        if not model.base_url.strip():
            raise DocumentsError("reranker_incomplete", _("A server needs its base URL."), 422)
        if model.protocol == RerankerProtocol.COHERE and not model.model.strip():
            raise DocumentsError("reranker_incomplete", _("This protocol needs the name of a model."), 422)
    if len(model.base_url) > 500 or len(model.model) > 200:
        raise DocumentsError("reranker_too_long", _("One of the fields is too long. Shorten it."), 422)


def _depth(depth: int) -> int:
    if not 1 <= depth <= MOST_CANDIDATES:
        message = _("The number of passages must be 1 to %(most)s.")
        raise DocumentsError("reranker_depth", message % {"most": MOST_CANDIDATES}, 422)
    return depth


def _found(slug: str, *, held: bool = False) -> Reranker:
    rows = Reranker.objects.select_for_update() if held else Reranker.objects
    row = rows.filter(slug=slug).first()
    if row is None:
        raise DocumentsError("reranker_not_found", _("There is no such reranker. It may have been deleted."), 404)
    return row


def _described(row: Reranker) -> dict[str, object]:
    return {
        "kind": row.kind,
        "protocol": row.protocol if row.kind == RerankerKind.REMOTE else "",
        "base_url": row.base_url,
        "model": row.model,
        "depth": row.depth,
        "key": bool(row.api_key_encrypted),
    }
