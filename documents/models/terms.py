"""The words of chunks, for keyword search: BM25 weights by chunk, postings by term, and how many chunks hold which."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from pgvector.django import SparseVectorField

from documents.models.audiences import Audience
from documents.models.chunks import Chunk
from rag.lexical.postings import DIMENSIONS


class ChunkTerms(models.Model):
    """The terms of one chunk. Chunks left out of searches have none.

    ``weights`` holds for each of the ids in ``terms`` how much it weighs in this chunk, its ``length`` (in terms) held
    against ``reference``: the inner product with the question's IDFs is BM25. ``audience`` is the document's, which
    keeps it. Triggers write every change down in ``TermChange``, ``UnpostedChunk`` and ``StalePosting``.
    """

    chunk = models.OneToOneField(Chunk, models.CASCADE, primary_key=True, related_name="terms")
    audience = models.ForeignKey(Audience, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    language = models.CharField(max_length=8, blank=True)
    length = models.PositiveIntegerField()
    reference = models.FloatField()
    terms = ArrayField(models.IntegerField())
    weights = SparseVectorField(dimensions=DIMENSIONS)

    class Meta:
        verbose_name = _("terms of a chunk")
        verbose_name_plural = _("terms of chunks")
        indexes = (models.Index(fields=("audience",), name="chunk_terms_audience"),)

    def __str__(self) -> str:
        return f"terms of {self.chunk_id}"


class Posting(models.Model):
    """The chunks of an audience that hold a term, of one block of chunk ids (``rag.lexical.postings``).

    ``entries`` are packed, in no order. They lag behind: ``UnpostedChunk`` and ``StalePosting`` say by what.
    """

    pk = models.CompositePrimaryKey("term", "audience_id", "block")
    term = models.IntegerField()
    audience_id = models.UUIDField()
    block = models.IntegerField()
    entries = models.BinaryField()

    class Meta:
        verbose_name = _("postings of a term")
        verbose_name_plural = _("postings of terms")

    def __str__(self) -> str:
        return f"{self.term} {self.audience_id} {self.block}"


class UnpostedChunk(models.Model):
    """A chunk whose terms are not in the postings yet: searches compare it by its weights."""

    chunk_id = models.BigIntegerField(primary_key=True)
    audience_id = models.UUIDField()

    class Meta:
        verbose_name = _("unposted chunk")
        verbose_name_plural = _("unposted chunks")
        indexes = (models.Index(fields=("audience_id",), name="unposted_chunk_audience"),)

    def __str__(self) -> str:
        return str(self.chunk_id)


class StalePosting(models.Model):
    """A chunk that postings of an audience still hold under ``terms``, though it is gone or has changed."""

    pk = models.CompositePrimaryKey("chunk_id", "audience_id")
    chunk_id = models.BigIntegerField()
    audience_id = models.UUIDField()
    terms = ArrayField(models.IntegerField())

    class Meta:
        verbose_name = _("stale posting")
        verbose_name_plural = _("stale postings")
        indexes = (models.Index(fields=("audience_id",), name="stale_posting_audience"),)

    def __str__(self) -> str:
        return f"{self.chunk_id} {self.audience_id}"


class TermCount(models.Model):
    """How many chunks of an audience hold a term, without what ``TermChange`` still has."""

    pk = models.CompositePrimaryKey("term", "audience_id")
    term = models.IntegerField()
    audience_id = models.UUIDField()
    chunks = models.BigIntegerField()

    class Meta:
        verbose_name = _("count of a term")
        verbose_name_plural = _("counts of terms")
        # What no chunk holds any more is looked for again and again, and there is hardly ever any.
        indexes = (models.Index(fields=("term",), name="term_count_of_nothing", condition=Q(chunks=0)),)

    def __str__(self) -> str:
        return f"{self.term}: {self.chunks}"


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

    ``terms`` and ``counts`` belong together; counts are negative for what is gone.
    """

    audience_id = models.UUIDField()
    language = models.CharField(max_length=8, blank=True)
    chunks = models.BigIntegerField()
    length = models.BigIntegerField()
    terms = ArrayField(models.IntegerField())
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
