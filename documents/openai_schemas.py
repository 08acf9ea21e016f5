"""What the endpoints of models under ``/v1`` take: OpenAI's embeddings, and reranking as Cohere and Jina have it."""

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from documents.schemas import Question

MOST_TEXTS = 256
MOST_DOCUMENTS = 100
MOST_CHARACTERS = 400_000
"""Of all texts of a request together."""


def _texts(value: object) -> object:
    """A text or a list of texts, as a list."""
    if isinstance(value, list) and any(isinstance(each, int | list) for each in value):
        raise ValueError("arrays of tokens are not read, since every model has its own; send texts")
    return [value] if isinstance(value, str) else value


def _document(value: object) -> object:
    """A text, or an object that holds one, as a text."""
    return value["text"] if isinstance(value, dict) and set(value) == {"text"} else value


Texts = Annotated[list[str], Field(min_length=1, max_length=MOST_TEXTS), BeforeValidator(_texts)]
Document = Annotated[str, BeforeValidator(_document)]


def _within_bounds(texts: list[str]) -> list[str]:
    if sum(map(len, texts)) > MOST_CHARACTERS:
        raise ValueError(f"the texts have more than {MOST_CHARACTERS} characters together; send fewer at a time")
    return texts


class EmbeddingsIn(Schema):
    """OpenAI's request. Fields that change nothing here, as ``user``, are ignored."""

    model_config = ConfigDict(extra="ignore")

    input: Texts
    model: str = Field("", max_length=200)
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None

    @field_validator("input")
    @classmethod
    def _texts_there(cls, texts: list[str]) -> list[str]:
        if not all(text.strip() for text in texts):
            raise ValueError("a text is empty; leave it out")
        return _within_bounds(texts)


class RerankIn(Schema):
    """The request of Cohere and Jina. ``documents`` are texts, or objects with nothing but a ``text``."""

    model_config = ConfigDict(extra="ignore")

    query: Question
    documents: list[Document] = Field(min_length=1, max_length=MOST_DOCUMENTS)
    model: str = Field("", max_length=200)
    top_n: int | None = Field(None, ge=1)
    return_documents: bool = False

    @field_validator("documents")
    @classmethod
    def _bounded(cls, texts: list[str]) -> list[str]:
        return _within_bounds(texts)


class Usage(Schema):
    """How many tokens of the shipped model's were read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingOut(Schema):
    """A vector of unit length: numbers, or base64 of little-endian 32-bit floats."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingsOut(Schema):
    """OpenAI's reply."""

    object: Literal["list"] = "list"
    data: list[EmbeddingOut]
    model: str
    usage: Usage


class RerankedOut(Schema):
    """A document by its place in the request, best first. ``relevance_score`` runs from 0 to 1."""

    index: int
    relevance_score: float
    document: dict[str, Any] | None = None


class RerankOut(Schema):
    """The reply of Cohere and Jina."""

    id: str
    model: str
    results: list[RerankedOut]
    usage: Usage
