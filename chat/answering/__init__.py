"""The way of a question, once it is asked: retrieve, prompt, generate, cite.

``answer`` is the one pipeline behind the chat page, the playground, the API and the command line, and writes nothing
to the database.
"""

from chat.answering.answerers import ModelSettings
from chat.answering.draft import AnswerDraft
from chat.answering.pipeline import (
    AnsweringPart,
    AssistantSettings,
    FiltersSaid,
    PassagesFound,
    Question,
    SoFar,
    StepDone,
    answer,
    go_on,
)

__all__ = [
    "AnswerDraft",
    "AnsweringPart",
    "AssistantSettings",
    "FiltersSaid",
    "ModelSettings",
    "PassagesFound",
    "Question",
    "SoFar",
    "StepDone",
    "answer",
    "go_on",
]
