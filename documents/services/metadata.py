"""Writes: what is known of a document beside its text, as a person says it."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from documents.errors import DocumentsError, document_not_found, permission_denied
from documents.events import announce
from documents.ingest.rows import MAX_AUTHOR
from documents.models import Document
from documents.retrieval.filters import CUSTOM_NAME, period

MAX_TAGS = 50
MAX_TAG = 60
MAX_CUSTOM = 50
MAX_CUSTOM_TEXT = 500
LARGEST_NUMBER = 1e15
FIELDS = ("author", "created", "modified", "tags", "custom")
FIXED = ("author", "created", "modified")
"""Readings and syncs tell these too: what a person wrote stays."""


def document_describe(*, user: User, document_id: uuid.UUID, changes: Mapping[str, Any]) -> Document:
    """Change what is known of a document; searches filter by it from the commit on.

    ``changes`` may hold ``author``, ``created`` and ``modified`` (ISO dates, a year or month too, or None for none),
    ``tags`` (a list) and ``custom`` (an object; it takes the place of the one before). Who may delete the document may
    do this. Raises DocumentsError: ``not_found``, ``permission_denied``, ``invalid_metadata``.
    """
    values = checked(changes)
    with transaction.atomic():
        visible = Document.objects.visible_to(user).select_for_update(of=("self",), no_key=True)
        document = visible.select_related("source").filter(pk=document_id).first()
        if document is None:
            raise document_not_found()
        if not Document.objects.editable_by(user).filter(pk=document_id).exists():
            raise permission_denied()
        before = _told(document)
        write(document, values)
        document.save(update_fields=[*map(_column, values), "fixed", "updated_at"])
        if (after := _told(document)) != before:
            changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
            audit(actor=user, action="document.describe", target=document, detail=changed)
            transaction.on_commit(lambda: announce(document), robust=True)
    return document


def write(document: Document, values: Mapping[str, Any]) -> None:
    """Set checked values on a document that is saved later."""
    for name, value in values.items():
        setattr(document, _column(name), value)
    document.fixed = sorted({*document.fixed, *(name for name in values if name in FIXED)})


def checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored. Raises DocumentsError ``invalid_metadata``."""
    if unknown := set(changes) - set(FIELDS):
        raise _invalid(_("No document has the field %(name)s.") % {"name": sorted(unknown)[0][:60]})
    checks = {"author": _author, "created": _date, "modified": _date, "tags": _tags, "custom": _custom}
    return {name: checks[name](value) for name, value in changes.items()}


def _column(name: str) -> str:
    return "modified_at" if name == "modified" else name


def _told(document: Document) -> dict[str, Any]:
    """The values as the audit log tells them."""
    values = {name: getattr(document, _column(name)) for name in FIELDS}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _author(value: Any) -> str:
    text = " ".join(str(value or "").replace("\x00", "").split())
    if len(text) > MAX_AUTHOR:
        raise _invalid(_("The author has more than %(limit)d characters. Shorten it.") % {"limit": MAX_AUTHOR})
    return text


def _date(value: Any) -> datetime | None:
    if value in (None, ""):
        return None
    text = str(value).strip()
    try:
        return period(text)[0]
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid(_("%(value)s is no date. Write it as 2023-05-31.") % {"value": text[:40]}) from None


def _tags(value: Any) -> list[str]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(each, str) for each in value):
        raise _invalid(_("Tags are a list of texts."))
    tags = [" ".join(each.replace("\x00", "").split()).casefold() for each in value]
    if len(tags) > MAX_TAGS or any(len(each) > MAX_TAG for each in tags):
        message = _("A document has %(most)d tags of %(limit)d characters at most.")
        raise _invalid(message % {"most": MAX_TAGS, "limit": MAX_TAG})
    return sorted({each for each in tags if each})


def _custom(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or len(value) > MAX_CUSTOM:
        raise _invalid(_("Further facts are at most %(most)d values by name.") % {"most": MAX_CUSTOM})
    for name, fact in value.items():
        if not isinstance(name, str) or not CUSTOM_NAME.fullmatch(name):
            message = _("%(name)s cannot be a name. Use up to 40 small letters, digits and underscores.")
            raise _invalid(message % {"name": str(name)[:60] or "''"})
        if isinstance(fact, bool):
            continue
        if isinstance(fact, int | float) and -LARGEST_NUMBER <= fact <= LARGEST_NUMBER:
            continue
        if isinstance(fact, str) and len(fact) <= MAX_CUSTOM_TEXT and "\x00" not in fact:
            continue
        message = _("%(name)s must be a text of up to %(limit)d characters, a number, true or false.")
        raise _invalid(message % {"name": name, "limit": MAX_CUSTOM_TEXT})
    return {name: fact.strip() if isinstance(fact, str) else fact for name, fact in value.items()}


def iso_day(when: datetime | None) -> str:
    """The day of a date in UTC, as forms show it."""
    return "" if when is None else date.isoformat(when.astimezone(UTC).date())


def _invalid(message: str) -> DocumentsError:
    return DocumentsError("invalid_metadata", message, 422)
