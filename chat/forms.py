"""What may come in on the chat app's pages."""

from dataclasses import asdict, fields
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from chat.models import (
    DEFAULT_PASSAGES,
    DEFAULT_QUESTION,
    DEFAULT_THRESHOLD,
    MAX_PASSAGE_TOKENS,
    MAX_PASSAGES,
    MIN_PASSAGE_TOKENS,
    MOST_STEPS,
    Assistant,
    AssistantVersion,
    LanguageModel,
    ModelKind,
    QuestionSettings,
    SavedPrompt,
)
from chat.services.assistants import VersionFields
from chat.services.importing import MOST_BYTES
from documents.models import DataSource
from documents.search_forms import SearchSettingsForm

QUESTION_NAMES = tuple(each.name for each in fields(QuestionSettings))


class FeedbackForm(forms.Form):
    """What somebody says of an answer: ``verdict`` is good, bad, or empty to take it back."""

    verdict = forms.ChoiceField(choices=(("good", _("Helpful")), ("bad", _("Not helpful"))), required=False)
    reason = forms.CharField(required=False)
    comment = forms.CharField(required=False, strip=True)


class SavedPromptForm(forms.Form):
    """A prompt of the library; only who ``may_share`` is asked whether it is for everyone."""

    title = forms.CharField(label=_("Title"), max_length=100, help_text=_("What is looked for after “/”."))
    text = forms.CharField(
        label=_("Text"),
        max_length=8_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("What stands in double braces is filled in when it is used: Compare {{first}} with {{second}}."),
    )
    shared = forms.BooleanField(
        label=_("For everyone"), required=False, help_text=_("Everyone who can sign in finds it. You can change it.")
    )

    def __init__(self, *args: Any, may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_share:
            del self.fields["shared"]

    @classmethod
    def initial_of(cls, prompt: SavedPrompt | None) -> dict[str, Any]:
        """What the form shows of a row."""
        return {"title": prompt.title, "text": prompt.text, "shared": prompt.shared} if prompt else {}

    def service_arguments(self) -> dict[str, Any]:
        """What ``prompt_save`` takes."""
        data = self.cleaned_data
        return {"title": data["title"], "text": data["text"], "shared": data.get("shared", False)}


class LanguageModelForm(forms.Form):
    """A model. The key can be written and replaced, never read."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("As admins see it when they choose a model."))
    kind = forms.ChoiceField(label=_("Kind"), choices=ModelKind.choices)
    base_url = forms.URLField(
        label=_("Base URL"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("Of a server that speaks OpenAI's protocol, for example http://localhost:11434/v1."),
    )
    model_name = forms.CharField(
        label=_("Model name"),
        required=False,
        max_length=300,
        help_text=_("As the server calls it; for a local model its directory."),
    )
    api_key = forms.CharField(
        label=_("API key"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted and never shown again. Leave it empty to keep the stored one."),
    )
    clear_key = forms.BooleanField(label=_("Forget the stored key"), required=False)

    @classmethod
    def initial_of(cls, model: LanguageModel) -> dict[str, Any]:
        """What the form shows of a row."""
        return {"name": model.name, "kind": model.kind, "base_url": model.base_url, "model_name": model.model_name}

    def service_arguments(self) -> dict[str, Any]:
        """Keyword arguments for ``model_save``."""
        data = dict(self.cleaned_data)
        cleared = data.pop("clear_key")
        data["api_key"] = "" if cleared else data["api_key"] or None
        return data


class AnswerSettingsForm(SearchSettingsForm):
    """The settings of a search, and how questions are understood and how much is read for them."""

    rewrite = forms.BooleanField(
        label=_("Rewrite questions"),
        required=False,
        initial=DEFAULT_QUESTION.rewrite,
        help_text=_(
            "The language model writes what to search for where a question follows others or is several in one. "
            "Without it, or without a language model, a rule does."
        ),
    )
    said_filters = forms.BooleanField(
        label=_("Use filters said in words"),
        required=False,
        initial=DEFAULT_QUESTION.said_filters,
        help_text=_(
            "What a question says of its documents, such as “from HR” or “of 2023”, narrows the search to them."
        ),
    )
    max_steps = forms.IntegerField(
        label=_("Searches at most"),
        min_value=1,
        max_value=MOST_STEPS,
        initial=DEFAULT_QUESTION.max_steps,
        help_text=_("Above 1, a language model reads what was found and may search again. Each search takes longer."),
    )
    passage_tokens = forms.IntegerField(
        label=_("Tokens to read"),
        min_value=MIN_PASSAGE_TOKENS,
        max_value=MAX_PASSAGE_TOKENS,
        initial=DEFAULT_QUESTION.passage_tokens,
        help_text=_(
            "How long the passages of an answer are together, at most. A language model must have room for as many."
        ),
    )

    @property
    def question_errors(self) -> bool:
        """Whether one of the settings beside those of the search is wrong."""
        return any(name in self.errors for name in QUESTION_NAMES)

    def question_settings(self) -> QuestionSettings:
        """Those settings as a version takes them; of a valid form."""
        return QuestionSettings(**{name: self.cleaned_data[name] for name in QUESTION_NAMES})


class AssistantForm(AnswerSettingsForm):
    """An assistant and the settings of its next version."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What it is for, in a sentence; people see it when they choose."),
    )
    suggestions = forms.CharField(
        label=_("Suggested questions"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One on each line, shown in an empty chat."),
    )
    shareable = forms.BooleanField(
        label=_("People may share conversations"),
        required=False,
        help_text=_(
            "By links that expire and can be revoked, for whoever can sign in. Readers see what rests on documents "
            "that they may see. Taken away, no link to a conversation with it works."
        ),
    )
    system_prompt = forms.CharField(
        label=_("System prompt"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 8})
    )
    model = forms.ModelChoiceField(label=_("Model"), queryset=LanguageModel.objects.all(), empty_label=None)
    all_sources = forms.BooleanField(
        label=_("All data sources"),
        required=False,
        help_text=_("Whoever asks gets passages only from sources they may see."),
    )
    sources = forms.ModelMultipleChoiceField(
        label=_("Data sources"),
        required=False,
        queryset=DataSource.objects.listed(),
        widget=forms.CheckboxSelectMultiple,
    )
    passages = forms.IntegerField(
        label=_("Passages to use"), min_value=1, max_value=MAX_PASSAGES, initial=DEFAULT_PASSAGES
    )
    threshold = forms.FloatField(
        label=_("Threshold"),
        min_value=0,
        max_value=1,
        initial=DEFAULT_THRESHOLD,
        help_text=_(
            "From 0 to 1; higher refuses more often. The extractive model holds against it how sure it is that its "
            "quotes answer; any other model reads only passages at least this similar to the question."
        ),
    )
    note = forms.CharField(label=_("What changed"), required=False, max_length=200)

    @classmethod
    def initial_of(cls, assistant: Assistant, version: AssistantVersion | None) -> dict[str, Any]:
        """What the form shows of an assistant and one of its versions."""
        initial: dict[str, Any] = {
            "name": assistant.name,
            "description": assistant.description,
            "suggestions": assistant.suggestions,
            "shareable": assistant.shareable,
        }
        if version:
            initial |= {
                "system_prompt": version.system_prompt,
                "model": version.model_id,
                "all_sources": version.all_sources,
                "sources": list(version.sources.values_list("pk", flat=True)),
                "passages": version.passages,
                "threshold": version.threshold,
                **asdict(version.search_settings),
                **asdict(version.question_settings),
            }
        return initial

    def clean(self) -> dict[str, Any]:
        """Ask for at least one source when not all are taken."""
        data: dict[str, Any] = super().clean() or {}
        if not data.get("all_sources") and not data.get("sources"):
            self.add_error("sources", _("Choose at least one data source, or all of them."))
        return data

    def version_fields(self) -> VersionFields:
        """What the next version holds."""
        data = self.cleaned_data
        sources = None if data["all_sources"] else [source.pk for source in data["sources"]]
        return VersionFields(
            data["system_prompt"],
            data["model"],
            sources,
            data["passages"],
            data["threshold"],
            data["note"],
            search=self.search_settings(),
            question=self.question_settings(),
        )


class ConnectForm(forms.Form):
    """A server of OpenAI's protocol, and one of its models once these are known."""

    base_url = forms.URLField(
        label=_("Address"),
        max_length=500,
        assume_scheme="http",
        help_text=_("Of Ollama, vLLM, llama.cpp, OpenAI or another server that speaks OpenAI's protocol."),
    )
    api_key = forms.CharField(
        label=_("API key"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Where the server wants one. It is stored encrypted."),
    )
    model_name = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)


class ImportForm(forms.Form):
    """The JSON of an exported conversation."""

    file = forms.FileField(
        label=_("File"),
        max_length=255,
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
        help_text=_("The JSON that a conversation was exported to, at most 20 MB."),
    )

    def clean_file(self) -> UploadedFile[Any]:
        """Refuse what is too large before it is read."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 20 MB. No export is."))
        return file
