"""The cast and the makers of this package's tests.

Root is an admin; Mia and Sam are members. The library holds one document, visible to everyone; the vault one that only
Root may see.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import User
from accounts.services import token_create
from chat.models import Assistant, LanguageModel
from chat.services.assistants import VersionFields, ensure_defaults, version_create, version_publish
from documents.models import Chunk, DataSource, Document, DocumentVersion
from live.hub import current_hub
from rag.embeddings import shipped_embedder
from tests.chunk_rows import save_chunks
from tests.fakes.llm import FakeLLM

LEAVE = (
    "Every employee has thirty days of paid leave a year. Requests for leave go to the team lead at least two weeks "
    "before the first day. Unused leave expires on the thirty-first of March."
)
VAULT = "The secret recipe of the harbour soup needs three lemons and a spoon of cinnamon."


@dataclass(frozen=True)
class Cast:
    """Everybody and everything the tests speak of."""

    root: User
    mia: User
    sam: User
    assistant: Assistant
    leave: Document
    vault: Document


def add_document(source: DataSource, filename: str, text: str) -> Document:
    """A ready document of one chunk."""
    document = Document.objects.create(
        source=source,
        filename=filename,
        title=filename,
        size=len(text),
        sha256=filename,
        status="ready",
        kind="text",
        chunk_count=1,
    )
    version = DocumentVersion.objects.create(document=document, number=1, kind="text", sha256=filename, text=text)
    vector = shipped_embedder().embed_passages([text])[0]
    chunk = Chunk(
        version=version, document=document, source=source, ordinal=0, start=0, end=len(text), text=text, tokens=20
    )
    save_chunks([chunk], [vector])
    document.current_version = version
    document.save()
    return document


def make_cast() -> Cast:
    """Make everybody; in a function, because async tests make them in a thread."""
    ensure_defaults(llm_base_url="", llm_api_key="", llm_model="")
    root = User.objects.create_user("root@example.com", "x", role="admin", name="Root")
    library = DataSource.objects.create(name="Library", slug="library", visibility="everyone")
    vault = DataSource.objects.create(name="Vault", slug="vault", visibility="restricted")
    return Cast(
        root=root,
        mia=User.objects.create_user("mia@example.com", "x", name="Mia"),
        sam=User.objects.create_user("sam@example.com", "x", name="Sam"),
        assistant=Assistant.objects.get(is_default=True),
        leave=add_document(library, "leave.txt", LEAVE),
        vault=add_document(vault, "vault.txt", VAULT),
    )


@pytest.fixture
def cast(db: None) -> Cast:
    """Everybody, in the test's transaction."""
    return make_cast()


@pytest.fixture
def committed_cast(transactional_db: None) -> Cast:
    """Everybody, committed: for tests whose code runs in other threads and connections."""
    return make_cast()


@pytest.fixture
def bearer() -> Callable[[User], dict[str, str]]:
    """Headers of a user's API token."""

    def headers(user: User) -> dict[str, str]:
        scopes = ["read", "write", "admin"] if user.is_admin else ["read"]
        return {"authorization": f"Bearer {token_create(user=user, name='test', scopes=scopes)[1]}"}

    return headers


@pytest.fixture
def llm(settings: Any) -> Iterator[FakeLLM]:
    """A server that speaks OpenAI's protocol, in a thread of its own; calling it is allowed."""
    settings.OUTBOUND_ALLOW_PRIVATE = ("127.0.0.1",)
    with FakeLLM().in_thread() as server:
        yield server


@pytest.fixture
def use_llm() -> Callable[[Assistant, FakeLLM], LanguageModel]:
    """Publish a version of an assistant that answers with the fake server."""

    def publish(assistant: Assistant, llm: FakeLLM) -> LanguageModel:
        model = LanguageModel.objects.create(
            name="fake", kind="openai", base_url=llm.base_url, model_name="fake", api_key="sk-test"
        )
        fields = VersionFields("Be brief.", model, None, passages=4, threshold=0.0)
        version = version_create(user=None, assistant=assistant, fields=fields)
        version_publish(user=None, assistant=assistant, number=version.number)
        return model

    return publish


@pytest.fixture
async def hub() -> AsyncIterator[None]:
    """Close the loop's hub at the end of an async test."""
    yield
    await current_hub().close()
