"""What the API's list of documents may be asked for."""

from typing import Literal

from ninja import Schema
from pydantic import Field

from documents.errors import DocumentsError
from documents.listing import metadata_filters
from documents.retrieval import Filter
from documents.schemas import Text

StatusName = Literal["received", "parsing", "chunking", "embedding", "ready", "failed"]


class DocumentsAsked(Schema):
    """What a list of documents is to show; ``source`` is a data source's id, slug or name."""

    source: Text | None = None
    status: StatusName | None = None
    kind: Text | None = None
    tag: Text | None = None
    author: Text | None = None
    language: Text | None = None
    written_from: Text | None = Field(None, alias="from")
    until: Text | None = None
    q: Text | None = None

    def filters(self) -> tuple[Filter, ...]:
        """What is asked of the metadata; DocumentsError ``invalid_filter`` for what no search could honour."""
        try:
            return metadata_filters(self.model_dump(by_alias=True))
        except ValueError as error:
            raise DocumentsError("invalid_filter", str(error), 422) from error
