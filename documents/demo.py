"""The demo data source: a made-up company's documents, so that a first question can be asked at once."""

import json
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from accounts.services import audit
from documents.models import DataSource
from documents.services import document_upload

DEMO_SLUG = "demo-company"
DEMO_FOLDER = Path("demo/documents")
DEMO_QUESTIONS = Path("demo/questions.json")
MADE = "source.demo"
SUGGESTED = 4


def demo_questions() -> list[str]:
    """A few questions that the demo's documents answer, to suggest in an empty chat."""
    questions = json.loads((settings.BASE_DIR / DEMO_QUESTIONS).read_text(encoding="utf-8"))
    return [entry["question"] for entry in questions["answered"][:SUGGESTED]]


def ensure_demo(*, admin: User) -> DataSource | None:
    """The demo data source with its documents, made once and open to everyone.

    None when somebody has deleted it: the audit log remembers that it was made, and it does not come back. Files that
    are missing, because the first start was broken off, are taken in; a document that somebody deleted stays away.
    """
    with transaction.atomic():
        source = DataSource.objects.select_for_update().filter(slug=DEMO_SLUG).first()
        if source is None and AuditEntry.objects.filter(action=MADE).exists():
            return None
        if source is None:
            source = DataSource.objects.create(
                name=_("Demo company"),
                slug=DEMO_SLUG,
                description=_("Handbook, policies and reports of a made-up company, to try questions on."),
                owner=admin,
            )
    if not AuditEntry.objects.filter(action=MADE).exists():
        for path in sorted((settings.BASE_DIR / DEMO_FOLDER).rglob("*")):
            if path.is_file() and not path.name.startswith(".") and path.name != "README.md":
                with path.open("rb") as file:
                    document_upload(user=admin, file=file, filename=path.name, source=source)
        audit(actor=None, action=MADE, target=source)
    return source
