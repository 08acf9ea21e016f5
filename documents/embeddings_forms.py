"""What admins may enter about sets of embeddings."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from documents.models import EmbedderKind
from documents.services.embeddings import EmbedderChoice


class ServerForm(forms.Form):
    """Where a server of embeddings is, and its key, which can be written and never read."""

    base_url = forms.URLField(
        label=_("Base URL"),
        max_length=500,
        assume_scheme="https",
        help_text=_("Of a server that speaks OpenAI's protocol, for example http://localhost:11434/v1."),
    )
    api_key = forms.CharField(
        label=_("API key"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted and never shown again. Leave it empty for a server without keys."),
    )


class EmbedderForm(ServerForm):
    """A new set of embeddings."""

    base_url = forms.URLField(
        label=_("Base URL"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("Of a server that speaks OpenAI's protocol, for example http://localhost:11434/v1."),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=EmbedderKind.choices, initial=EmbedderKind.OPENAI)
    model = forms.CharField(
        label=_("Model"),
        required=False,
        max_length=200,
        help_text=_("As the server calls it; for a model on this machine the name of its folder in EMBEDDERS_DIR."),
    )
    query_prefix = forms.CharField(
        label=_("Before a question"),
        required=False,
        max_length=200,
        strip=False,
        help_text=_("What the model's card asks for, as in “query: ”. Mostly empty."),
    )
    passage_prefix = forms.CharField(
        label=_("Before a passage"),
        required=False,
        max_length=200,
        strip=False,
        help_text=_("What the model's card asks for, as in “passage: ”. Mostly empty."),
    )
    name = forms.CharField(
        label=_("Name"), required=False, max_length=200, help_text=_("As admins see it; the model's name without one.")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("base_url", "model"):
            # Whether they are needed depends on the kind; where they are, they are not called optional.
            self.fields[name].widget.is_required = True

    def clean(self) -> dict[str, Any]:
        """What the chosen kind needs."""
        data: dict[str, Any] = super().clean() or {}
        needed = {EmbedderKind.OPENAI: ("base_url", "model"), EmbedderKind.DIRECTORY: ("model",)}
        for name in needed.get(data.get("kind", ""), ()):
            if name not in self.errors and not data.get(name):
                self.add_error(name, _("Fill this in."))
        return data

    def choice(self) -> EmbedderChoice:
        """What the services take; for a valid form."""
        data: dict[str, Any] = self.cleaned_data
        return EmbedderChoice(
            data["kind"],
            data["base_url"],
            data["model"],
            data["api_key"],
            data["query_prefix"],
            data["passage_prefix"],
        )
