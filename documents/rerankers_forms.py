"""What admins may enter about rerankers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from documents.embedders import sealed
from documents.models import Reranker, RerankerKind, RerankerProtocol
from documents.models.rerankers import DEFAULT_DEPTH
from documents.rerankers import RerankerModel
from documents.services.rerankers import LONGEST_TEXT, PROBE, changed_model
from rag.reranking import MOST_CANDIDATES


class RerankerChangeForm(forms.Form):
    """What may change of a reranker, and what it is tried with."""

    base_url = forms.URLField(
        label=_("Base URL"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("“/rerank” is added to it, as in https://api.jina.ai/v1 or http://localhost:8080."),
    )
    api_key = forms.CharField(
        label=_("API key"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted and never shown again. Leave it empty for a server without keys."),
    )
    name = forms.CharField(
        label=_("Name"), required=False, max_length=200, help_text=_("As admins see it; the model's name without one.")
    )
    depth = forms.IntegerField(
        label=_("Passages at most"),
        min_value=1,
        max_value=MOST_CANDIDATES,
        initial=DEFAULT_DEPTH,
        help_text=_(
            "It reads so many of the best passages for each question, or as many as the assistant asks for. "
            "Text Embeddings Inference takes 32 at once unless it was started with more."
        ),
    )
    question = forms.CharField(label=_("Question"), required=False, max_length=LONGEST_TEXT, initial=PROBE[0])
    first = forms.CharField(label=_("A text that answers it"), required=False, max_length=LONGEST_TEXT)
    second = forms.CharField(label=_("A text that does not"), required=False, max_length=LONGEST_TEXT)

    def __init__(self, *args: Any, row: Reranker | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._row = row
        self.fields["first"].initial, self.fields["second"].initial = PROBE[1]
        for name in ("question", "first", "second", "base_url"):
            # Empty they are taken to be the examples; whether an address is needed depends on the kind.
            self.fields[name].widget.is_required = True
        if row is not None:
            self.initial = {"base_url": row.base_url, "name": row.name, "depth": row.depth, **self.initial}
            if row.api_key_encrypted:
                self.fields["api_key"].help_text = _(
                    "Leave it empty to keep the one that is stored. For another base URL enter it again."
                )
            if row.kind != RerankerKind.REMOTE:
                del self.fields["base_url"], self.fields["api_key"]

    def model(self) -> RerankerModel:
        """What the services take; for a valid form."""
        assert self._row is not None
        data = self.cleaned_data
        return changed_model(self._row, base_url=data.get("base_url", ""), api_key=data.get("api_key", ""))

    def trial(self) -> dict[str, Any]:
        """The question and the texts that it is tried with; for a valid form."""
        data = self.cleaned_data
        texts = (data["first"] or PROBE[1][0], data["second"] or PROBE[1][1])
        return {"question": data["question"] or PROBE[0], "texts": texts}


class RerankerForm(RerankerChangeForm):
    """A new reranker."""

    kind = forms.ChoiceField(label=_("Kind"), choices=RerankerKind.choices, initial=RerankerKind.REMOTE)
    protocol = forms.ChoiceField(
        label=_("Protocol"),
        choices=RerankerProtocol.choices,
        initial=RerankerProtocol.COHERE,
        help_text=_("How the server wants to be asked."),
    )
    model_name = forms.CharField(
        label=_("Model"),
        required=False,
        max_length=200,
        help_text=_("As the server calls it; for a model on this machine the name of its folder in RERANKERS_DIR."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["model_name"].widget.is_required = True

    def clean(self) -> dict[str, Any]:
        """What the chosen kind needs."""
        data: dict[str, Any] = super().clean() or {}
        needed = {RerankerKind.REMOTE: ["base_url"], RerankerKind.CROSS_ENCODER: ["model_name"]}
        names = needed.get(data.get("kind", ""), [])
        if data.get("kind") == RerankerKind.REMOTE and data.get("protocol") == RerankerProtocol.COHERE:
            names = [*names, "model_name"]
        for name in names:
            if name not in self.errors and not data.get(name):
                self.add_error(name, _("Fill this in."))
        return data

    def model(self) -> RerankerModel:
        """What the services take; for a valid form."""
        data: dict[str, Any] = self.cleaned_data
        remote = data["kind"] == RerankerKind.REMOTE
        return RerankerModel(
            data["kind"],
            data["protocol"] if remote else RerankerProtocol.COHERE,
            data["base_url"] if remote else "",
            data["model_name"],
            sealed(data["api_key"].strip()) if remote else b"",
        )
