"""What a question is narrowed to: the documents and data sources that somebody chose, and the conversation's files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat.answering import Question
from chat.errors import ChatError
from chat.events import MOST_SCOPE, ScopeIn
from chat.models import Conversation, ConversationFiles
from documents.models import DataSource, Document
from documents.retrieval import Within


def stored(scope: ScopeIn | None) -> dict[str, list[str]]:
    """A scope as a question keeps it; ChatError ``scope_too_large``."""
    if scope is None:
        return {}
    chosen = {"documents": _once(scope.documents), "sources": _once(scope.sources)}
    if sum(map(len, chosen.values())) > MOST_SCOPE:
        message = _("A question can be narrowed to %(most)d documents and data sources. Take some out.")
        raise ChatError("scope_too_large", message % {"most": MOST_SCOPE}, 422)
    return {name: ids for name, ids in chosen.items() if ids}


def narrowed(
    question: Question, conversation: Conversation | None, scope: Mapping[str, Any], sources: Sequence[UUID] | None
) -> Question:
    """The question with the files of its conversation, and within what it was narrowed to.

    ``sources`` are those of the assistant, None for all: a scope never widens what it may read. Files of the
    conversation are read beside what was chosen, unless files of it were chosen themselves.
    ChatError ``scope_gone`` for what the user may not see, or not any more, ``scope_outside`` for what the assistant
    does not read.
    """
    attached = None
    if conversation is not None:
        kept = ConversationFiles.objects.filter(conversation=conversation)
        attached = kept.values_list("source_id", flat=True).first()
    if not scope:
        return replace(question, attached=attached)
    documents = _documents(question.user, _ids(scope, "documents"), attached, sources)
    chosen = _sources(question.user, _ids(scope, "sources"), attached, sources)
    if attached is not None and attached not in documents.values():
        chosen = [*chosen, attached]
    return replace(question, attached=attached, within=Within(tuple(documents), tuple(chosen)))


def _documents(
    user: User, wanted: Sequence[UUID], attached: UUID | None, sources: Sequence[UUID] | None
) -> dict[UUID, UUID]:
    """The data source of each chosen document."""
    rows = Document.objects.openable_by(user).filter(pk__in=wanted).select_related("source")
    # A file of another conversation can be opened, and is not found here all the same.
    found = {row.pk: row for row in rows if not row.is_attached or row.source_id == attached}
    if len(found) < len(set(wanted)):
        raise _gone()
    for row in found.values():
        if sources is not None and row.source_id not in (*sources, attached):
            raise _outside(str(row))
    return {key: found[key].source_id for key in wanted}


def _sources(user: User, wanted: Sequence[UUID], attached: UUID | None, sources: Sequence[UUID] | None) -> list[UUID]:
    found = dict(DataSource.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", "name"))
    if attached in wanted and attached is not None:
        found[attached] = ""
    if len(found) < len(set(wanted)):
        raise _gone()
    for key, name in found.items():
        if sources is not None and key not in (*sources, attached):
            raise _outside(name)
    return list(found)


def _gone() -> ChatError:
    message = _("One of the chosen documents is not there any more. Take it out and ask again.")
    return ChatError("scope_gone", message, 409)


def _outside(name: str) -> ChatError:
    message = _("This assistant does not read “%(name)s”. Take it out, or ask another assistant.")
    return ChatError("scope_outside", message % {"name": name}, 409)


def _once(ids: Sequence[UUID]) -> list[str]:
    return list(dict.fromkeys(map(str, ids)))


def _ids(scope: Mapping[str, Any], name: str) -> list[UUID]:
    return [UUID(each) for each in scope.get(name, ())]
