"""How the documents of a data source are cut into chunks, and cutting them again when that changes."""

from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import audit
from documents.chunk_preview import checked_settings
from documents.errors import permission_denied, source_not_found
from documents.ingest.drafts import chunking_settings
from documents.models import DataSource, Document, Status
from documents.tasks import call_workers


def source_chunking_apply(*, user: User, source: DataSource, max_tokens: int, overlap_sentences: int) -> int:
    """Store the settings and queue the source's documents to be cut by them; how many were queued.

    Searches find the chunks of before until each document's new ones are swapped in. A document that is being indexed
    meanwhile ends with the new settings too. Raises DocumentsError: ``invalid_chunking``, ``source_not_found``,
    ``permission_denied``.
    """
    settings = checked_settings(max_tokens, overlap_sentences)
    with transaction.atomic():
        if not DataSource.objects.visible_to(user).filter(pk=source.pk).exists():
            raise source_not_found()
        if not DataSource.objects.editable_by(user).filter(pk=source.pk).exists():
            raise permission_denied()
        # The documents first, as a swap locks them: one that is about to commit is waited for and queued again, a
        # later one reads the new settings.
        documents = Document.objects.filter(source=source)
        list(documents.select_for_update().order_by("pk").values_list("pk", flat=True))
        locked = DataSource.objects.select_for_update(of=("self",)).get(pk=source.pk)
        before = chunking_settings(locked)
        if before == settings:
            return 0
        locked.chunking = asdict(settings)
        locked.save(update_fields=["chunking", "updated_at"])
        queued = documents.filter(status=Status.READY).update(
            status=Status.RECEIVED,
            progress_done=0,
            progress_total=0,
            attempts=0,
            claim=None,
            claimed_until=None,
            queued_at=timezone.now(),
            updated_at=timezone.now(),
        )
        detail = {"before": asdict(before), "after": asdict(settings), "documents": queued}
        audit(actor=user, action="source.chunking", target=locked, detail=detail)
        # One call looks after all of them; beat repeats it while there are documents that wait.
        transaction.on_commit(call_workers.delay, robust=True)
    return queued
