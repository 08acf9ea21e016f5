"""Questions narrowed to chosen documents: in the search, checked, kept, shown, never wider than the assistant."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.errors import ChatError
from chat.events import MOST_SCOPE, ScopeIn, message_payload
from chat.models import Assistant, Message, Status
from chat.services.asking import (
    Begun,
    answer_regenerate,
    answer_retry,
    question_ask,
    question_ask_without,
    question_edit,
)
from chat.services.assistants import VersionFields, version_create, version_publish
from documents.models import DataSource, Document
from documents.retrieval import Filter, Within, search
from tests.chat.conftest import LEAVE, Cast, add_document

pytestmark = pytest.mark.django_db
QUERY = "paid leave of every employee"


def ask(cast: Cast, user: User | None = None, **scope: Any) -> Begun:
    begun = question_ask(
        user=user or cast.mia, conversation_id=None, slug=None, text="How many days?", scope=ScopeIn(**scope)
    )
    Message.objects.filter(pk=begun.answer.pk).update(status=Status.COMPLETE, text="Thirty.")
    return begun


def found(user: User, within: Within, **more: Any) -> set[str]:
    return {each.filename for each in search(user=user, query=QUERY, within=within, **more).passages}


@pytest.fixture
def other(cast: Cast) -> Document:
    """A second document of the library that says the same."""
    return add_document(cast.leave.source, "copy.txt", f"{LEAVE} It is said twice.")


def read_only(assistant: Assistant, *sources: DataSource) -> None:
    """Publish a version that reads these data sources alone."""
    assert assistant.published
    fields = VersionFields("", assistant.published.model, [each.pk for each in sources], passages=4, threshold=0.0)
    version = version_create(user=None, assistant=assistant, fields=fields)
    version_publish(user=None, assistant=assistant, number=version.number)
    assistant.refresh_from_db()


def test_a_search_stays_within_what_was_chosen_and_what_one_may_see(cast: Cast, other: Document) -> None:
    only = Within((cast.leave.pk,))
    assert found(cast.mia, only) == {"leave.txt"}
    assert found(cast.mia, Within((), (cast.leave.source_id,))) == {"leave.txt", "copy.txt"}
    assert found(cast.root, Within((cast.leave.pk,), (cast.vault.source_id,))) == {"leave.txt", "vault.txt"}
    # What is hidden is not found by being named, nor outside the data sources of the assistant.
    assert found(cast.mia, Within((cast.vault.pk,), (cast.vault.source_id,))) == set()
    assert found(cast.root, only, sources=[cast.vault.source_id]) == set()
    assert found(cast.mia, Within()) == set()
    assert found(cast.mia, only, filters=[Filter("filename", "is", "copy.txt")]) == set()


def test_a_question_is_narrowed_and_stays_so_when_it_is_asked_again(cast: Cast, other: Document) -> None:
    begun = ask(cast, documents=[cast.leave.pk, cast.leave.pk], sources=[cast.leave.source_id])
    expected = Within((cast.leave.pk,), (cast.leave.source_id,))
    assert begun.question.within == expected
    assert begun.asked
    assert begun.conversation
    again = answer_regenerate(user=cast.mia, message_id=begun.answer.pk)
    assert again.question.within == expected
    Message.objects.filter(pk=again.answer.pk).update(status=Status.FAILED)
    assert answer_retry(user=cast.mia, message_id=again.answer.pk).question.within == expected
    Message.objects.answers().update(
        status=Status.COMPLETE,
        filters=[
            {"key": "k", "field": "kind", "operator": "is", "values": ["pdf"], "said": "in the PDF", "used": True}
        ],
    )
    edited = question_edit(user=cast.mia, message_id=begun.asked.pk, text="How many, exactly?")
    assert edited.question.within == expected
    Message.objects.answers().running().update(status=Status.COMPLETE)
    without = question_ask_without(user=cast.mia, message_id=begun.answer.pk, key="k")
    assert without.question.within == expected
    # The next question is another matter.
    Message.objects.answers().running().update(status=Status.COMPLETE)
    following = question_ask(user=cast.mia, conversation_id=begun.conversation.pk, slug=None, text="And the ships?")
    assert following.question.within is None


def test_the_page_shows_what_a_question_was_narrowed_to_as_far_as_its_reader_may_know(cast: Cast) -> None:
    begun = ask(cast, cast.root, documents=[cast.leave.pk, cast.vault.pk], sources=[cast.vault.source_id])
    assert begun.asked
    row = Message.objects.with_sources().get(pk=begun.asked.pk)

    def shown(reader: User) -> list[tuple[str, UUID | None, str]]:
        return [(each.kind, each.id, each.name) for each in message_payload(row, reader).scope]

    assert shown(cast.root) == [
        ("document", cast.leave.pk, "leave.txt"),
        ("document", cast.vault.pk, "vault.txt"),
        ("source", cast.vault.source_id, "Vault"),
    ]
    assert shown(cast.mia)[1:] == [
        ("document", None, "A document you may not see"),
        ("source", None, "A data source you may not see"),
    ]


def test_what_is_hidden_gone_outside_or_too_much_is_refused_with_a_reason(cast: Cast) -> None:
    def refused(**scope: Any) -> str:
        with pytest.raises(ChatError) as error:
            ask(cast, **scope)
        assert not Message.objects.exists()
        return error.value.code

    # What is hidden reads like what is not there.
    assert refused(documents=[cast.vault.pk]) == refused(documents=[uuid4()]) == "scope_gone"
    assert refused(sources=[cast.vault.source_id]) == refused(sources=[uuid4()]) == "scope_gone"
    many = [uuid4() for _each in range(MOST_SCOPE)]
    assert refused(documents=many, sources=[cast.leave.source_id]) == "scope_too_large"
    empty = DataSource.objects.create(name="Empty", slug="empty")
    read_only(cast.assistant, empty)
    assert refused(documents=[cast.leave.pk]) == "scope_outside"
    assert refused(sources=[cast.leave.source_id]) == "scope_outside"


def completions(user: User, kind: str, **about: str) -> list[str]:
    client = Client()
    client.force_login(user)
    items = client.get(reverse(f"chat:complete_{kind}"), about).json()["items"]
    return [each["name"] for each in items]


def test_the_menu_offers_what_one_may_choose(cast: Cast, other: Document) -> None:
    assert completions(cast.mia, "documents", q="LEAVE") == ["leave.txt"]
    assert completions(cast.mia, "documents") == ["Library", "copy.txt", "leave.txt"]
    assert "vault.txt" not in completions(cast.mia, "documents", q="vault")
    assert completions(cast.root, "documents", q="vault") == ["Vault", "vault.txt"]
    assert completions(cast.mia, "assistants", q="lib") == ["Library"]
    for n in range(15):
        add_document(cast.leave.source, f"ship-{n}.txt", "Seven ships.")
    assert len(completions(cast.mia, "documents", q="ship")) == 10
    read_only(cast.assistant, cast.vault.source)
    assert completions(cast.mia, "documents") == []
    assert completions(cast.root, "documents", assistant="library") == ["Vault", "vault.txt"]
