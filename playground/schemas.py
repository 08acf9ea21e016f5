"""What may come in from the playground page."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chat.models import DEFAULT_PASSAGES, MAX_PASSAGES
from documents.retrieval import RetrievedPassage
from documents.schemas import Question, Text
from documents.search_forms import SearchSettingsFields
from playground.events import RunConfig
from playground.retrieval import Configuration, Ranked


class SaveIn(BaseModel):
    """A column's draft, to be saved as the next version of its assistant."""

    model_config = ConfigDict(extra="forbid")

    config: RunConfig
    note: str = Field(default="", max_length=200)
    publish: bool = False


class ConfigurationIn(SearchSettingsFields):
    """How to search: the settings, how many passages to read, and in which data sources; null for all."""

    model_config = ConfigDict(extra="forbid")

    passages: int = Field(DEFAULT_PASSAGES, ge=1, le=MAX_PASSAGES)
    sources: list[UUID] | None = Field(None, max_length=1000)

    def configuration(self) -> Configuration:
        """The same as the search takes it."""
        return Configuration(self.search_settings(), self.passages, self.sources)


class RetrievalTestIn(BaseModel):
    """A query, one or two configurations to search with, and the address of whom to search as; empty for oneself."""

    model_config = ConfigDict(extra="forbid")

    query: Question
    search_as: Annotated[Text, Field(max_length=254)] = ""
    configurations: list[ConfigurationIn] = Field(min_length=1, max_length=2)


def retrieval_out(runs: list[Ranked], passages: dict[int, RetrievedPassage]) -> dict[str, Any]:
    """The rankings, and once each the chunks that stand in them; ``text`` is what a model reads."""
    return {
        "runs": [asdict(run) for run in runs],
        "chunks": {
            chunk_id: {
                "document_id": str(each.document_id),
                "title": each.title,
                "filename": each.filename,
                "source": each.source_name,
                "heading": each.heading,
                "page": each.page,
                "start": each.start,
                "end": each.end,
                "text": each.read_text,
                "edited": each.edited,
            }
            for chunk_id, each in passages.items()
        },
    }
