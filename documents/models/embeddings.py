"""Embeddings: the vectors of chunks, in sets of one embedder each, of which one is searched."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField

from documents.models.audiences import Audience
from documents.models.chunks import Chunk


class SetState(models.TextChoices):
    """What a set is good for."""

    BUILDING = "building", _("Being built")
    ACTIVE = "active", _("Searched")
    RETIRED = "retired", _("No longer searched")


class EmbedderKind(models.TextChoices):
    """Where vectors come from."""

    SHIPPED = "shipped", _("Shipped with Footnote")
    OPENAI = "openai", _("OpenAI-compatible server")
    DIRECTORY = "directory", _("Model in a folder of this machine")


class EmbeddingSetQuerySet(models.QuerySet["EmbeddingSet"]):
    """Reads of sets."""

    def kept_up(self) -> "EmbeddingSetQuerySet":
        """The sets that every new chunk gets a vector in: the one searched, first, and the one being built."""
        return self.exclude(state=SetState.RETIRED).order_by("state", "pk")

    def building(self) -> "EmbeddingSet | None":
        """The set that is being built, if one is."""
        return self.filter(state=SetState.BUILDING).first()

    def active(self) -> "EmbeddingSet":
        """The set that is searched. There is always one: a migration makes the first."""
        return self.get(state=SetState.ACTIVE)


class EmbeddingSet(models.Model):
    """One embedder and the vectors it made. Vectors of different sets are never compared.

    ``name`` and ``dimensions`` never change. Each set has an index of its own, named by ``index_name``.

    While a set is built, chunks up to the id ``filled_to`` have been looked at; with ``comparing`` also those that had
    a vector, since their text may have changed. ``claim`` and ``claimed_until`` say who works on it, ``per_second``
    how many chunks a second it lately did. After a failure it is left alone until ``paused_until``. A retired set is
    removed from ``remove_at`` on and can be switched back to until then.
    """

    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=EmbedderKind)
    base_url = models.CharField(_("base URL"), max_length=500, blank=True)
    model = models.CharField(_("model name"), max_length=200, blank=True)
    api_key_encrypted = models.BinaryField(blank=True, default=b"", editable=False)
    query_prefix = models.CharField(_("before a question"), max_length=200, blank=True)
    passage_prefix = models.CharField(_("before a passage"), max_length=200, blank=True)
    dimensions = models.PositiveIntegerField(_("dimensions"))
    state = models.CharField(_("state"), max_length=20, choices=SetState, default=SetState.BUILDING)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=500, blank=True)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    paused_until = models.DateTimeField(null=True, blank=True, editable=False)
    filled_to = models.BigIntegerField(default=0, editable=False)
    comparing = models.BooleanField(default=False, editable=False)
    per_second = models.FloatField(null=True, blank=True, editable=False)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    switched_at = models.DateTimeField(null=True, blank=True)
    remove_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = EmbeddingSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("embedding set")
        verbose_name_plural = _("embedding sets")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("state",), condition=Q(state__in=("active", "building")), name="embedding_set_one_of_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(dimensions__gte=1, dimensions__lte=4000), name="embedding_set_dimensions"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def index_name(self) -> str:
        """The name of this set's index in the database."""
        return f"embedding_set_{self.pk}_hnsw"


class ChunkEmbedding(models.Model):
    """The vector of one chunk in one set.

    ``vector`` has unit length, so that the inner product is the cosine. ``key`` says what was embedded: a text that
    comes again is not embedded again. ``tokens`` are the token vectors packed for late interaction, None where the
    embedder gives none. ``audience`` is the document's, which keeps it. Chunks left out of searches have no row. Every
    index costs each chunk time: the first two below serve the foreign keys too.
    """

    set = models.ForeignKey(EmbeddingSet, models.CASCADE, related_name="embeddings", db_index=False)
    chunk = models.ForeignKey(Chunk, models.CASCADE, related_name="embeddings", db_index=False)
    audience = models.ForeignKey(Audience, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    key = models.BinaryField(max_length=16)
    vector = HalfVectorField()
    tokens = models.BinaryField(null=True)

    class Meta:
        verbose_name = _("embedding")
        verbose_name_plural = _("embeddings")
        constraints = (models.UniqueConstraint(fields=("chunk", "set"), name="embedding_once"),)
        indexes = (
            models.Index(fields=("set", "audience"), name="embedding_of_audience"),
            models.Index(fields=("set", "id"), name="embedding_without_tokens", condition=Q(tokens__isnull=True)),
        )

    def __str__(self) -> str:
        return f"{self.chunk_id} in {self.set_id}"
