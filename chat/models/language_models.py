"""What writes the answers: the extractive answerer, a server that speaks OpenAI's protocol, a local model."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.secrets import EncryptedTextField


class ModelKind(models.TextChoices):
    """The three answerers."""

    EXTRACTIVE = "extractive", _("Extractive: quotes the sentences that answer, needs no LLM")
    OPENAI = "openai", _("OpenAI-compatible server")
    TRANSFORMERS = "transformers", _("Local model through transformers")


class LanguageModel(models.Model):
    """A model that assistants can use. The key is stored encrypted and never leaves the server again."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=ModelKind)
    base_url = models.URLField(_("base URL"), blank=True, max_length=500)
    api_key = EncryptedTextField(_("API key"), blank=True)
    model_name = models.CharField(
        _("model name"),
        max_length=300,
        blank=True,
        help_text=_("As the server calls it, or a directory on this machine."),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
