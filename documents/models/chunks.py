"""Chunks: the spans of text that are searched, by meaning and by words."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField, HnswIndex

from documents.models.documents import Document
from documents.models.sources import DataSource
from documents.models.versions import DocumentVersion

if TYPE_CHECKING:
    from accounts.models import User

DIMENSIONS = 384
"""Of the shipped embedder's vectors."""


class ChunkQuerySet(models.QuerySet["Chunk"]):
    """Reads of chunks."""

    def visible_to(self, user: "User | AnonymousUser") -> "ChunkQuerySet":
        """Chunks that ``user`` may read: those of the data sources visible to them."""
        return self.filter(source__in=DataSource.objects.visible_to(user))


class Chunk(models.Model):
    """A span of a document's current text, with what finds it. Chunks of older versions do not exist.

    ``text`` equals the version's ``text[start:end]``. ``embedding`` has unit length, so that the inner product is the
    cosine, and its index uses the inner product. ``search`` holds English stems; text in another language is stemmed
    by the same rules on both sides, which does no harm.
    """

    version = models.ForeignKey(DocumentVersion, models.CASCADE, related_name="chunks")
    document = models.ForeignKey(Document, models.CASCADE, related_name="chunks")
    source = models.ForeignKey(DataSource, models.CASCADE, related_name="+")
    ordinal = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    heading = models.TextField(blank=True)
    text = models.TextField()
    page = models.PositiveIntegerField(null=True, blank=True)
    tokens = models.PositiveIntegerField()
    embedding = HalfVectorField(dimensions=DIMENSIONS)
    search = models.GeneratedField(
        expression=SearchVector("heading", "text", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ChunkQuerySet.as_manager()

    class Meta:
        verbose_name = _("chunk")
        verbose_name_plural = _("chunks")
        ordering = ("version", "ordinal")
        constraints = (models.UniqueConstraint(fields=("version", "ordinal"), name="chunk_ordinal_once"),)
        indexes = (
            HnswIndex(
                name="chunk_embedding_hnsw",
                fields=("embedding",),
                m=16,
                ef_construction=64,
                opclasses=("halfvec_ip_ops",),
            ),
            GinIndex(name="chunk_search_gin", fields=("search",)),
        )

    def __str__(self) -> str:
        return f"{self.document_id} #{self.ordinal}"
