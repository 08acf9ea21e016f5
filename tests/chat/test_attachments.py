"""Files of one conversation: who finds them and where, read whole or searched, waited for, and gone with it."""

import asyncio
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from channels.db import database_sync_to_async
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat.answering import PassagesFound, Question, StepDone, answer
from chat.answering import files as waiting
from chat.answering.abandoned import sweep_files
from chat.errors import ChatError
from chat.models import AssistantVersion, Conversation, ConversationFiles, Message, Passage, Status, TraceStep
from chat.services.asking import Begun, question_ask
from chat.services.assistants import settings_of_version
from chat.services.attachments import file_attach
from chat.services.conversations import conversation_delete
from documents import services, storage
from documents.errors import DocumentsError
from documents.ingest import ingest
from documents.models import Chunk, DataSource, Document
from documents.retrieval import search
from tests.chat.conftest import Cast
from tests.chat.test_socket import Connect, page  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("hub")
PERMIT = "The mooring permit of the yacht Albatross costs forty crowns for each night in the inner harbour."
ASKED = "What does the mooring permit of the Albatross cost?"


@pytest.fixture(autouse=True)
def _calls(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> None:
    """The tests index themselves, with files of their own."""
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()


def attach(user: User, text: str = PERMIT, name: str = "permit.txt", *, indexed: bool = True, **to: Any) -> Document:
    document = file_attach(user=user, file=io.BytesIO(text.encode()), filename=name, **to)
    if indexed:
        ingest(document.pk)
        document.refresh_from_db()
        assert document.status == "ready"
    return document


def ask(cast: Cast, text: str = ASKED, conversation: Conversation | None = None, **more: Any) -> Begun:
    begun = question_ask(
        user=cast.mia, conversation_id=conversation.pk if conversation else None, slug=None, text=text, **more
    )
    Message.objects.filter(pk=begun.answer.pk).update(status=Status.COMPLETE, text="Yes.")
    return begun


def texts(user: User, **where: Any) -> list[str]:
    return [passage.text for passage in search(user=user, query=ASKED, **where).passages]


@pytest.mark.django_db(transaction=True)
def test_a_file_is_found_by_its_owner_in_its_conversation_alone(committed_cast: Cast, bearer: Any) -> None:
    cast = committed_cast
    document = attach(cast.mia)
    assert PERMIT in texts(cast.mia, attached=document.source_id)
    assert PERMIT in texts(cast.mia, attached=document.source_id, sources=[])
    other = attach(cast.mia, "Nothing of it.").source_id
    for user, where in (
        (cast.mia, {}),
        (cast.mia, {"attached": other}),
        (cast.mia, {"sources": [document.source_id]}),
        (cast.sam, {"attached": document.source_id}),
        (cast.root, {}),
        (cast.root, {"attached": document.source_id}),
        (cast.root, {"sources": [document.source_id]}),
    ):
        assert PERMIT not in texts(user, **where), (user, where)
    for user in (cast.mia, cast.sam, cast.root):
        assert not Document.objects.visible_to(user).filter(pk=document.pk).exists()
        assert not DataSource.objects.visible_to(user).filter(pk=document.source_id).exists()
        assert not Chunk.objects.visible_to(user).filter(document=document).exists()
        headers = bearer(user)
        listed = Client().get("/api/v1/documents", headers=headers).content.decode()
        listed += Client().get("/api/v1/sources", headers=headers).content.decode()
        assert "permit" not in listed
        assert "attached" not in listed
        assert Client().get(f"/api/v1/documents/{document.pk}", headers=headers).status_code == 404
        found = Client().post("/api/v1/search", {"query": ASKED}, headers=headers, content_type="application/json")
        assert "Albatross" not in found.content.decode()
        client = Client()
        client.force_login(user)
        assert "permit" not in client.get(reverse("documents:index")).content.decode()
        opened = client.get(reverse("documents:document", args=[document.pk]))
        # Where an answer points to it, its owner opens it: nobody else does.
        assert opened.status_code == (200 if user == cast.mia else 404)
        if user.is_admin:
            assert "permit" not in client.get("/admin/documents/document/").content.decode()
            assert "permit" not in client.get("/admin/accounts/auditentry/").content.decode()


@pytest.mark.django_db(transaction=True)
async def test_a_short_file_is_read_whole_and_cited_by_its_place(committed_cast: Cast, page: Connect) -> None:  # noqa: F811
    document = await database_sync_to_async(attach)(committed_cast.mia, f"{PERMIT}\n\nThe office closes at noon.")
    mia = await page(committed_cast.mia)
    await mia.ask(ASKED, files=str(document.source_id))
    created = await mia.event("conversation.created")
    done = (await mia.event("answer.completed"))["message"]
    assert done["status"] == "complete"
    (citation, *_rest) = done["citations"]
    assert citation["document_id"] == str(document.pk)
    assert citation["quote"] == PERMIT[citation["source_start"] : citation["source_end"]]
    read = [each for each in passages_of(mia) if each["document_id"] == str(document.pk)]
    assert "The office closes at noon." in "".join(each["text"] for each in read)

    # In the next question of the conversation it is there, in another conversation it is not.
    await mia.ask("When does the office close?", created["conversation"]["id"])
    await mia.event("answer.completed")
    assert str(document.pk) in {each["document_id"] for each in passages_of(mia)}
    other = await page(committed_cast.mia)
    await other.ask(ASKED)
    await other.event("answer.completed")
    assert str(document.pk) not in {each["document_id"] for each in passages_of(other)}


def passages_of(shown: Any) -> list[dict[str, Any]]:
    """What the newest answer read."""
    found: list[dict[str, Any]] = shown.of("answer.passages")[-1]["passages"]
    return found


async def parts(version: AssistantVersion, question: Question, **changed: Any) -> list[Any]:
    settings = await database_sync_to_async(settings_of_version)(version)
    return [part async for part in answer(replace(settings, **changed), question)]


@pytest.fixture
def published(committed_cast: Cast) -> AssistantVersion:
    assert committed_cast.assistant.published
    return committed_cast.assistant.published


@pytest.mark.django_db(transaction=True)
async def test_a_long_file_is_searched_with_what_the_assistant_reads(
    committed_cast: Cast, published: AssistantVersion
) -> None:
    filler = "\n\n".join(
        f"# Part {n}\n\nOn day {n} the tide was {n} feet. " + "It rained a lot. " * 40 for n in range(9)
    )
    document = await database_sync_to_async(attach)(committed_cast.mia, f"{filler}\n\n# Permits\n\n{PERMIT}", "long.md")
    question = Question(ASKED, committed_cast.mia, attached=document.source_id)
    found = await parts(published, question, passage_tokens=600, sources=(committed_cast.leave.source_id,))
    (read,) = [part.passages for part in found if isinstance(part, PassagesFound)]
    assert any(PERMIT in each.text for each in read)
    assert {each.source_id for each in read} <= {document.source_id, committed_cast.leave.source_id}
    (step,) = [part for part in found if isinstance(part, StepDone) and part.name == "read_files"]
    assert step.output["passages"] == 0
    (whole,) = [
        part.output
        for part in await parts(published, question, passage_tokens=20_000)
        if isinstance(part, StepDone) and part.name == "read_files"
    ]
    assert whole["passages"] > 0


@pytest.mark.django_db(transaction=True)
async def test_a_question_waits_for_a_file_that_is_being_indexed(
    committed_cast: Cast, published: AssistantVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await database_sync_to_async(attach)(committed_cast.mia, indexed=False)
    question = Question(ASKED, committed_cast.mia, attached=document.source_id)
    asked = asyncio.create_task(parts(published, question))
    await database_sync_to_async(ingest, thread_sensitive=False)(document.pk)
    done = await asked
    (read,) = [part.passages for part in done if isinstance(part, PassagesFound)]
    assert read[0].document_id == document.pk

    late = await database_sync_to_async(attach)(committed_cast.mia, "Late.", "late.txt", indexed=False)
    monkeypatch.setattr(waiting, "WAIT_S", 0.0)
    with pytest.raises(ChatError, match=r"late\.txt is still being indexed") as refused:
        await parts(published, Question(ASKED, committed_cast.mia, attached=late.source_id))
    assert refused.value.code == "files_not_ready"


@pytest.mark.django_db(transaction=True)
def test_files_go_with_their_conversation_and_with_nothing_else(committed_cast: Cast) -> None:
    cast = committed_cast
    document = attach(cast.mia)
    conversation = ask(cast, files=document.source_id).conversation
    assert conversation
    second = attach(cast.mia, "Another one.", "other.txt", conversation_id=conversation.pk)
    assert second.source_id == document.source_id
    # The same bytes are one document of a conversation, and another one of another conversation.
    assert attach(cast.mia, conversation_id=conversation.pk, indexed=False).pk == document.pk
    kept = attach(cast.mia)
    assert kept.pk != document.pk

    services.attachment_delete(user=cast.mia, document_id=second.pk)
    assert not Document.objects.filter(pk=second.pk).exists()
    conversation_delete(user=cast.mia, conversation_id=conversation.pk)
    assert not Document.objects.filter(pk=document.pk).exists()
    assert not DataSource.objects.filter(pk=document.source_id).exists()
    assert not Chunk.objects.filter(source=document.source_id).exists()
    with storage.open_bytes(kept.sha256) as file:
        assert file.read() == PERMIT.encode()


@pytest.mark.django_db(transaction=True)
def test_files_of_a_chat_that_never_began_are_swept_after_a_day(committed_cast: Cast) -> None:
    cast = committed_cast
    fresh, old = attach(cast.mia, indexed=False), attach(cast.mia, indexed=False)
    begun = ask(cast, files=attach(cast.mia, indexed=False).source_id).conversation
    assert begun
    DataSource.objects.exclude(pk=fresh.source_id).update(created_at=timezone.now() - timedelta(days=2))
    assert sweep_files() == 1
    assert set(Document.objects.filter(filename="permit.txt").values_list("source_id", flat=True)) == {
        fresh.source_id,
        ConversationFiles.objects.get(conversation=begun).source_id,
    }
    assert not Document.objects.filter(pk=old.pk).exists()
    # The owner's account goes, and with it the conversation and its files.
    User.objects.filter(pk=cast.mia.pk).first().delete()
    assert not ConversationFiles.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_may_not_be_attached_is_refused_with_a_reason(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    mine = attach(cast.mia, indexed=False).source_id
    conversation = ask(cast, files=mine).conversation
    assert conversation

    def refused(**to: Any) -> str:
        try:
            attach(**{"user": cast.mia, "indexed": False, "text": "New.", **to})
        except (DocumentsError, ChatError) as error:
            return error.code
        return ""

    assert refused(text="") == "empty_file"
    assert refused(user=cast.sam, source_id=mine) == "attachments_gone"
    assert refused(user=cast.root, conversation_id=conversation.pk) == "not_found"
    assert refused(source_id=uuid4()) == "attachments_gone"
    monkeypatch.setattr("documents.services.attachments.MOST_FILES", 1)
    assert refused(conversation_id=conversation.pk) == "too_many_files"
    for files in (mine, uuid4(), attach(cast.sam, indexed=False).source_id):
        with pytest.raises(ChatError) as error:
            ask(cast, files=files)
        assert error.value.code == "files_gone"
    with pytest.raises(DocumentsError, match="no such document"):
        services.attachment_delete(user=cast.mia, document_id=cast.leave.pk)
    with pytest.raises(DocumentsError):
        services.attachment_delete(user=cast.root, document_id=Document.objects.filter(source=mine).get().pk)


@pytest.mark.django_db(transaction=True)
def test_a_browser_attaches_looks_and_takes_out(committed_cast: Cast) -> None:
    client, other = Client(), Client()
    client.force_login(committed_cast.mia)
    other.force_login(committed_cast.root)
    file = io.BytesIO(PERMIT.encode())
    file.name = "permit.txt"
    told = client.post(reverse("chat:attach"), {"file": file})
    assert told.status_code == 202
    files = UUID(told.json()["files"])
    address = reverse("chat:attachments", args=[files])
    assert [each["status"] for each in client.get(address).json()["documents"]] == ["received"]
    assert other.get(address).status_code == 404
    assert other.post(reverse("chat:attach"), {"file": file, "files": str(files)}).status_code in (404, 422)
    gone = reverse("chat:detach", args=[told.json()["document"]["id"]])
    assert other.post(gone).status_code == 404
    assert client.post(gone).status_code == 204
    assert client.get(address).json()["documents"] == []
    assert client.post(reverse("chat:attach"), {"files": "nonsense"}).json()["error"]["code"] == "no_file"


@pytest.mark.django_db(transaction=True)
def test_a_trace_names_a_file_to_its_owner_alone(committed_cast: Cast) -> None:
    document = attach(committed_cast.mia, name="permit-of-the-yacht.txt")
    answer = ask(committed_cast, files=document.source_id).answer
    prompt = f'<passage number="1" title="{document}">\n{{{{passage 1}}}}\n</passage>'
    TraceStep.objects.create(
        message=answer, ordinal=0, name="prompt", ms=1, output={"messages": [{"role": "user", "content": prompt}]}
    )
    version = document.current_version
    assert version
    Passage.objects.create(
        message=answer, document=document, version=version, source=document.source, rank=1, score=0,
        chunk_id=document.chunks.get().pk, source_start=0, source_end=len(PERMIT),
    )  # fmt: skip

    def shown(user: User) -> str:
        client = Client()
        client.force_login(user)
        return client.get(reverse("chat:trace", args=[answer.pk])).content.decode()

    assert "permit-of-the-yacht" in shown(committed_cast.mia)
    assert PERMIT in shown(committed_cast.mia)
    assert "permit-of-the-yacht" not in shown(committed_cast.root)
    assert "Albatross" not in shown(committed_cast.root)
