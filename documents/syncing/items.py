"""Items of a source and their documents: taken in from a listing, and what a fetch gave written down.

Locks are taken in one order, here and in ``documents.services``: the run, the bytes' hash, the document, the item.
"""

import uuid
from collections.abc import Callable, Iterable
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from documents import storage
from documents.connectors.base import MAX_ID_BYTES, Fetched, Item, ItemFailed
from documents.ingest.rows import clean_filename, remove, start_over
from documents.models import Document, ItemStatus, SourceItem, SyncRun
from documents.syncing.claims import RunClaim

QueueDocument = Callable[[uuid.UUID], object]
UNUSABLE = "name_unusable"
LISTED = [
    "name",
    "address",
    "modified_at",
    "hint",
    "listed_revision",
    "status",
    "seen_in",
    "error_code",
    "error_message",
]


def take_in(run: SyncRun, items: Iterable[Item], limit: int) -> None:
    """Write down what a listing or a page named, and count what is unchanged. The caller locks and saves the run."""
    wanted: dict[str, Item] = {}
    for item in items:
        wanted.setdefault(item.external_id if _fits(item.external_id) else _stand_in(item.external_id), item)
    known = {row.external_id: row for row in _items(run).filter(external_id__in=list(wanted))}
    room = limit - _items(run).filter(seen_in=run.pk).count() if wanted else 0
    new: list[SourceItem] = []
    changed: list[SourceItem] = []
    for key, item in wanted.items():
        row = known.get(key)
        if row is not None and row.seen_in == run.pk:
            continue
        if room <= 0:
            run.truncated = True
            break
        room -= 1
        if row is None:
            new.append(_listed(SourceItem(source_id=run.source_id, external_id=key), item, run))
        else:
            changed.append(_listed(row, item, run))
    SourceItem.objects.bulk_create(new, batch_size=500)
    SourceItem.objects.bulk_update(changed, LISTED, batch_size=500)


def take_up_leftovers(run: SyncRun) -> None:
    """What failed or was left pending by an earlier run is fetched by this one."""
    left = _items(run).filter(status__in=(ItemStatus.FAILED, ItemStatus.PENDING)).exclude(seen_in=run.pk)
    left.filter(~Q(error_code=UNUSABLE)).update(status=ItemStatus.PENDING, seen_in=run.pk)


def _items(run: SyncRun) -> QuerySet[SourceItem]:
    return SourceItem.objects.filter(source=run.source_id)


def _listed(row: SourceItem, item: Item, run: SyncRun) -> SourceItem:
    """The row with what the listing says; pending unless its bytes were fetched at this very revision."""
    row.seen_in = run.pk
    row.name, row.address = _text(item.name)[:500], _text(item.address)[:2000]
    row.listed_revision = _text(item.revision)[:200]
    row.modified_at, row.hint = item.modified_at, dict(item.hint)
    same = bool(item.revision) and row.revision == row.listed_revision and row.status == ItemStatus.DONE
    if not _fits(item.external_id):
        row.status = ItemStatus.FAILED
        row.error_code = UNUSABLE
        row.error_message = str(_("Its name is too long or cannot be written as text. Rename it in the source."))
        run.failed += 1
    elif same:
        run.unchanged += 1
    else:
        row.status = ItemStatus.PENDING
    return row


def _fits(external_id: str) -> bool:
    """Whether the database can keep this identity."""
    try:
        return 0 < len(external_id.encode()) <= MAX_ID_BYTES and "\x00" not in external_id
    except UnicodeEncodeError:
        return False


def _stand_in(external_id: str) -> str:
    """An identity that can be kept for one that cannot: the same each time, and no other's."""
    return f"unusable:{uuid.uuid5(uuid.NAMESPACE_URL, external_id.encode('utf-8', 'backslashreplace').hex())}"


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def pending(run: SyncRun) -> QuerySet[SourceItem]:
    """Items that this run has yet to fetch, in the order in which they were found."""
    return _items(run).filter(seen_in=run.pk, status=ItemStatus.PENDING).order_by("pk")


def delete_item(run: SyncRun, external_id: str) -> None:
    """Delete an item that is gone, with its document. The run is locked and saved by the caller."""
    if _delete_document(run, external_id):
        run.deleted += 1
    _items(run).filter(external_id=external_id).delete()


def _delete_document(run: SyncRun, external_id: str) -> bool:
    rows = Document.objects.select_for_update(of=("self",)).select_related("source")
    document = rows.filter(source=run.source_id, external_id=external_id).first()
    if document is None:
        return False
    remove(document, actor=None)
    return True


class Applier:
    """Writes down what the fetch of one item gave, each time in one transaction that holds the run."""

    def __init__(self, claim: RunClaim, queue_document: QueueDocument) -> None:
        self._claim = claim
        self._queue_document = queue_document

    def gone(self, row: SourceItem) -> None:
        """The item is gone, and its document goes too."""
        with transaction.atomic():
            run = self._reached()
            delete_item(run, row.external_id)
            run.save()

    def unchanged(self, row: SourceItem, found: list[Item], limit: int) -> None:
        """The item is as it was."""
        with transaction.atomic():
            run = self._reached()
            run.unchanged += 1
            self._done(row)
            take_in(run, found, limit)
            run.save()

    def without_bytes(self, row: SourceItem, outcome: Fetched, limit: int) -> None:
        """The item leads to others, or is another one: it is no document itself."""
        with transaction.atomic():
            run = self._reached()
            if _delete_document(run, row.external_id):
                run.deleted += 1
            row.state = outcome.state
            found = list(outcome.found)
            if outcome.same_as is not None:
                row.same_as = outcome.same_as.external_id
                found.append(outcome.same_as)
            self._done(row, ItemStatus.ALIAS)
            take_in(run, found, limit)
            run.save()

    def fetched(self, row: SourceItem, outcome: Fetched, received: storage.Received, limit: int) -> None:
        """The item's bytes are here: a new document, a new version of the one there is, or nothing new."""
        if received.size == 0:
            raise ItemFailed(
                "empty_file", _("It is empty. Put something into it, or leave it out in the settings."), 422
            )
        with transaction.atomic():
            run = self._reached()
            received.keep()
            document = self._document(run, row, outcome, received)
            if document is not None:
                transaction.on_commit(partial(self._queue_document, document.pk), robust=True)
            row.sha256, row.state, row.same_as = received.sha256, outcome.state, ""
            row.address = _text(outcome.address)[:2000] or row.address
            row.modified_at = outcome.modified_at or row.modified_at
            self._done(row)
            take_in(run, outcome.found, limit)
            run.save()

    def failed(self, row: SourceItem, code: str, message: str, *, away: bool, refused: bool) -> int:
        """The item could not be had; how many in a row were out of reach by now.

        One that is ``refused`` counts as out of reach while nothing else could be had either.
        """
        with transaction.atomic():
            run = self._claim.locked()
            row.status = ItemStatus.FAILED
            row.error_code, row.error_message = code[:60], message[:500]
            row.save()
            run.failed += 1
            away = away or (refused and not (run.new or run.changed or run.unchanged))
            run.failed_in_row = run.failed_in_row + 1 if away else 0
            run.save()
        return run.failed_in_row

    def leads_back(self, row: SourceItem, other: Item) -> bool:
        """Whether the other item says that it is the same as this one: then this one stands for itself."""
        rows = SourceItem.objects.filter(source=row.source_id, external_id=other.external_id, status=ItemStatus.ALIAS)
        return rows.filter(same_as=row.external_id).exists()

    def _reached(self) -> SyncRun:
        """The run, locked; that an item could be reached ends the row of those that could not."""
        run = self._claim.locked()
        run.failed_in_row = run.pauses = run.attempts = 0
        return run

    def _done(self, row: SourceItem, status: ItemStatus = ItemStatus.DONE) -> None:
        row.status = status
        row.revision = row.listed_revision
        row.error_code = row.error_message = ""
        row.save()

    def _document(self, run: SyncRun, row: SourceItem, outcome: Fetched, received: storage.Received) -> Document | None:
        """The document to index anew, if there is one."""
        rows = Document.objects.select_for_update(of=("self",)).select_related("source")
        document = rows.filter(source=run.source_id, external_id=row.external_id).first()
        facts = {
            "filename": clean_filename(_text(outcome.filename or row.name)),
            "address": _text(outcome.address or row.address)[:2000],
            "modified_at": outcome.modified_at or row.modified_at,
        }
        if document is None:
            if row.sha256 == received.sha256:
                # Somebody deleted it by hand; it stays away until it changes.
                run.unchanged += 1
                return None
            run.new += 1
            return Document.objects.create(
                source_id=run.source_id,
                external_id=row.external_id,
                lane=f"source:{run.source_id}",
                size=received.size,
                sha256=received.sha256,
                **facts,
            )
        if "modified" in document.fixed:
            del facts["modified_at"]
        for name, value in facts.items():
            setattr(document, name, value)
        if document.sha256 == received.sha256:
            run.unchanged += 1
            document.save(update_fields=[*facts, "updated_at"])
            return None
        run.changed += 1
        before = document.sha256
        document.sha256, document.size = received.sha256, received.size
        # Whoever indexes the old bytes now loses its claim with this, and can no more call them ready.
        start_over(document)
        transaction.on_commit(partial(storage.discard_unnamed, before), robust=True)
        return document
