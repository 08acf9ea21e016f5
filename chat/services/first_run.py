"""The first steps on a new installation: a language model is found, tried and put to work."""

from dataclasses import replace

from channels.db import database_sync_to_async
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import permission_denied
from accounts.models import User
from chat.answering.answerers import ModelSettings, outbound_policy
from chat.errors import ChatError
from chat.models import LLM_THRESHOLD, Assistant, LanguageModel, ModelKind
from chat.services.assistants import fields_of_version, version_create, version_publish
from chat.services.language_models import model_check, model_save

LOCAL_OLLAMA = "http://127.0.0.1:11434/v1"
"""Where Ollama answers on the machine that it was installed on."""


async def models_at(*, base_url: str, api_key: str) -> list[str]:
    """The models that a server of OpenAI's protocol offers; GenerationError when it does not answer, or may not."""
    from rag.generation.openai_compatible import OpenAIAnswerer

    return await OpenAIAnswerer(base_url, api_key, "", outbound_policy()).list_models()


async def model_connect(*, user: User, base_url: str, api_key: str, model_name: str) -> tuple[str, int]:
    """Try a model, and let the default assistant answer with it from now on; its name, the milliseconds that it took.

    Nothing is kept of a model that does not answer. GenerationError; ChatError ``no_assistant``, ``model_incomplete``.
    """
    if not user.is_admin:
        raise permission_denied()
    if not model_name:
        raise ChatError("model_incomplete", _("Choose a model."), 422)
    trial = ModelSettings(0, model_name, ModelKind.OPENAI, base_url, api_key, model_name)
    ms = await model_check(trial)
    return await database_sync_to_async(_put_to_work)(user, base_url, api_key, model_name), ms


def _put_to_work(user: User, base_url: str, api_key: str, model_name: str) -> str:
    with transaction.atomic():
        assistant = Assistant.objects.select_for_update().filter(is_default=True, published__isnull=False).first()
        if assistant is None or assistant.published is None:
            raise ChatError("no_assistant", _("No assistant is published yet. Publish one first."), 409)
        there = LanguageModel.objects.filter(kind=ModelKind.OPENAI, base_url=base_url, model_name=model_name).first()
        name = there.name if there else _free_name(model_name)
        model = model_save(
            user=user,
            model=there or LanguageModel(),
            name=name,
            kind=ModelKind.OPENAI,
            base_url=base_url,
            model_name=model_name,
            api_key=api_key or None,
        )
        fields = replace(fields_of_version(assistant.published), model=model, note=_("Another model"))
        if assistant.published.model.kind == ModelKind.EXTRACTIVE:
            # The threshold says something else with a language model.
            fields = replace(fields, threshold=LLM_THRESHOLD)
        version = version_create(user=user, assistant=assistant, fields=fields)
        version_publish(user=user, assistant=assistant, number=version.number)
        return name


def _free_name(model_name: str) -> str:
    name = model_name[:90]
    taken = set(LanguageModel.objects.filter(name__startswith=name).values_list("name", flat=True))
    return next(each for n in range(1, len(taken) + 2) if (each := name if n == 1 else f"{name} {n}") not in taken)
