"""Links to conversations: who may make them, what a reader sees, when they end, and what a copy holds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from chat.errors import ChatError
from chat.events.shared import WITHHELD, without_hidden
from chat.models import Assistant, Conversation, Message, SharedLink
from chat.services.asking import question_ask
from chat.services.sharing import link_copy, link_create, link_open, link_revoke
from tests.chat.conftest import Cast
from tests.chat.conversations import LEAVE_QUOTE, OPENING, SOUP, TEXT, Talk, make_talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(cast: Cast) -> Talk:
    return make_talk(cast)


def shared(cast: Cast, talk: Talk, days: int = 7) -> str:
    return link_create(user=cast.root, conversation_id=talk.conversation.pk, days=days)[1]


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(ChatError) as refused:
        act()
    return refused.value.code


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_reader_sees_what_rests_on_documents_that_they_may_see(cast: Cast, talk: Talk) -> None:
    token = shared(cast, talk)
    question, answer = link_open(user=cast.mia, token=token).messages
    assert question.payload.text == talk.question.text
    assert answer.withheld
    # What no citation ties to anything may come from the hidden document as well.
    assert answer.payload.text == f"{WITHHELD} {LEAVE_QUOTE}\n\n- {WITHHELD}\n"
    seen, hidden = answer.payload.citations
    assert answer.payload.text[seen.start : seen.end] == LEAVE_QUOTE
    assert answer.payload.text[hidden.start : hidden.end] == WITHHELD
    assert (hidden.document_id, hidden.quote, hidden.source_start, hidden.chunk_id) == (None, "", 0, 0)
    assert [passage.title for passage in answer.payload.passages] == ["leave.txt"]
    told = answer.payload.model_dump_json()
    assert not any(word in told for word in ("vault", "lemons", "soup needs", "Vault"))

    own = link_open(user=cast.root, token=token).messages[1]
    assert (own.withheld, own.payload.text) == (False, TEXT)


def test_sentences_are_withheld_too_when_the_document_is_gone(cast: Cast, talk: Talk) -> None:
    token = shared(cast, talk)
    cast.vault.delete()
    answer = link_open(user=cast.root, token=token).messages[1]
    assert answer.withheld
    assert SOUP not in answer.payload.text
    assert OPENING not in answer.payload.text


def test_citations_move_with_the_text_around_what_is_withheld(cast: Cast, talk: Talk) -> None:
    payload = link_open(user=cast.root, token=shared(cast, talk)).messages[1].payload
    first, second = payload.citations
    text = "One 🙂 hidden. One seen. Two more hidden. And more. Both here.\n| a | b |\n|---|---|\n| x | y |"

    def at(citation: Any, words: str, **more: Any) -> Any:
        start = text.index(words)
        return citation.model_copy(update={"start": start, "end": start + len(words), **more})

    both = "Two more hidden. And more. Both here."
    told, moved = without_hidden(
        text,
        [
            at(first, "One 🙂 hidden.", document_id=None),
            at(first, "One seen."),
            at(second, both),
            at(first, "Two more hidden.", document_id=None),
            at(second, "| x | y |"),
        ],
    )
    gone = WITHHELD
    assert told == f"{gone} One seen. {gone} And more. Both here.\n{gone}\n|---|---|\n| x | y |"
    assert [told[each.start : each.end] for each in moved] == [
        gone, "One seen.", gone, " And more. Both here.", "| x | y |",
    ]  # fmt: skip


def test_a_link_shows_the_branch_of_then_and_nothing_that_came_later(cast: Cast, talk: Talk) -> None:
    token = shared(cast, talk)
    later = question_ask(user=cast.root, conversation_id=talk.conversation.pk, slug=None, text="And later?")
    Message.objects.filter(pk=later.answer.pk).update(status="complete", text="Later.")
    talk.conversation.title = "A new title"
    talk.conversation.save()
    opened = link_open(user=cast.mia, token=token)
    assert [each.payload.id for each in opened.messages] == [talk.question.pk, talk.answer.pk]
    assert opened.link.title == "Leave & soup"


def test_a_link_ends_when_it_expires_or_is_revoked_or_is_not_allowed_any_more(cast: Cast, talk: Talk) -> None:
    gone = {"link_gone"}
    tokens = [shared(cast, talk) for _each in range(2)]
    SharedLink.objects.filter(digest__isnull=False).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert {refusal(lambda: link_open(user=cast.mia, token=tokens[0]))} == gone
    token = shared(cast, talk, days=1)
    link = SharedLink.objects.first()
    assert refusal(lambda: link_revoke(user=cast.mia, link_id=link.pk)) == "not_found"
    Assistant.objects.update(shareable=False)
    assert refusal(lambda: link_open(user=cast.mia, token=token)) == "link_gone"
    assert refusal(lambda: shared(cast, talk)) == "sharing_off"
    Assistant.objects.update(shareable=True)
    assert link_open(user=cast.mia, token=token).messages
    link_revoke(user=cast.root, link_id=link.pk)
    assert refusal(lambda: link_open(user=cast.mia, token=token)) == "link_gone"
    assert refusal(lambda: link_copy(user=cast.mia, token=token)) == "link_gone"
    assert refusal(lambda: link_open(user=cast.mia, token="never-was")) == "link_gone"
    page = signed_in(cast.mia).get(reverse("chat:shared", args=[token]))
    never = signed_in(cast.mia).get(reverse("chat:shared", args=["never-was"]))
    assert page.status_code == never.status_code == 404
    assert "This link does not work" in page.content.decode()


def test_only_what_is_ready_and_ones_own_is_shared(cast: Cast, talk: Talk) -> None:
    conversation = talk.conversation.pk
    assert refusal(lambda: link_create(user=cast.mia, conversation_id=conversation)) == "not_found"
    assert refusal(lambda: link_create(user=cast.root, conversation_id=conversation, days=8)) == "link_days"
    running = question_ask(user=cast.root, conversation_id=conversation, slug=None, text="And now?")
    assert refusal(lambda: shared(cast, talk)) == "answer_running"
    Message.objects.filter(pk=running.answer.pk).update(status="complete", text="Now.", version=None)
    assert refusal(lambda: shared(cast, talk)) == "sharing_off"
    empty = Conversation.objects.create(user=cast.root)
    assert refusal(lambda: link_create(user=cast.root, conversation_id=empty.pk)) == "nothing_to_share"


def test_the_token_is_not_stored_and_everything_is_in_the_audit_log(cast: Cast, talk: Talk) -> None:
    token = shared(cast, talk)
    link = SharedLink.objects.get()
    assert token not in str(SharedLink.objects.values_list()[0])
    link_open(user=cast.mia, token=token)
    link_open(user=cast.root, token=token)
    copy = link_copy(user=cast.mia, token=token)
    link_revoke(user=cast.root, link_id=link.pk)
    link.refresh_from_db()
    assert link.opened == 1
    log = AuditEntry.objects.filter(target_type="chat.sharedlink").order_by("pk")
    assert [(entry.actor, entry.action) for entry in log] == [
        (cast.root, "conversation.share"),
        (cast.mia, "conversation.open_shared"),
        (cast.mia, "conversation.copy_shared"),
        (cast.root, "conversation.unshare"),
    ]
    assert copy.user == cast.mia


def test_a_copy_holds_what_its_reader_may_see_and_is_asked_on_but_not_shared_on(cast: Cast, talk: Talk) -> None:
    copy = link_copy(user=cast.mia, token=shared(cast, talk))
    question, answer = copy.messages.all()
    assert (question.text, answer.in_reply_to) == (talk.question.text, question)
    assert SOUP not in answer.text
    citation = answer.citations.get()
    assert answer.text[citation.start : citation.end] == LEAVE_QUOTE
    assert citation.document == cast.leave
    assert [passage.document for passage in answer.passages.all()] == [cast.leave]
    assert refusal(lambda: link_create(user=cast.mia, conversation_id=copy.pk)) == "sharing_off"
    begun = question_ask(user=cast.mia, conversation_id=copy.pk, slug=None, text="And then?")
    assert [turn.text for turn in begun.question.history] == [question.text, answer.text]
    assert Conversation.objects.get(pk=talk.conversation.pk).messages.count() == 3


def test_sharing_is_off_until_an_admin_allows_it_for_an_assistant(cast: Cast, talk: Talk) -> None:
    talk.conversation.assistant.shareable = False
    talk.conversation.assistant.save()
    root = signed_in(cast.root)
    answer = root.get(reverse("chat:links", args=[talk.conversation.pk])).json()
    assert "cannot be shared" in answer["refusal"]
    page = reverse("chat:assistant_edit", args=["library"])
    form = root.get(page).context["form"]
    assert form.initial["shareable"] is False
    versions = cast.assistant.versions.count()
    sent = {name: value for name, value in form.initial.items() if value not in (None, False)}
    assert root.post(page, {**sent, "shareable": "on"}).status_code == 302
    assert Assistant.objects.get().shareable
    # What people may do with its answers shapes none of them.
    assert cast.assistant.versions.count() == versions
    entry = AuditEntry.objects.filter(action="assistant.update").first()
    assert entry.detail == {"shareable": True}
    assert root.get(reverse("chat:links", args=[talk.conversation.pk])).json() == {"refusal": None, "links": []}
    made = root.post(reverse("chat:share", args=[talk.conversation.pk]), {"days": "30"}).json()
    assert root.get(reverse("chat:links", args=[talk.conversation.pk])).json()["links"][0]["id"] == made["id"]
    assert "address" not in str(root.get(reverse("chat:links", args=[talk.conversation.pk])).json())
    assert root.post(reverse("chat:share", args=[talk.conversation.pk]), {"days": "31"}).status_code == 422
