"""The cast and the makers of this package's tests.

Ada owns the data source "Research" (restricted), Ben shares a group with it, Cleo is a stranger to it, Max is a member
of the group, Root is an admin.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.models import Role, User
from documents.models import Chunk, DataSource, Document, DocumentVersion, Status, Visibility
from rag.embeddings import OnnxEmbedder, shipped_embedder
from tests.chunk_rows import save_chunks
from tests.fakes.embeddings import FakeEmbeddings


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
            document=document, number=1, kind="markdown", title=document.title, sha256=document.sha256, text=text
        )  # fmt: skip
        if vectors is None:
            vectors = shipped_embedder().embed_passages(paragraphs)
        start = 0
        chunks = []
        for ordinal, paragraph in enumerate(paragraphs):
            chunk = Chunk(
                version=version, document=document, source=source, ordinal=ordinal, start=start,
                end=start + len(paragraph), text=paragraph, tokens=len(paragraph.split()),
            )  # fmt: skip
            chunks.append(chunk)
            start += len(paragraph) + 2
        save_chunks(chunks, vectors)
        document.current_version = version
        document.save()
        return document

    return make


@pytest.fixture
def embedded_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the shipped embedder is given from here on, as passages."""
    given: list[str] = []
    real = OnnxEmbedder.embed_passages_and_tokens

    def listen(self: OnnxEmbedder, texts: Sequence[str], *further: Any) -> Any:
        given.extend(texts)
        return real(self, texts, *further)

    monkeypatch.setattr(OnnxEmbedder, "embed_passages_and_tokens", listen)
    return given


@pytest.fixture
def syncing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Syncs run in the test's own process; what would go to a worker goes nowhere."""
    from tests.documents.syncs import Syncing

    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)
    monkeypatch.setattr("documents.tasks.sync_step.delay", lambda *_key: None)
    monkeypatch.setattr("documents.tasks.sweep_bytes.delay", lambda: None)
    return Syncing()


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """A folder that may be read, with three files; a file behind it that may not."""
    root = tmp_path / "root"
    (root / "docs" / "deep").mkdir(parents=True)
    (root / "docs" / "one.md").write_text("# One\n\nThe first ship is called Fulmar.")
    (root / "docs" / "two.md").write_text("# Two\n\nThe second ship is called Petrel.")
    (root / "docs" / "deep" / "three.txt").write_text("The third ship is called Gannet.")
    (tmp_path / "secret.txt").write_text("Nobody may read this.")
    settings.FOLDER_ROOTS = [root]
    return root / "docs"


@pytest.fixture
def source(cast: Any, folder: Path, syncing: Any) -> DataSource:
    from documents import services

    return services.source_create(user=cast.root, name="Ships", kind="folder", settings={"path": str(folder)})


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send nothing to a worker; the tests call its functions themselves."""
    for name in ("ingest_waiting", "build_embedding_set", "tend_embedding_sets"):
        monkeypatch.setattr(f"documents.tasks.{name}.delay", lambda *_: None)


@pytest.fixture
def embeddings(settings: Any) -> Iterator[FakeEmbeddings]:
    """A server of embeddings that may be called."""
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    with FakeEmbeddings() as fake:
        yield fake
