"""Files that were attached to a chat which never began, or whose owner is gone."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from chat.models import ConversationFiles
from documents.models import DataSource, SourceKind
from documents.services import attachments_drop

ABANDONED = timedelta(days=1)
SWEPT_AT_ONCE = 200


def sweep_files() -> int:
    """Delete them after a day; how many chats had some."""
    kept = ConversationFiles.objects.filter(source=OuterRef("pk"))
    old = DataSource.objects.filter(kind=SourceKind.ATTACHED, created_at__lt=timezone.now() - ABANDONED)
    left = list(old.filter(~Exists(kept)).order_by("created_at").values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    attachments_drop(source_ids=left)
    return len(left)
