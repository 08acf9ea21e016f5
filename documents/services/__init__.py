"""Writes: documents, data sources and their syncs.

Each function checks the permission, writes the audit log in its transaction, and sends events and jobs on commit.
"""

from documents.ingest.rows import clean_filename
from documents.services.attachments import (
    MOST_FILES,
    attachment_add,
    attachment_delete,
    attachments_drop,
    attachments_gone,
    attachments_open,
)
from documents.services.documents import Replaced, document_delete, document_replace, document_retry, document_upload
from documents.services.metadata import document_describe, iso_day
from documents.services.permissions import Grants, document_share, readers, told
from documents.services.sources import (
    SHARED_SLUG,
    default_source,
    source_check,
    source_create,
    source_delete,
    source_update,
)
from documents.services.syncs import sync_retry, sync_start, sync_stop

__all__ = [
    "MOST_FILES",
    "SHARED_SLUG",
    "Grants",
    "Replaced",
    "attachment_add",
    "attachment_delete",
    "attachments_drop",
    "attachments_gone",
    "attachments_open",
    "clean_filename",
    "default_source",
    "document_delete",
    "document_describe",
    "document_replace",
    "document_retry",
    "document_share",
    "document_upload",
    "iso_day",
    "readers",
    "source_check",
    "source_create",
    "source_delete",
    "source_update",
    "sync_retry",
    "sync_start",
    "sync_stop",
    "told",
]
