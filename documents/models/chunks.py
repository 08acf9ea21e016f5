"""Chunks: the spans of text that are searched, and what people changed about them."""

import hashlib
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import BinaryField, Count, F, Func, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from documents.models.documents import Document
from documents.models.sources import DataSource
from documents.models.versions import DocumentVersion

if TYPE_CHECKING:
    from accounts.models import User


class ChunkQuerySet(models.QuerySet["Chunk"]):
    """Reads of chunks."""

    def visible_to(self, user: "User | AnonymousUser") -> "ChunkQuerySet":
        """Chunks that ``user`` may read: those of the documents visible to them."""
        return self.filter(document__in=Document.objects.visible_to(user))

    def of_current(self, document: Document) -> "ChunkQuerySet":
        """The chunks of the document as it is now, in order; none while it has no version."""
        return self.filter(document_id=document.pk, version_id=document.current_version_id or 0).order_by("ordinal")

    def in_state(self, state: str) -> "ChunkQuerySet":
        """Only those that are ``edited`` or ``excluded``; all for any other word."""
        if state == "edited":
            return self.filter(edited_text__isnull=False)
        return self.filter(excluded=True) if state == "excluded" else self

    def containing(self, words: str) -> "ChunkQuerySet":
        """Those that have ``words`` in the text that is read, or in their headings, whatever the case."""
        words = words.replace("\x00", "").strip()
        if not words:
            return self
        shown = self.alias(shown=Coalesce("edited_text", "text"))
        return shown.filter(Q(shown__icontains=words) | Q(heading__icontains=words))

    def counted(self, hashes: set[bytes]) -> dict[bytes, int]:
        """How many chunks have a text of each of these SHA-256 sums; those that none has are left out."""
        text = Func(F("text"), Value("UTF8"), function="convert_to", output_field=BinaryField())
        hashed: Any = self.annotate(digest=Func(text, function="sha256", output_field=BinaryField()))
        found = hashed.filter(digest__in=hashes).order_by().values_list("digest").annotate(Count("pk"))
        return {bytes(digest): count for digest, count in found}


class Chunk(models.Model):
    """A span of a document's current text, with what finds it. Chunks of older versions do not exist.

    ``text`` equals the version's ``text[start:end]``; ``edited_text``, where somebody wrote one, is searched and read
    in its place. ``context`` is the header of a table that the chunk continues. An excluded chunk is never found.
    Its words are its ``ChunkTerms``, its vectors ``ChunkEmbedding`` rows.
    """

    version = models.ForeignKey(DocumentVersion, models.CASCADE, related_name="chunks", db_index=False)
    document = models.ForeignKey(Document, models.CASCADE, related_name="chunks")
    source = models.ForeignKey(DataSource, models.CASCADE, related_name="+")
    ordinal = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    heading = models.TextField(blank=True)
    text = models.TextField()
    page = models.PositiveIntegerField(null=True, blank=True)
    tokens = models.PositiveIntegerField()
    context = models.TextField(blank=True)
    edited_text = models.TextField(null=True, blank=True)
    excluded = models.BooleanField(default=False)
    objects = ChunkQuerySet.as_manager()

    class Meta:
        verbose_name = _("chunk")
        verbose_name_plural = _("chunks")
        ordering = ("version", "ordinal")
        constraints = (models.UniqueConstraint(fields=("version", "ordinal"), name="chunk_ordinal_once"),)

    def __str__(self) -> str:
        return f"{self.document_id} #{self.ordinal}"

    @property
    def shown_text(self) -> str:
        """What is searched and read: the edited text where there is one."""
        return self.text if self.edited_text is None else self.edited_text

    @property
    def revision(self) -> str:
        """What tells the text that is read from another one: it changes when somebody edits the chunk."""
        return hashlib.sha256(self.shown_text.encode()).hexdigest()[:16]


class ChunkEditQuerySet(models.QuerySet["ChunkEdit"]):
    """Reads of what people changed."""

    def visible_to(self, user: "User | AnonymousUser") -> "ChunkEditQuerySet":
        """Changes that ``user`` may read: those of the documents visible to them."""
        return self.filter(document__in=Document.objects.visible_to(user))

    def waiting_in(self, document: Document) -> "ChunkEditQuerySet":
        """Those of the document whose words no chunk has now, the latest first. Costs up to two queries of its own."""
        kept = self.filter(document_id=document.pk)
        keys = [(pk, bytes(of), turn) for pk, of, turn in kept.values_list("pk", "text_hash", "occurrence")]
        there = Chunk.objects.of_current(document).counted({of for _pk, of, _turn in keys}) if keys else {}
        # Equal texts are counted from 0, so the first ones of them have a chunk.
        waiting = [pk for pk, of, turn in keys if turn >= there.get(of, 0)]
        return kept.filter(pk__in=waiting).select_related("author").order_by("-updated_at", "-pk")


class ChunkEdit(models.Model):
    """What somebody changed about a chunk, kept by the chunk's own words so that it outlives the chunk's row.

    ``original`` is the chunk's own text (empty for a change made before it was kept), ``text_hash`` its SHA-256,
    ``occurrence`` counts equal texts of the document from 0.
    A new reading of the document that has the same words in a chunk takes the edit over; one that has not leaves it
    here, for when they come back.
    """

    document = models.ForeignKey(Document, models.CASCADE, related_name="chunk_edits", db_index=False)
    text_hash = models.BinaryField(max_length=32)
    occurrence = models.PositiveIntegerField(default=0)
    original = models.TextField(blank=True, default="")
    text = models.TextField(null=True, blank=True)
    excluded = models.BooleanField(default=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects = ChunkEditQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a chunk")
        verbose_name_plural = _("changes of chunks")
        constraints = (models.UniqueConstraint(fields=("document", "text_hash", "occurrence"), name="chunk_edit_once"),)

    def __str__(self) -> str:
        return f"{self.document_id} {bytes(self.text_hash).hex()[:8]}"
