"""What questions were narrowed to, by the names that their reader may know."""

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat.events.payloads import ScopePayload
from chat.models import Message
from documents.models import DataSource, Document

Kind = Literal["document", "source"]


def named_scopes(messages: Iterable[Message], reader: User) -> dict[UUID, list[ScopePayload]]:
    """The scope of each message that has one. Names are not kept: what was deleted leaves none. Up to two queries."""
    rows = [row for row in messages if row.scope]
    documents = {each for row in rows for each in row.scope.get("documents", ())}
    sources = {each for row in rows for each in row.scope.get("sources", ())}
    names: dict[str, str] = {}
    if documents:
        found = Document.objects.openable_by(reader).filter(pk__in=documents).only("title", "filename")
        names |= {str(row.pk): str(row) for row in found}
    if sources:
        visible = DataSource.objects.visible_to(reader) | DataSource.objects.attached_by(reader)
        names |= {str(pk): name for pk, name in visible.filter(pk__in=sources).values_list("pk", "name")}
    return {
        row.pk: [
            *(_payload("document", each, names) for each in row.scope.get("documents", ())),
            *(_payload("source", each, names) for each in row.scope.get("sources", ())),
        ]
        for row in rows
    }


def _payload(kind: Kind, key: str, names: dict[str, str]) -> ScopePayload:
    if key in names:
        return ScopePayload(kind=kind, id=UUID(key), name=names[key])
    missing = _("A document you may not see") if kind == "document" else _("A data source you may not see")
    return ScopePayload(kind=kind, id=None, name=missing)
