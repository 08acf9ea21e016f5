"""Writes: who sees a document."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from documents.errors import DocumentsError, document_not_found, permission_denied, same_as_another
from documents.events import announce, announce_deleted
from documents.ingest.terms import replace_terms
from documents.models import Audience, Chunk, DataSource, Document
from documents.services.sources import editable_source

MAX_READERS = 1000
"""People and groups that one document may name."""

MOVE = (
    """UPDATE documents_chunkembedding SET audience_id = %s
WHERE chunk_id IN (SELECT id FROM documents_chunk WHERE document_id = %s)""",
    """UPDATE documents_chunkterms SET audience_id = %s
WHERE chunk_id IN (SELECT id FROM documents_chunk WHERE document_id = %s)""",
)


@dataclass(frozen=True, slots=True)
class Grants:
    """Who sees a document in the place of who sees its data source; its owner and admins always do.

    ``everyone`` who can sign in, or these ``users`` and ``groups``; with none of them nobody else.
    """

    everyone: bool = False
    users: list[User] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


def document_share(*, user: User, document_id: uuid.UUID, grants: Grants | None) -> Document:
    """Let those that ``grants`` names see a document, or with None whoever sees its data source.

    Who may change the data source may do this. Searches see the document as before until the commit, and as it is
    granted from then on. Raises DocumentsError: ``not_found``, ``permission_denied``, ``too_many_readers``,
    ``same_as_another``.
    """
    if grants is not None and len(grants.users) + len(grants.groups) > MAX_READERS:
        message = _("A document may name %(limit)d people and groups at most. Put people into a group.")
        raise DocumentsError("too_many_readers", message % {"limit": MAX_READERS}, 422)
    try:
        with transaction.atomic():
            document = _shareable(user, document_id)
            _move(user, document, _audience(document.source, grants))
            return document
    except IntegrityError as error:
        # The lock on the row leaves one reason: the same file was uploaded for the same people at this very moment.
        raise same_as_another(_("Another document")) from error


def readers(*, groups: Iterable[str], users: Iterable[str]) -> tuple[list[Group], list[User]]:
    """The groups of these names and the people of these addresses; DocumentsError ``unknown_reader``."""
    names, addresses = set(groups), {email.lower() for email in users}
    found = list(Group.objects.filter(name__in=names)), list(User.objects.filter(email__in=addresses))
    if len(found[0]) < len(names) or len(found[1]) < len(addresses):
        raise DocumentsError("unknown_reader", _("One of the groups or people does not exist. Check the names."), 422)
    return found


def _shareable(user: User, document_id: uuid.UUID) -> Document:
    """The document, held with its data source until the end of the transaction."""
    visible = Document.objects.visible_to(user).select_for_update(of=("self",)).select_related("source", "audience")
    document = visible.filter(pk=document_id).first()
    if document is None:
        raise document_not_found()
    if not DataSource.objects.editable_by(user).filter(pk=document.source_id).exists():
        raise permission_denied()
    # It keeps two from making, or removing, an audience at the same time.
    document.source = editable_source(user, document.source)
    return document


def _audience(source: DataSource, grants: Grants | None) -> Audience:
    if grants is None:
        return Audience.objects.get(source=source, inherits=True)
    users, groups = (each.pk for each in grants.users), (each.pk for each in grants.groups)
    return Audience.objects.granting(source, everyone=grants.everyone, users=users, groups=groups)


def _move(user: User, document: Document, audience: Audience) -> None:
    before = document.audience
    if audience == before:
        return
    if document.external_id is None:
        same = Document.objects.filter(audience=audience, sha256=document.sha256, external_id__isnull=True)
        if other := same.first():
            raise same_as_another(other.filename)
    document.audience = audience
    document.save(update_fields=["audience", "updated_at"])
    with connection.cursor() as cursor:
        for statement in MOVE:
            cursor.execute(statement, [audience.pk, document.pk])
    # One that is looked at only later has no terms yet, and whoever looks leaves out documents that are held.
    for chunk in (
        Chunk.objects.of_current(document).filter(terms__isnull=True, excluded=False).select_related("version")
    ):
        replace_terms(chunk)
    if not before.inherits and not before.documents.exists():
        before.delete()
    detail = {"before": told(before), "after": told(audience)}
    audit(actor=user, action="document.share", target=document, detail=detail)
    _tell_owner(document)


def told(audience: Audience) -> dict[str, object]:
    """Who an audience is, by names: ``visibility`` is source, everyone or restricted."""
    if audience.inherits or audience.everyone:
        return {"visibility": "source" if audience.inherits else "everyone", "groups": [], "users": []}
    return {
        "visibility": "restricted",
        "groups": list(Group.objects.filter(pk__in=audience.groups).order_by("name").values_list("name", flat=True)),
        "users": list(User.objects.filter(pk__in=audience.users).order_by("email").values_list("email", flat=True)),
    }


def _tell_owner(document: Document) -> None:
    """On the uploader's page the document comes or goes."""
    owner = document.owner
    if owner is not None and not Document.objects.visible_to(owner).filter(pk=document.pk).exists():
        transaction.on_commit(partial(announce_deleted, document.pk, owner.pk), robust=True)
    else:
        transaction.on_commit(partial(announce, document), robust=True)
