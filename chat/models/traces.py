"""What an answer rests on: its passages, its citations, and the recorded steps that led to it.

None of these rows holds a document's text. They point to spans of a document version, which disappear with the
document, so that deleting a document leaves nothing of it behind in traces.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.models.conversations import Message
from chat.models.step_names import step_name, step_summary
from documents.models import DataSource, Document, DocumentVersion


class SourceSpan(models.Model):
    """A span of a document version, in code points of its text.

    ``edited``: what was read there was not the document's text but what somebody had written in its place.
    """

    document = models.ForeignKey(Document, models.CASCADE, related_name="+")
    version = models.ForeignKey(DocumentVersion, models.CASCADE, related_name="+")
    chunk_id = models.BigIntegerField()
    source_start = models.PositiveIntegerField()
    source_end = models.PositiveIntegerField()
    page = models.PositiveIntegerField(null=True)
    edited = models.BooleanField(default=False)

    class Meta:
        abstract = True

    @property
    def quote(self) -> str:
        """The text of the span."""
        return self.version.text[self.source_start : self.source_end]


class Passage(SourceSpan):
    """A chunk as retrieved for one question, with its scores."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="passages")
    source = models.ForeignKey(DataSource, models.CASCADE, related_name="+")
    rank = models.PositiveSmallIntegerField()
    heading = models.TextField(blank=True)
    score = models.FloatField()
    dense_score = models.FloatField(null=True)
    keyword_score = models.FloatField(null=True)

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering = ("rank",)
        constraints = (models.UniqueConstraint(fields=["message", "rank"], name="passage_rank_once"),)

    def __str__(self) -> str:
        return f"{self.rank}: {self.document}"


class Citation(SourceSpan):
    """A span of an answer tied to a span of a document."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="citations")
    number = models.PositiveSmallIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    passage_rank = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        ordering = ("start", "end", "number", "pk")

    def __str__(self) -> str:
        return f"[{self.number}] {self.document}"


class TraceStep(models.Model):
    """One step of an answer with what went in, what came out, and how long it took."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="steps")
    ordinal = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    input = models.JSONField(default=dict)
    output = models.JSONField(default=dict)
    ms = models.FloatField()

    class Meta:
        verbose_name = _("trace step")
        verbose_name_plural = _("trace steps")
        ordering = ("ordinal",)
        constraints = (models.UniqueConstraint(fields=["message", "ordinal"], name="step_ordinal_once"),)

    def __str__(self) -> str:
        return f"{self.ordinal} {self.name}"

    @property
    def label(self) -> str:
        """Its name in words."""
        return step_name(self.name)

    @property
    def summary(self) -> str:
        """What came of it, in a few words."""
        return step_summary(self.name, self.output)
