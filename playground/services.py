"""Writes: a draft becomes the next version of its assistant."""

from django.utils.translation import gettext as _

from accounts.errors import permission_denied
from accounts.models import User
from chat.answering import AssistantSettings
from chat.errors import not_found
from chat.models import Assistant, AssistantVersion, LanguageModel
from chat.services.assistants import VersionFields, settings_of_fields, version_create, version_publish
from playground.events import RunConfig


def version_fields(config: RunConfig, note: str = "") -> VersionFields:
    """A draft as the fields of a version; ChatError ``not_found`` for a model that is gone."""
    model = LanguageModel.objects.filter(pk=config.model).first()
    if model is None:
        raise not_found(_("model"))
    return VersionFields(
        config.system_prompt,
        model,
        config.sources,
        config.passages,
        config.threshold,
        note,
        search=config.search_settings(),
    )


def draft_settings(*, user: User, config: RunConfig) -> AssistantSettings:
    """A draft as the answering pipeline takes it. Admins only."""
    if not user.is_admin:
        raise permission_denied()
    return settings_of_fields(version_fields(config))


def draft_save(*, user: User, config: RunConfig, note: str, publish: bool) -> AssistantVersion:
    """Save a draft as the next version of its assistant, and publish it when asked. Admins only."""
    if not user.is_admin:
        raise permission_denied()
    assistant = Assistant.objects.filter(slug=config.assistant).first()
    if assistant is None:
        raise not_found(_("assistant"))
    version = version_create(user=user, assistant=assistant, fields=version_fields(config, note))
    if publish:
        version_publish(user=user, assistant=assistant, number=version.number)
    return version
