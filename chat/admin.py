"""Conversations, links, answers and what is said of them in Django's admin: never what people wrote to an assistant."""

from typing import ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin import ReadOnlyAdmin
from chat.models import Assistant, AssistantVersion, Conversation, Feedback, LanguageModel, SharedLink


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


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin[Feedback]):
    """What people said of answers, which they say to admins; the answers themselves stay theirs."""

    list_display = ("updated_at", "is_good", "reason", "comment", "version", "user")
    list_filter = ("is_good", "reason", "answer__version__assistant")
    list_select_related = ("answer__version__assistant", "user")
    exclude: ClassVar[tuple[str, ...]] = ("answer",)

    @admin.display(description=_("assistant"))
    def version(self, row: Feedback) -> str:
        """The version of the assistant that answered."""
        return str(row.answer.version or "")


@admin.register(SharedLink)
class SharedLinkAdmin(ReadOnlyAdmin[SharedLink]):
    """Who shares, until when and how often it was opened; neither what nor by which address."""

    list_display = ("pk", "conversation_id", "created_at", "expires_at", "revoked_at", "opened", "opened_at")
    exclude: ClassVar[tuple[str, ...]] = ("title", "digest", "leaf")
