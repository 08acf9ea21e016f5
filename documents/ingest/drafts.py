"""The chunks of a reading before they are rows: cut by the source's settings, with what people changed about them."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace

from documents.models import Chunk, ChunkEdit, DataSource, Document
from rag.chunking import ChunkingSettings, TextChunk, chunk, embedding_text
from rag.embeddings import Embedder, shipped_embedder
from rag.parsing import ParsedDocument


@dataclass(frozen=True, slots=True)
class Draft:
    """A chunk as cut, and what is searched and read in its place."""

    chunk: TextChunk
    edited_text: str | None = None
    excluded: bool = False


def chunking_settings(source: DataSource) -> ChunkingSettings:
    """How the documents of a source are cut; what the source does not say is as by default."""
    known = asdict(ChunkingSettings())
    return ChunkingSettings(**{name: value for name, value in source.chunking.items() if name in known})


def cut(parsed: ParsedDocument, settings: ChunkingSettings) -> list[TextChunk]:
    """The chunks of a reading.

    The tokens counted are those of the shipped embedder, whatever embedder makes the vectors: so chunks, and what
    people changed about them, outlive a change of the embedder.
    """
    return chunk(parsed, shipped_embedder(), settings)


def with_edits(document: Document, chunks: Iterable[TextChunk]) -> list[Draft]:
    """The chunks with the edits of the document that still fit, as they are at this moment."""
    if document.current_version_id is None:  # nobody has seen a chunk yet that could be edited
        return [Draft(each) for each in chunks]
    edits = {
        (bytes(edit.text_hash), edit.occurrence): edit for edit in ChunkEdit.objects.filter(document_id=document.pk)
    }
    chunks = list(chunks)
    return list(_edited(chunks, edits)) if edits else [Draft(each) for each in chunks]


def draft_of(row: Chunk) -> Draft:
    """The draft that a stored chunk would be again."""
    cut_chunk = TextChunk(row.ordinal, row.start, row.end, row.text, row.heading, row.page, row.tokens, row.context)
    return Draft(cut_chunk, row.edited_text, row.excluded)


def embedded_text(draft: Draft, title: str, embedder: Embedder) -> str:
    """What is embedded for a draft: title, headings and context as far as they fit, and the text that is read."""
    if draft.edited_text is None:
        return embedding_text(draft.chunk, title, embedder)
    tokens = len(embedder.token_offsets(draft.edited_text))
    return embedding_text(replace(draft.chunk, text=draft.edited_text, tokens=tokens), title, embedder)


def text_hash(text: str) -> bytes:
    """What an edit is found by: the SHA-256 of a chunk's original text."""
    return hashlib.sha256(text.encode()).digest()


def numbered(texts: Iterable[str]) -> Iterator[tuple[bytes, int]]:
    """The hash of each text and how many equal ones came before it."""
    seen: Counter[bytes] = Counter()
    for text in texts:
        digest = text_hash(text)
        yield digest, seen[digest]
        seen[digest] += 1


def _edited(chunks: list[TextChunk], edits: dict[tuple[bytes, int], ChunkEdit]) -> Iterator[Draft]:
    for each, key in zip(chunks, numbered(one.text for one in chunks), strict=True):
        edit = edits.get(key)
        yield Draft(each) if edit is None else Draft(each, edit.text, edit.excluded)
