"""Django's admin for this app: looking only.

Changes go through the app's own pages, which keep files and log in step.
"""

from typing import TypeVar

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from documents.models import DataSource, Document, SourceKind, SyncRun

M = TypeVar("M", bound=models.Model)


class ReadOnly(admin.ModelAdmin[M]):
    """Shows rows and changes none."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """No."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """No."""
        return False


@admin.register(DataSource)
class DataSourceAdmin(ReadOnly[DataSource]):
    """Data sources and who may see them."""

    list_display = ("name", "kind", "sync_state", "visibility", "owner", "created_at")
    list_filter = ("kind", "sync_state", "visibility")
    # Even the ciphertext has no business on a page.
    exclude = ("secrets",)
    search_fields = ("name", "description")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DataSource]:
        """Without the files of conversations, which are their owners' alone."""
        return super().get_queryset(request).exclude(kind=SourceKind.ATTACHED)


@admin.register(Document)
class DocumentAdmin(ReadOnly[Document]):
    """Documents and how their indexing went."""

    list_display = ("filename", "source", "status", "error_code", "chunk_count", "size", "created_at")
    list_filter = ("status", "source", "kind", "error_code")
    search_fields = ("filename", "title", "sha256")
    list_select_related = ("source",)
    exclude = ("current_version",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        """Without the files of conversations, which are their owners' alone."""
        return super().get_queryset(request).exclude(source__kind=SourceKind.ATTACHED)


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnly[SyncRun]):
    """Syncs and how they went."""

    list_display = ("source", "state", "started_by", "started_at", "ended_at", "new", "changed", "deleted", "failed")
    list_filter = ("state", "source")
    list_select_related = ("source", "started_by")
