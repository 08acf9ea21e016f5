"""An exported conversation brought back: the same tree, tied to documents by content, and nothing trusted."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from chat.errors import ChatError
from chat.events import message_payload
from chat.exports import export
from chat.models import Conversation, Message
from chat.services.importing import conversation_import
from documents.services import Grants, document_share
from tests.chat.conftest import Cast
from tests.chat.conversations import LEAVE_QUOTE, SOUP, TEXT, Talk, make_talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(cast: Cast) -> Talk:
    return make_talk(cast)


@pytest.fixture
def file(cast: Cast, talk: Talk) -> dict[str, Any]:
    """What Root's conversation is exported to."""
    conversation = Conversation.objects.select_related("assistant").get(pk=talk.conversation.pk)
    return json.loads(export(conversation, "json", cast.root).data)


def brought(cast: Cast, file: dict[str, Any], who: str = "root") -> Conversation:
    return conversation_import(user=getattr(cast, who), data=json.dumps(file).encode())


def test_a_conversation_comes_back_as_it_was(cast: Cast, talk: Talk, file: dict[str, Any]) -> None:
    made = brought(cast, file)
    question, answer, other = made.messages.with_sources()
    assert made.pk != talk.conversation.pk
    assert (made.title, made.leaf, made.user) == ("Leave & soup", answer, cast.root)
    assert (question.text, answer.text, other.text) == (talk.question.text, TEXT, "Another answer.")
    assert (question.in_reply_to, answer.in_reply_to, other.in_reply_to) == (None, question, question)
    before = message_payload(Message.objects.with_sources().get(pk=talk.answer.pk), cast.root)
    after = message_payload(answer, cast.root)
    without_chunk = {"chunk_id": 0}
    assert after.citations == [each.model_copy(update=without_chunk) for each in before.citations]
    assert after.passages == [each.model_copy(update=without_chunk) for each in before.passages]
    assert after.created_at == before.created_at
    # Nobody can say that the assistant wrote it.
    assert answer.version is None
    again = json.loads(export(made, "json", cast.root).data)
    assert again["messages"][1]["citations"] == file["messages"][1]["citations"]


def test_what_is_hidden_or_gone_or_other_words_stays_as_text(cast: Cast, talk: Talk, file: dict[str, Any]) -> None:
    document_share(user=cast.root, document_id=cast.leave.pk, grants=Grants(users=[cast.mia]))
    for who, tied in (("mia", {LEAVE_QUOTE}), ("sam", set())):
        answer = brought(cast, file, who).messages.with_sources()[1]
        payload = message_payload(answer, getattr(cast, who))
        assert {each.quote for each in payload.citations if each.document_id} == tied
        assert [each.quote for each in payload.citations] == [LEAVE_QUOTE, "three lemons"]
        assert [TEXT[each.start : each.end] for each in payload.citations] == [LEAVE_QUOTE, SOUP]
    forged = file["messages"][1]["citations"][0]
    forged["quote"] = "Nobody has any leave."
    payload = message_payload(brought(cast, file, "mia").messages.with_sources()[1], cast.mia)
    assert {each.document_id for each in payload.citations} == {None}


BROKEN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another format": lambda file: file.update(format="chatgpt"),
    "a field that nobody knows": lambda file: file["messages"][0].update(conversation_id="x"),
    "a reply to nothing": lambda file: file["messages"][1].update(in_reply_to=77),
    "a reply to a later message": lambda file: file["messages"][0].update(in_reply_to=2),
    "an answer at the beginning": lambda file: file["messages"][1].update(in_reply_to=None),
    "a question to a question": lambda file: file["messages"][1].update(role="user"),
    "a key twice": lambda file: file["messages"][2].update(key=2),
    "a rank twice": lambda file: file["messages"][1]["passages"].append(file["messages"][1]["passages"][0]),
    "an offset below nothing": lambda file: file["messages"][1]["citations"][0].update(start=-1),
    "too many messages": lambda file: file.update(messages=file["messages"] * 1000),
    "a text without end": lambda file: file["messages"][0].update(text="x" * 400_001),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_file_that_is_not_right_is_refused_whole(cast: Cast, file: dict[str, Any], name: str) -> None:
    BROKEN[name](file)
    before = Message.objects.count()
    with pytest.raises(ChatError) as refused:
        brought(cast, file)
    assert refused.value.code == "import_invalid"
    assert Message.objects.count() == before


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"[" * 100_000, b'{"version": 1}', b"nan"])
def test_what_is_no_export_is_refused(cast: Cast, data: bytes) -> None:
    with pytest.raises(ChatError) as refused:
        conversation_import(user=cast.mia, data=data)
    assert refused.value.code == "import_invalid"


def test_another_version_and_too_large_a_file_are_told_apart(
    cast: Cast, file: dict[str, Any], monkeypatch: Any
) -> None:
    with pytest.raises(ChatError) as refused:
        brought(cast, file | {"version": 2})
    assert refused.value.code == "import_version"
    monkeypatch.setattr("chat.services.importing.MOST_BYTES", 10)
    with pytest.raises(ChatError) as refused:
        brought(cast, file)
    assert refused.value.code == "import_too_large"


def test_offsets_times_and_states_are_brought_into_bounds(cast: Cast, file: dict[str, Any]) -> None:
    question, answer, other = file["messages"]
    question["text"] = "With\x00 nothing"
    answer["citations"][0]["end"] = 10_000
    answer["status"] = "running"
    other["created_at"] = "3000-01-01T00:00:00Z"
    question["created_at"] = "2020-01-01T00:00:00"
    rows = list(brought(cast, file).messages.with_sources())
    assert rows[0].text == "With nothing"
    assert rows[0].created_at.year == 2020
    assert rows[1].status == "interrupted"
    assert max(each.end for each in rows[1].citations.all()) == len(TEXT)
    assert rows[2].created_at.year < 3000


def test_the_page_takes_a_file_and_says_what_is_wrong_with_another(cast: Cast, file: dict[str, Any]) -> None:
    client = Client()
    client.force_login(cast.mia)
    page = reverse("chat:import")
    assert client.get(page).status_code == 200
    wrong = client.post(page, {"file": SimpleUploadedFile("x.json", b"{}")})
    assert wrong.status_code == 422
    assert "no conversation that Footnote exported" in wrong.content.decode()
    right = client.post(page, {"file": SimpleUploadedFile("x.json", json.dumps(file).encode())})
    made = Conversation.objects.get(user=cast.mia)
    assert right["location"] == reverse("chat:conversation", args=[made.pk])
