"""Versions: the text of a document as read once, with its blocks and pages."""

from collections.abc import Collection

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from documents.models.documents import Document

HOLD = "SELECT id FROM documents_documentversion WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"


class DocumentVersionManager(models.Manager["DocumentVersion"]):
    """Queries that are asked of versions in several places."""

    def hold(self, ids: Collection[int]) -> set[int]:
        """Those of these that are there; nobody deletes them before the transaction ends.

        Any number may hold the same at once. The lock that Django asks for is one's alone: answers that end at the same
        time and cite the same document would store themselves one after the other.
        """
        with connection.cursor() as cursor:
            cursor.execute(HOLD, [list(ids)])
            return {row[0] for row in cursor.fetchall()}


class DocumentVersion(models.Model):
    """What one reading of a document's bytes gave. Never changed once saved.

    ``text`` is what every offset in the system counts in, by Unicode code points. ``blocks`` holds one list
    ``[kind, start, end, level]`` for each block of the text, in order. ``notes`` holds ``[code, message]`` for what a
    reader must know about the reading, ``chunking`` the settings it was cut with, ``language`` the ISO 639-1 code of
    the text, empty where it is not known and None where nobody has looked yet. The bytes that ``sha256`` names stay for
    as long as the version does.
    """

    document = models.ForeignKey(Document, models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16)
    title = models.CharField(max_length=500, blank=True)
    sha256 = models.CharField(max_length=64)
    text = models.TextField()
    blocks = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    chunking = models.JSONField(default=dict)
    language = models.CharField(max_length=8, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DocumentVersionManager()

    class Meta:
        verbose_name = _("document version")
        verbose_name_plural = _("document versions")
        constraints = (models.UniqueConstraint(fields=("document", "number"), name="version_number_once"),)
        indexes = (models.Index(fields=("sha256",), name="version_bytes"),)

    def __str__(self) -> str:
        return f"{self.document_id} v{self.number}"


class DocumentPage(models.Model):
    """A page of a paged version: its span of the text, its size in points, and where the words stand.

    ``boxes`` holds one list ``[start, end, x0, y0, x1, y1]`` for each word or run: a span of the version's text and
    its box in points, origin at the top left.
    """

    version = models.ForeignKey(DocumentVersion, models.CASCADE, related_name="pages", db_index=False)
    number = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    width = models.FloatField()
    height = models.FloatField()
    boxes = models.JSONField(default=list)

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        ordering = ("version", "number")
        constraints = (models.UniqueConstraint(fields=("version", "number"), name="page_number_once"),)

    def __str__(self) -> str:
        return f"{self.version_id} p{self.number}"
