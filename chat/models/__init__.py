"""Rows of the chat app, one file per concept."""

from chat.models.assistants import (
    DEFAULT_PASSAGES,
    DEFAULT_THRESHOLD,
    LLM_THRESHOLD,
    MAX_PASSAGES,
    Assistant,
    AssistantVersion,
)
from chat.models.conversations import Conversation, Message, Role, Status
from chat.models.language_models import LanguageModel, ModelKind
from chat.models.traces import Citation, Passage, TraceStep

__all__ = [
    "DEFAULT_PASSAGES",
    "DEFAULT_THRESHOLD",
    "LLM_THRESHOLD",
    "MAX_PASSAGES",
    "Assistant",
    "AssistantVersion",
    "Citation",
    "Conversation",
    "LanguageModel",
    "Message",
    "ModelKind",
    "Passage",
    "Role",
    "Status",
    "TraceStep",
]
