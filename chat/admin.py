"""Conversations and answers in Django's admin: counts and states, never what people wrote."""

from typing import ClassVar

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from chat.models import Assistant, AssistantVersion, Conversation, LanguageModel


@admin.register(Assistant)
class AssistantAdmin(ReadOnlyAdmin[Assistant]):
    """Assistants; they are edited on their own page, where each change becomes a version."""

    list_display = ("name", "slug", "is_default", "published")


@admin.register(AssistantVersion)
class AssistantVersionAdmin(ReadOnlyAdmin[AssistantVersion]):
    """Versions with their author."""

    list_display = (
        "assistant", "number", "model", "passages", "threshold", "fusion", "reranker", "author", "created_at",
    )  # fmt: skip
    list_filter = ("assistant",)


@admin.register(LanguageModel)
class LanguageModelAdmin(ReadOnlyAdmin[LanguageModel]):
    """Models without their keys."""

    list_display = ("name", "kind", "base_url", "model_name")
    exclude: ClassVar[tuple[str, ...]] = ("api_key",)


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin[Conversation]):
    """Who talks to which assistant, not about what."""

    list_display = ("pk", "user", "assistant", "created_at", "updated_at")
    list_filter = ("assistant",)
    exclude: ClassVar[tuple[str, ...]] = ("title",)
