"""From a model's settings to the answerer that speaks for it.

Each answerer is imported when it is first needed: an installation without an LLM loads no client.
"""

import asyncio
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.errors import AccountsError
from accounts.secrets import readable
from rag.embeddings import shipped_embedder
from rag.errors import GenerationError
from rag.generation import Answerer
from rag.outbound import OutboundPolicy


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A language model's row, detached from the database. ``kind`` is one of ``chat.models.ModelKind``."""

    id: int
    name: str
    kind: str
    base_url: str = ""
    api_key: str = ""
    model_name: str = ""

    def __repr__(self) -> str:
        # The key must not reach a log or a traceback.
        return f"ModelSettings({self.name!r}, {self.kind!r}, {self.model_name!r})"


def outbound_policy() -> OutboundPolicy:
    """Which private addresses the installation's operator has allowed."""
    return OutboundPolicy(allow=tuple(settings.OUTBOUND_ALLOW_PRIVATE))


def key_of(model: ModelSettings) -> str:
    """The model's key; GenerationError ``secret_unreadable`` when the installation's own key has changed since."""
    try:
        return readable(model.api_key)
    except AccountsError as error:
        raise GenerationError(error.code, str(error.message), retryable=False) from error


@lru_cache(maxsize=2)
def _local_model(model_name: str) -> Answerer:
    from rag.generation.local_transformers import TransformersAnswerer

    # Loading takes seconds and gigabytes, so a process keeps the last two.
    return TransformersAnswerer(model_name)


def answerer_for(model: ModelSettings) -> Answerer:
    """The answerer of a model; GenerationError ``llm_not_configured`` for a kind that no code serves."""
    match model.kind:
        case "extractive":
            from rag.generation.extractive import ExtractiveAnswerer

            return ExtractiveAnswerer(shipped_embedder())
        case "openai":
            from rag.generation.openai_compatible import OpenAIAnswerer

            return OpenAIAnswerer(model.base_url, key_of(model), model.model_name, outbound_policy())
        case "transformers":
            return _local_model(model.model_name)
    message = _("The assistant's model is of a kind this server does not know. Ask an admin to choose another.")
    raise GenerationError("llm_not_configured", message, retryable=False)


async def ready_answerer(model: ModelSettings) -> Answerer:
    """As ``answerer_for``, from an event loop: in a thread where something large may have to be loaded."""
    if model.kind == "openai":
        return answerer_for(model)
    return await asyncio.to_thread(answerer_for, model)
