"""The search over one's own conversations: what is found, in what order, and by which way."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat.models import Conversation, Message
from chat.models.conversation_search import _statement, search_conversations
from chat.models.words import EXCERPT_CHARS, excerpt, marked, words_of
from tests.chat.conftest import Cast

pytestmark = pytest.mark.django_db


def talk(user: User, title: str, *texts: str, ago: timedelta = timedelta(), **fields: Any) -> Conversation:
    made = Conversation.objects.create(user=user, title=title, **fields)
    for place, text in enumerate(texts):
        role = "assistant" if place % 2 else "user"
        row = Message.objects.create(conversation=made, role=role, text=text, asked_by=user)
        Message.objects.filter(pk=row.pk).update(created_at=timezone.now() - ago)
    Conversation.objects.filter(pk=made.pk).update(updated_at=timezone.now() - ago)
    return made


def found(user: User, text: str) -> list[str]:
    return ["".join(piece for piece, _match in hit.title) for hit in search_conversations(user=user, text=text)]


class TestWhatIsFound:
    def test_words_of_titles_and_messages_and_beginnings_of_words(self, cast: Cast) -> None:
        talk(cast.mia, "Harbour fees", "What does mooring cost?", "Forty crowns a night.")
        talk(cast.mia, "Soup", "How many lemons?", "Three lemons, see recipe.txt (page 7/12).")
        for text in ("harbour", "HARB", "moor cost", "crowns night"):
            assert found(cast.mia, text) == ["Harbour fees"], text
        for text in ("lemons", "recipe", "txt", "page 12", '"lemons"', "lemons!", "(three) -lemons:*"):
            assert found(cast.mia, text) == ["Soup"], text
        for text in ("lemons crowns", "emons", "", "  ", "&|!", "'", "\\", "\x00", "<->"):
            assert found(cast.mia, text) == [], text

    def test_every_script_and_the_marks_around_words(self, cast: Cast) -> None:
        talk(cast.mia, "Deutsch", "Wie lang ist „Überstundenzuschlag“ — auch ÄRGER?")
        talk(cast.mia, "Arabic", "ما هي رسوم الميناء؟")
        assert found(cast.mia, "überstunden") == ["Deutsch"]
        assert found(cast.mia, "ärger") == ["Deutsch"]
        assert found(cast.mia, "الميناء") == ["Arabic"]

    def test_nobody_finds_what_is_somebody_elses(self, cast: Cast) -> None:
        talk(cast.mia, "Harbour", "The secret of the harbour")
        stray = talk(cast.sam, "Mine", "secret")
        # The index names who asked; what counts is whose conversation it is.
        Message.objects.filter(conversation=stray).update(asked_by=cast.mia)
        assert found(cast.sam, "harbour") == found(cast.root, "secret") == []
        assert found(cast.mia, "secret") == ["Harbour"]
        assert found(cast.mia, f"@{cast.sam.pk}") == []

    def test_the_best_and_the_newest_come_first(self, cast: Cast) -> None:
        talk(cast.mia, "Old", "leave", ago=timedelta(days=400))
        talk(cast.mia, "New", "leave", ago=timedelta(days=1))
        talk(cast.mia, "Leave in May", "When?", ago=timedelta(days=20))
        talk(cast.mia, "Kept away", "leave", ago=timedelta(days=2), archived_at=timezone.now())
        assert found(cast.mia, "leave") == ["Leave in May", "New", "Kept away", "Old"]
        hits = {hit.title[0][0]: hit for hit in search_conversations(user=cast.mia, text="leave")}
        assert hits["Kept away"].is_archived
        assert not hits["New"].is_archived

    def test_a_text_of_a_megabyte_is_kept_and_its_beginning_is_found(self, cast: Cast) -> None:
        talk(cast.mia, "Long", "beginning " + " ".join(f"{number:x}" for number in range(200_000)) + " ending")
        assert found(cast.mia, "beginning") == ["Long"]
        assert found(cast.mia, "ending") == []


class TestTheAnswer:
    def get(self, user: User, text: str) -> Any:
        client = Client()
        client.force_login(user)
        return client.get(reverse("chat:search"), {"q": text})

    def test_it_leads_to_the_message_and_marks_the_words(self, cast: Cast) -> None:
        row = talk(cast.mia, "Leave", "How much leave?", "**Thirty days** of <b>leave</b> a year.")
        [hit] = self.get(cast.mia, "thirty").json()["results"]
        answer = row.messages.get(role="assistant")
        assert hit["url"] == f"/c/{row.pk}/#message-{answer.pk}"
        assert [piece["text"] for piece in hit["excerpt"] if piece["match"]] == ["Thirty"]
        assert "".join(piece["text"] for piece in hit["excerpt"]) == "Thirty days of <b>leave</b> a year."

    def test_without_words_it_has_the_latest_and_too_many_are_refused(self, cast: Cast) -> None:
        talk(cast.mia, "Old", ago=timedelta(days=2))
        talk(cast.mia, "New")
        talk(cast.mia, "Archived", archived_at=timezone.now())
        titles = [hit["title"][0]["text"] for hit in self.get(cast.mia, " ").json()["results"]]
        assert titles == ["New", "Old"]
        refused = self.get(cast.mia, "x" * 201)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "search_too_long")


def test_the_statement_goes_by_the_index(cast: Cast) -> None:
    conversations = [Conversation(user=cast.mia, title=f"Talk {number}") for number in range(100)]
    Conversation.objects.bulk_create(conversations)
    words = ["rope", "sail", "mast", "deck", "hull", "keel", "anchor", "tiller", "boom", "jib"]
    Message.objects.bulk_create(
        Message(
            conversation=row, role="user", asked_by=cast.mia, text=" ".join(words[place % 10 :]) + f" n{number}x{place}"
        )
        for number, row in enumerate(conversations)
        for place in range(30)
    )
    sql, parameters = _statement(cast.mia, words_of("n42x7"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_message")
        cursor.execute("EXPLAIN " + sql, parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Bitmap Index Scan on message_words" in plan


class TestExcerpts:
    def test_an_excerpt_is_taken_where_most_words_stand(self) -> None:
        text = "leave " + "filler " * 100 + "paid leave of thirty days " + "filler " * 100
        pieces = excerpt(text, words_of("paid leave"))
        assert [piece for piece, match in pieces if match] == ["paid", "leave"]
        assert pieces[0][0].startswith("… ")
        assert pieces[-1][0].endswith(" …")
        assert len("".join(piece for piece, _match in pieces)) <= EXCERPT_CHARS + 4

    @pytest.mark.parametrize("text", ["", "x" * 100_000, "\u202e" * 500, "a" * 60 + "b" * 500])
    def test_no_text_is_too_odd(self, text: str) -> None:
        assert len("".join(piece for piece, _match in excerpt(text, ["b"]))) <= EXCERPT_CHARS + 4

    def test_marks_keep_every_sign_of_the_text(self) -> None:
        text = "Leave.txt, (LEAVES) — „leave“ İstanbul"
        pieces = marked(text, words_of("leave istanbul"))
        assert "".join(piece for piece, _match in pieces) == text
        assert [piece for piece, match in pieces if match] == ["Leave", "LEAVES", "leave"]
