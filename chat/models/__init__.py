"""Rows of the chat app, one file per concept."""

from chat.models.assistants import (
    DEFAULT_PASSAGES,
    DEFAULT_THRESHOLD,
    LLM_THRESHOLD,
    MAX_PASSAGES,
    Assistant,
    AssistantVersion,
)
from chat.models.attachments import ConversationFiles
from chat.models.conversations import Conversation, Message, Role, Status
from chat.models.feedback import COMMENT_CHARS, Feedback, FeedbackReason
from chat.models.folders import FOLDER_NAME_CHARS, Folder
from chat.models.language_models import LanguageModel, ModelKind
from chat.models.links import SharedLink, link_digest
from chat.models.prompts import SavedPrompt
from chat.models.question_settings import (
    DEFAULT_QUESTION,
    MAX_PASSAGE_TOKENS,
    MIN_PASSAGE_TOKENS,
    MOST_STEPS,
    QuestionSettings,
)
from chat.models.step_names import STEP_NAMES, step_name, step_summary
from chat.models.traces import Citation, Passage, TraceStep

__all__ = [
    "COMMENT_CHARS",
    "DEFAULT_PASSAGES",
    "DEFAULT_QUESTION",
    "DEFAULT_THRESHOLD",
    "FOLDER_NAME_CHARS",
    "LLM_THRESHOLD",
    "MAX_PASSAGES",
    "MAX_PASSAGE_TOKENS",
    "MIN_PASSAGE_TOKENS",
    "MOST_STEPS",
    "STEP_NAMES",
    "Assistant",
    "AssistantVersion",
    "Citation",
    "Conversation",
    "ConversationFiles",
    "Feedback",
    "FeedbackReason",
    "Folder",
    "LanguageModel",
    "Message",
    "ModelKind",
    "Passage",
    "QuestionSettings",
    "Role",
    "SavedPrompt",
    "SharedLink",
    "Status",
    "TraceStep",
    "link_digest",
    "step_name",
    "step_summary",
]
