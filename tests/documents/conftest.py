"""The cast and the makers of this package's tests.

Ada owns the data source "Research" (restricted), Ben shares a group with it, Cleo is a stranger to it, Max is a member
of the group, Root is an admin.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Group

from accounts.models import Role, User
from documents.models import Chunk, DataSource, Document, DocumentVersion, Status, Visibility
from rag.embeddings import shipped_embedder


@dataclass(frozen=True)
class Cast:
    ada: User
    ben: User
    cleo: User
    max: User
    root: User
    research: DataSource
    library: DataSource


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()


@pytest.fixture
def cast(db: None) -> Cast:
    group = Group.objects.create(name="Lab")
    people = {
        name: User.objects.create_user(f"{name}@example.com", "secret-pass-1", role=role)
        for name, role in (
            ("ada", Role.EDITOR),
            ("ben", Role.EDITOR),
            ("cleo", Role.EDITOR),
            ("max", Role.MEMBER),
            ("root", Role.ADMIN),
        )
    }
    people["ben"].groups.add(group)
    people["max"].groups.add(group)
    research = DataSource.objects.create(
        name="Research", slug="research", visibility=Visibility.RESTRICTED, owner=people["ada"]
    )
    research.groups.add(group)
    library = DataSource.objects.create(name="Library", slug="library", owner=people["root"])
    return Cast(research=research, library=library, **people)


@pytest.fixture
def make_document() -> Callable[..., Document]:
    """Make a ready document whose paragraphs are its chunks, with their real embeddings unless vectors are given."""

    def make(source: DataSource, *paragraphs: str, owner: User | None = None, vectors: Any = None) -> Document:
        text = "\n\n".join(paragraphs)
        number = Document.objects.count()
        document = Document.objects.create(
            source=source,
            owner=owner,
            filename=f"document-{number}.md",
            title=f"Document {number}",
            kind="markdown",
            size=len(text.encode()),
            sha256=f"{number:064x}",
            status=Status.READY,
            chunk_count=len(paragraphs),
        )
        version = DocumentVersion.objects.create(
            document=document, number=1, kind="markdown", title=document.title, sha256=document.sha256, text=text,
            embedder="test",
        )  # fmt: skip
        if vectors is None:
            vectors = shipped_embedder().embed_passages(paragraphs)
        start = 0
        for ordinal, paragraph in enumerate(paragraphs):
            Chunk.objects.create(
                version=version, document=document, source=source, ordinal=ordinal, start=start,
                end=start + len(paragraph), text=paragraph, tokens=len(paragraph.split()),
                embedding=np.asarray(vectors[ordinal]).tolist(),
            )  # fmt: skip
            start += len(paragraph) + 2
        document.current_version = version
        document.save()
        return document

    return make
