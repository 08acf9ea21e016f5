"""What may come in from the playground page."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chat.models import DEFAULT_PASSAGES, MAX_PASSAGES
from documents.errors import DocumentsError
from documents.retrieval import MAX_FILTERS, RetrievedPassage
from documents.schemas import FilterIn, Question, Text
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
    """How to search: the settings, how many passages to read, in which data sources (null for all), and filters."""

    model_config = ConfigDict(extra="forbid")

    passages: int = Field(DEFAULT_PASSAGES, ge=1, le=MAX_PASSAGES)
    sources: list[UUID] | None = Field(None, max_length=1000)
    filters: list[FilterIn] = Field(default_factory=list, max_length=MAX_FILTERS)

    def configuration(self) -> Configuration:
        """The same as the search takes it; DocumentsError ``invalid_filter`` for a filter it could not honour."""
        filters = tuple(each.made() for each in self.filters)
        return Configuration(self.search_settings(), self.passages, self.sources, filters)


class RetrievalTestIn(BaseModel):
    """A query, one or two configurations to search with, and the address of whom to search as; empty for oneself."""

    model_config = ConfigDict(extra="forbid")

    query: Question
    search_as: Annotated[Text, Field(max_length=254)] = ""
    configurations: list[ConfigurationIn] = Field(min_length=1, max_length=2)

    def wrong_filters(self) -> list[dict[str, Any]]:
        """What is wrong with which filter of which configuration, both counted from 0."""
        wrong = []
        for at, configuration in enumerate(self.configurations):
            for row, each in enumerate(configuration.filters):
                try:
                    each.made()
                except DocumentsError as error:
                    wrong.append({"configuration": at, "row": row, "message": str(error.message)})
        return wrong


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
