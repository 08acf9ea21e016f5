"""The words of chunks, for keyword search: BM25 weights by term, and how many chunks hold which."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from pgvector.django import SparseVectorField

from documents.models.audiences import Audience
from documents.models.chunks import Chunk
from rag.lexical.postings import DIMENSIONS


class ChunkTerms(models.Model):
    """The terms of one chunk. Chunks left out of searches have none.

    ``weights`` holds for each term id how much it weighs in this chunk, its ``length`` (in terms) held against
    ``reference``: the inner product with the question's IDFs is BM25. ``keys`` is what candidates are found by
    (``rag.lexical.postings``). ``audience`` is the document's, which keeps it. Triggers write every change down in
    ``TermChange``.
    """

    chunk = models.OneToOneField(Chunk, models.CASCADE, primary_key=True, related_name="terms")
    audience = models.ForeignKey(Audience, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    language = models.CharField(max_length=8, blank=True)
    length = models.PositiveIntegerField()
    reference = models.FloatField()
    keys = ArrayField(models.IntegerField())
    weights = SparseVectorField(dimensions=DIMENSIONS)

    class Meta:
        verbose_name = _("terms of a chunk")
        verbose_name_plural = _("terms of chunks")
        indexes = (
            # What waits to be merged into the index is looked through by every search: little of it at a time.
            GinIndex(fields=("keys",), name="chunk_terms_keys", gin_pending_list_limit=512),
            models.Index(fields=("audience",), name="chunk_terms_audience"),
        )

    def __str__(self) -> str:
        return f"terms of {self.chunk_id}"


class TermCount(models.Model):
    """How many chunks hold a key, without what ``TermChange`` still has."""

    key = models.IntegerField(primary_key=True)
    chunks = models.BigIntegerField()

    class Meta:
        verbose_name = _("count of a term")
        verbose_name_plural = _("counts of terms")
        # What no chunk holds any more is looked for again and again, and there is hardly ever any.
        indexes = (models.Index(fields=("key",), name="term_count_of_nothing", condition=Q(chunks=0)),)

    def __str__(self) -> str:
        return f"{self.key}: {self.chunks}"


class LanguageCount(models.Model):
    """How many chunks of an audience are in a language, and their length, without what ``TermChange`` still has."""

    audience_id = models.UUIDField()
    language = models.CharField(max_length=8, blank=True)
    chunks = models.BigIntegerField()
    length = models.BigIntegerField()

    class Meta:
        verbose_name = _("count of a language")
        verbose_name_plural = _("counts of languages")
        constraints = (models.UniqueConstraint(fields=("audience_id", "language"), name="language_count_once"),)

    def __str__(self) -> str:
        return f"{self.audience_id} {self.language}: {self.chunks}"


class TermChange(models.Model):
    """What one statement did to the counts, to be added to them: so writers never wait for each other's words.

    ``keys`` and ``counts`` belong together; counts are negative for what is gone.
    """

    audience_id = models.UUIDField()
    language = models.CharField(max_length=8, blank=True)
    chunks = models.BigIntegerField()
    length = models.BigIntegerField()
    keys = ArrayField(models.IntegerField())
    counts = ArrayField(models.IntegerField())

    class Meta:
        verbose_name = _("change of counts")
        verbose_name_plural = _("changes of counts")

    def __str__(self) -> str:
        return f"{self.audience_id} {self.language}: {self.chunks}"


class LexicalReference(models.Model):
    """What weights take for the mean length of a chunk, and how far the chunks are brought in line with it.

    One row, made when it is first needed. Chunks with ids above ``looked_to`` and up to ``look_until`` may still have
    no terms, or weights of another reference.
    """

    DEFAULT = 100.0

    length = models.FloatField(default=DEFAULT)
    looked_to = models.BigIntegerField(default=0)
    look_until = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("reference of weights")
        verbose_name_plural = _("references of weights")

    def __str__(self) -> str:
        return str(self.length)

    @classmethod
    def current(cls) -> float:
        """The mean length that new weights are made with, in terms."""
        found = cls.objects.order_by("pk").values_list("length", flat=True).first()
        return cls.DEFAULT if found is None else found
