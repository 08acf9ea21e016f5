"""Writes: assistants and their versions, and what a new installation begins with."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.errors import permission_denied
from accounts.models import User
from accounts.services import audit
from chat.answering import AssistantSettings
from chat.errors import ChatError, not_found
from chat.models import (
    DEFAULT_PASSAGES,
    DEFAULT_QUESTION,
    DEFAULT_THRESHOLD,
    LLM_THRESHOLD,
    Assistant,
    AssistantVersion,
    LanguageModel,
    ModelKind,
    QuestionSettings,
)
from chat.services.language_models import settings_of
from documents.models import DataSource
from documents.rerankers import is_reranker
from documents.retrieval import DEFAULT as DEFAULT_SEARCH
from documents.retrieval import SearchSettings

DEFAULT_PROMPT = (
    "You answer questions of a company's staff from the company's documents. "
    "Be brief and exact. Keep names, numbers and dates as the documents have them."
)


@dataclass(frozen=True, slots=True)
class VersionFields:
    """What a version holds; ``sources`` None stands for all data sources that the asker may see."""

    system_prompt: str
    model: LanguageModel
    sources: Collection[UUID] | None
    passages: int
    threshold: float
    note: str = ""
    search: SearchSettings = DEFAULT_SEARCH
    question: QuestionSettings = DEFAULT_QUESTION


def fields_of_version(version: AssistantVersion) -> VersionFields:
    """What a version holds, to make another one of it."""
    return VersionFields(
        version.system_prompt,
        version.model,
        None if version.all_sources else tuple(version.sources.values_list("pk", flat=True)),
        version.passages,
        version.threshold,
        search=version.search_settings,
        question=version.question_settings,
    )


def settings_of_version(version: AssistantVersion) -> AssistantSettings:
    """Everything in a version that shapes an answer, detached from the database."""
    sources = None if version.all_sources else tuple(version.sources.values_list("pk", flat=True))
    return AssistantSettings(
        system_prompt=version.system_prompt,
        model=settings_of(version.model),
        sources=sources,
        passages=version.passages,
        threshold=version.threshold,
        search=version.search_settings,
        **asdict(version.question_settings),
    )


def settings_of_fields(fields: VersionFields) -> AssistantSettings:
    """The same of a draft that has not been saved; ChatError ``unknown_reranker`` for one that is gone."""
    _check_reranker(fields.search)
    sources = None if fields.sources is None else tuple(fields.sources)
    return AssistantSettings(
        system_prompt=fields.system_prompt,
        model=settings_of(fields.model),
        sources=sources,
        passages=fields.passages,
        threshold=fields.threshold,
        search=fields.search,
        **asdict(fields.question),
    )


def assistant_create(
    *,
    user: User,
    name: str,
    description: str,
    fields: VersionFields,
    suggestions: str = "",
    slug: str = "",
    shareable: bool = False,
) -> Assistant:
    """A new assistant with version 1, published. Admins only."""
    if not user.is_admin:
        raise permission_denied()
    with transaction.atomic():
        assistant = _new_assistant(name=name, description=description, suggestions=suggestions, slug=slug)
        if shareable:
            assistant.shareable = True
            assistant.save(update_fields=["shareable"])
        audit(actor=user, action="assistant.create", target=assistant, detail={"shareable": shareable})
        version = version_create(user=user, assistant=assistant, fields=fields)
        version_publish(user=user, assistant=assistant, number=version.number)
    return assistant


def assistant_update(
    *, user: User, assistant: Assistant, name: str, description: str, suggestions: str, shareable: bool | None = None
) -> None:
    """Change what people see of an assistant; what shapes its answers is a version's.

    ``shareable``: whether conversations with it may be shared; None leaves that as it is. Without it, links that are
    there do not work.
    """
    if not user.is_admin:
        raise permission_denied()
    with transaction.atomic():
        assistant.name, assistant.description = name.strip(), description.strip()
        assistant.suggestions = suggestions.strip()
        assistant.shareable = assistant.shareable if shareable is None else shareable
        assistant.save(update_fields=["name", "description", "suggestions", "shareable"])
        audit(actor=user, action="assistant.update", target=assistant, detail={"shareable": assistant.shareable})


def assistant_delete(*, user: User, assistant: Assistant) -> None:
    """Delete an assistant; conversations keep their answers. The default assistant stays."""
    if not user.is_admin:
        raise permission_denied()
    if assistant.is_default:
        raise ChatError(
            "assistant_default", _("The default assistant cannot be deleted. Make another the default."), 409
        )
    with transaction.atomic():
        audit(actor=user, action="assistant.delete", target=assistant)
        assistant.delete()


def assistant_make_default(*, user: User, assistant: Assistant) -> None:
    """New conversations begin with this assistant unless another is chosen."""
    if not user.is_admin:
        raise permission_denied()
    with transaction.atomic():
        Assistant.objects.filter(is_default=True).update(is_default=False)
        assistant.is_default = True
        assistant.save(update_fields=["is_default"])
        audit(actor=user, action="assistant.make_default", target=assistant)


def version_create(*, user: User | None, assistant: Assistant, fields: VersionFields) -> AssistantVersion:
    """Save the next version of an assistant, unpublished.

    ChatError ``version_invalid`` names what is wrong, ``unknown_reranker`` says that the reranker is gone.
    """
    if user is not None and not user.is_admin:
        raise permission_denied()
    _check_reranker(fields.search)
    with transaction.atomic():
        # The lock makes numbers of concurrent saves follow one another.
        Assistant.objects.select_for_update().get(pk=assistant.pk)
        last = assistant.versions.aggregate(last=Max("number"))["last"] or 0
        version = AssistantVersion(
            assistant=assistant,
            number=last + 1,
            system_prompt=fields.system_prompt.strip(),
            model=fields.model,
            all_sources=fields.sources is None,
            passages=fields.passages,
            threshold=fields.threshold,
            note=fields.note.strip()[:200],
            author=user,
            **asdict(fields.search),
            **asdict(fields.question),
        )
        try:
            version.full_clean()
        except ValidationError as error:
            raise ChatError("version_invalid", " ".join(error.messages), 422) from error
        version.save()
        if fields.sources is not None:
            found = list(DataSource.objects.listed().filter(pk__in=fields.sources))
            if len(found) != len(set(fields.sources)):
                raise not_found(_("data source"))
            version.sources.set(found)
        audit(actor=user, action="version.create", target=version)
    return version


def version_publish(*, user: User | None, assistant: Assistant, number: int) -> AssistantVersion:
    """Let this version answer from now on; rolling back is publishing an older one."""
    if user is not None and not user.is_admin:
        raise permission_denied()
    with transaction.atomic():
        locked = Assistant.objects.select_for_update().get(pk=assistant.pk)
        version = locked.versions.filter(number=number).first()
        if version is None:
            raise not_found(_("version"))
        before = locked.published.number if locked.published else None
        locked.published = version
        locked.save(update_fields=["published"])
        audit(actor=user, action="version.publish", target=version, detail={"before": before})
    assistant.published = version
    return version


def ensure_defaults(*, llm_base_url: str, llm_api_key: str, llm_model: str, suggestions: Sequence[str] = ()) -> None:
    """What a new installation begins with: the extractive model, the configured LLM if any, the default assistant.

    Runs at every start and changes nothing that is there, so that what an admin edited stays.
    """
    with transaction.atomic():
        model, _made = LanguageModel.objects.get_or_create(
            kind=ModelKind.EXTRACTIVE, defaults={"name": _("Extractive (no LLM)")}
        )
        if llm_base_url and llm_model:
            model, _made = LanguageModel.objects.get_or_create(
                kind=ModelKind.OPENAI,
                base_url=llm_base_url,
                model_name=llm_model,
                defaults={"name": llm_model[:100], "api_key": llm_api_key},
            )
        if Assistant.objects.exists():
            return
        assistant = _new_assistant(
            name=_("Library"),
            description=_("Answers from all documents you may see."),
            suggestions="\n".join(suggestions),
            slug="library",
        )
        assistant.is_default = True
        assistant.save()
        threshold = DEFAULT_THRESHOLD if model.kind == ModelKind.EXTRACTIVE else LLM_THRESHOLD
        fields = VersionFields(DEFAULT_PROMPT, model, None, passages=DEFAULT_PASSAGES, threshold=threshold)
        version = version_create(user=None, assistant=assistant, fields=fields)
        version_publish(user=None, assistant=assistant, number=version.number)


def assistants_reranking_with(*, slug: str, **_sent: Any) -> list[str]:
    """The names of the assistants whose published version has this reranker."""
    return list(Assistant.objects.filter(published__reranker=slug).values_list("name", flat=True))


def _check_reranker(search: SearchSettings) -> None:
    if not is_reranker(search.reranker):
        raise ChatError("unknown_reranker", _("The reranker is not there any more. Choose another one."), 422)


def _new_assistant(*, name: str, description: str, suggestions: str, slug: str) -> Assistant:
    name = name.strip()
    if not name:
        raise ChatError("assistant_name_missing", _("Give the assistant a name."), 422)
    base = slugify(slug or name)[:70] or "assistant"
    taken = set(Assistant.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    candidates = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
    free = next(candidate for candidate in candidates if candidate not in taken)
    return Assistant.objects.create(
        slug=free, name=name, description=description.strip(), suggestions=suggestions.strip()
    )
