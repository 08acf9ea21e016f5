"""Rerankers that admins have added: models that put the candidates of a search into order."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from rag.reranking import MOST_CANDIDATES

DEFAULT_DEPTH = 50


class RerankerKind(models.TextChoices):
    """Where a reranker runs."""

    CROSS_ENCODER = "cross_encoder", _("Cross-encoder in a folder of this machine")
    REMOTE = "remote", _("Server that reranks")


class RerankerProtocol(models.TextChoices):
    """What a server of rerankers speaks."""

    COHERE = "cohere", _("Cohere, Jina, Voyage, vLLM")
    TEI = "tei", _("Text Embeddings Inference")


class Reranker(models.Model):
    """One reranker. Settings of a search name it by its ``slug``, which never changes.

    ``model`` is a server's name for it, or a folder in ``RERANKERS_DIR``. At most ``depth`` candidates are given to it.
    ``error`` says why it last failed, empty once it works again.
    """

    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=RerankerKind)
    protocol = models.CharField(_("protocol"), max_length=20, choices=RerankerProtocol, default=RerankerProtocol.COHERE)
    base_url = models.CharField(_("base URL"), max_length=500, blank=True)
    model = models.CharField(_("model name"), max_length=200, blank=True)
    api_key_encrypted = models.BinaryField(blank=True, default=b"", editable=False)
    depth = models.PositiveSmallIntegerField(
        _("passages at most"),
        default=DEFAULT_DEPTH,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CANDIDATES)],
    )
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("reranker")
        verbose_name_plural = _("rerankers")
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name
