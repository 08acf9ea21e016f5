"""Writes: language models."""

import time

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from accounts.errors import permission_denied
from accounts.models import User
from accounts.services import audit
from chat.answering.answerers import ModelSettings, key_of, outbound_policy
from chat.errors import ChatError
from chat.models import LanguageModel, ModelKind
from rag.errors import GenerationError


def settings_of(model: LanguageModel) -> ModelSettings:
    """A row detached from the database."""
    return ModelSettings(model.pk, model.name, model.kind, model.base_url, model.api_key, model.model_name)


def model_save(
    *, user: User, model: LanguageModel, name: str, kind: str, base_url: str, model_name: str, api_key: str | None
) -> LanguageModel:
    """Create or change a model; ``api_key`` None keeps the stored one. Admins only."""
    if not user.is_admin:
        raise permission_denied()
    # A key belongs to the server it was given for: it must not follow the base URL to another host.
    created = model._state.adding
    moved = not created and model.base_url != base_url
    model.name, model.kind, model.base_url, model.model_name = name.strip(), kind, base_url.strip(), model_name.strip()
    if api_key is not None or moved:
        model.api_key = api_key or ""
    _validate(model)
    with transaction.atomic():
        model.save()
        detail = {"kind": kind, "base_url": model.base_url, "model_name": model.model_name, "key": bool(model.api_key)}
        audit(actor=user, action="model.create" if created else "model.update", target=model, detail=detail)
    return model


def model_delete(*, user: User, model: LanguageModel) -> None:
    """Delete a model that no assistant version uses; ChatError ``model_in_use`` otherwise."""
    if not user.is_admin:
        raise permission_denied()
    try:
        with transaction.atomic():
            audit(actor=user, action="model.delete", target=model)
            model.delete()
    except ProtectedError as error:
        message = _("An assistant version uses this model, so it stays. Past answers must be repeatable.")
        raise ChatError("model_in_use", message, 409) from error


async def model_check(model: ModelSettings) -> int:
    """Ask the model for one word and return the milliseconds it took; GenerationError when it does not answer."""
    started = time.perf_counter()
    if model.kind == ModelKind.OPENAI:
        from rag.generation.openai_compatible import OpenAIAnswerer

        await OpenAIAnswerer(model.base_url, key_of(model), model.model_name, outbound_policy()).check()
    elif model.kind == ModelKind.TRANSFORMERS:
        raise GenerationError("llm_not_checkable", _("A local model is loaded at its first question."), retryable=False)
    return round((time.perf_counter() - started) * 1000)


def warm_up() -> None:
    """Load ahead what asks a model over HTTP: it takes a quarter of a second that the first asker would wait."""
    if LanguageModel.objects.filter(kind=ModelKind.OPENAI).exists():
        import rag.outbound

        rag.outbound.warm_up()


def _validate(model: LanguageModel) -> None:
    if not model.name:
        raise ChatError("model_name_missing", _("Give the model a name."), 422)
    if LanguageModel.objects.filter(name=model.name).exclude(pk=model.pk).exists():
        raise ChatError("model_name_taken", _("Another model has this name. Choose another."), 422)
    if model.kind == ModelKind.OPENAI and not (model.base_url and model.model_name):
        raise ChatError("model_incomplete", _("A server needs its base URL and the name of a model."), 422)
    if model.kind == ModelKind.TRANSFORMERS and not model.model_name:
        raise ChatError("model_incomplete", _("A local model needs its directory or its name."), 422)
    if model.kind not in ModelKind.values:
        raise ChatError("model_kind", _("Choose one of the kinds extractive, openai and transformers."), 422)
