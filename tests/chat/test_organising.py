"""Conversations in folders, pinned, archived, and how the sidebar lists them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat.errors import ChatError
from chat.models import Conversation, Folder
from chat.models.sidebar import FOLDER_PAGE, PAGE, groups_by_day, loose_page, sidebar_of
from chat.services import asking, conversations, organising
from tests.chat.conftest import Cast

pytestmark = pytest.mark.django_db


def make(user: User, title: str, ago: timedelta = timedelta(), **fields: Any) -> Conversation:
    made = Conversation.objects.create(user=user, title=title, **fields)
    Conversation.objects.filter(pk=made.pk).update(updated_at=timezone.now() - ago)
    made.refresh_from_db()
    return made


def titles(rows: list[Conversation]) -> list[str]:
    return [row.title for row in rows]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class TestTheList:
    def test_each_conversation_stands_in_one_place(self, cast: Cast) -> None:
        folder = organising.folder_create(user=cast.mia, name="Travel")
        closed = Folder.objects.create(user=cast.mia, name="Closed", is_open=False)
        inside = make(cast.mia, "Inside", folder=folder)
        make(cast.mia, "Hidden", folder=closed)
        make(cast.mia, "Loose")
        make(cast.mia, "Gone", archived_at=timezone.now(), pinned_at=timezone.now())
        make(cast.sam, "Somebody else's")
        organising.conversation_pin(user=cast.mia, conversation_id=inside.pk, is_pinned=True)
        listed = sidebar_of(cast.mia, "")
        assert titles(listed.pinned) == ["Inside"]
        assert [(each.name, titles(page.rows)) for each, page in listed.folders] == [("Closed", []), ("Travel", [])]
        assert [(group.key, titles(group.rows)) for group in listed.groups] == [("today", ["Loose"])]
        organising.conversation_pin(user=cast.mia, conversation_id=inside.pk, is_pinned=False)
        assert titles(dict(sidebar_of(cast.mia, "").folders)[folder].rows) == ["Inside"]

    def test_it_takes_as_many_queries_with_many_folders_as_with_one(self, cast: Cast) -> None:
        for number in range(5):
            folder = organising.folder_create(user=cast.mia, name=f"Folder {number}")
            for place in range(FOLDER_PAGE + 1):
                make(cast.mia, f"{number} {place}", folder=folder)
        make(cast.mia, "Pinned", pinned_at=timezone.now())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            listed = sidebar_of(cast.mia, "Europe/Berlin")
        assert len(queries) == 4
        assert all(len(page.rows) == FOLDER_PAGE and page.cursor for _folder, page in listed.folders)

    def test_one_pages_through_all_of_it(self, cast: Cast) -> None:
        for number in range(2 * PAGE + 3):
            # Two at the same moment: the cursor must not lose one of them.
            make(cast.mia, str(number), timedelta(minutes=number // 2))
        client, seen, cursor = signed_in(cast.mia), [], ""
        for _page in range(5):
            page = loose_page(cast.mia, cursor)
            seen += titles(page.rows)
            answer = client.get(reverse("chat:sidebar_more"), {"cursor": cursor})
            assert [f'data-title="{title}"' in answer.content.decode() for title in titles(page.rows)].count(False) == 0
            cursor = page.cursor
            if not cursor:
                break
        assert sorted(seen, key=int) == [str(number) for number in range(2 * PAGE + 3)]

    @pytest.mark.parametrize("cursor", ["x", "1-2", "9" * 18 + "-" + "0" * 32])
    def test_a_made_up_cursor_is_refused_with_words(self, cast: Cast, cursor: str) -> None:
        answer = signed_in(cast.mia).get(reverse("chat:sidebar_more"), {"cursor": cursor})
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == "cursor_invalid"

    def test_days_are_those_of_where_the_reader_is(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        now = datetime(2026, 3, 10, 22, 30, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: now)
        hours = (0, 8, 23, 30, 24 * 7, 24 * 30, 24 * 200)
        rows = [Conversation(title=str(ago), updated_at=now - timedelta(hours=ago)) for ago in hours]

        def keys(zone: str) -> list[str]:
            return [group.key for group in groups_by_day(rows, zone) for _row in group.rows]

        assert keys("UTC") == ["today", "today", "yesterday", "yesterday", "week", "2026-02", "2025-08"]
        # In Tokyo it is half past seven on the next morning.
        assert keys("Asia/Tokyo") == ["today", "yesterday", "yesterday", "yesterday", "week", "2026-02", "2025-08"]
        assert [group.label for group in groups_by_day(rows, "UTC")][-2:] == ["February", "August 2025"]
        for nonsense in ("", "Mars/Base", "../../etc/passwd", "America", "x" * 500, "a\x00b"):
            assert keys(nonsense) == keys("UTC")

    def test_the_page_brings_the_list_in_the_readers_time_zone(self, cast: Cast) -> None:
        make(cast.mia, "<b>Soup</b>")
        client = signed_in(cast.mia)
        client.cookies["timezone"] = "Pacific/Auckland"
        for name in ("chat:home", "chat:sidebar"):
            page = client.get(reverse(name)).content.decode()
            assert "&lt;b&gt;Soup&lt;/b&gt;" in page
            assert 'data-group="today"' in page


class TestFolders:
    def test_a_folder_is_made_renamed_folded_and_deleted_and_its_conversations_stay(self, cast: Cast) -> None:
        client = signed_in(cast.mia)
        made = client.post(reverse("chat:folder_new"), {"name": "  Travel \n costs "})
        assert (made.status_code, made.json()["name"]) == (201, "Travel costs")
        folder = made.json()["id"]
        row = make(cast.mia, "Trip")
        moved = client.post(reverse("chat:conversation_move", args=[row.pk]), {"folder": folder})
        assert moved.json()["folder"] == folder
        assert client.post(reverse("chat:folder_rename", args=[folder]), {"name": "Trips"}).json()["name"] == "Trips"
        assert client.post(reverse("chat:folder_open", args=[folder]), {"on": "false"}).json()["open"] is False
        assert client.post(reverse("chat:folder_delete", args=[folder])).status_code == 204
        row.refresh_from_db()
        assert row.folder is None
        assert titles(sidebar_of(cast.mia, "").groups[0].rows) == ["Trip"]

    @pytest.mark.parametrize(
        ("name", "code"),
        [(" \n ", "folder_name_empty"), ("x" * 61, "folder_name_too_long"), ("TRAVEL", "folder_exists")],
    )
    def test_a_name_that_does_not_do_is_refused_with_words(self, cast: Cast, name: str, code: str) -> None:
        organising.folder_create(user=cast.mia, name="Travel")
        organising.folder_create(user=cast.sam, name=name.strip() or "x") if len(name) < 61 else None
        answer = signed_in(cast.mia).post(reverse("chat:folder_new"), {"name": name})
        assert answer.json()["error"]["code"] == code
        assert answer.json()["error"]["message"]

    def test_nobody_puts_anything_into_the_folder_of_somebody_else(self, cast: Cast) -> None:
        folder = organising.folder_create(user=cast.sam, name="Sam's")
        row = make(cast.mia, "Mia's")
        for user, conversation in ((cast.mia, row), (cast.sam, row)):
            path = reverse("chat:conversation_move", args=[conversation.pk])
            answer = signed_in(user).post(path, {"folder": str(folder.pk)})
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        assert signed_in(cast.mia).get(reverse("chat:sidebar_more"), {"folder": str(folder.pk)}).status_code == 404

    def test_there_is_an_end_to_folders_and_pins(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(organising, "MAX_FOLDERS", 1)
        monkeypatch.setattr(organising, "MAX_PINNED", 1)
        organising.folder_create(user=cast.mia, name="One")
        with pytest.raises(ChatError, match="too_many_folders"):
            organising.folder_create(user=cast.mia, name="Two")
        first, second = make(cast.mia, "a"), make(cast.mia, "b")
        organising.conversation_pin(user=cast.mia, conversation_id=first.pk, is_pinned=True)
        with pytest.raises(ChatError, match="too_many_pinned"):
            organising.conversation_pin(user=cast.mia, conversation_id=second.pk, is_pinned=True)


class TestTheArchive:
    def test_what_is_archived_is_found_there_and_comes_back_to_its_place(self, cast: Cast) -> None:
        folder = organising.folder_create(user=cast.mia, name="Travel")
        row = make(cast.mia, "Trip", folder=folder)
        client, path = signed_in(cast.mia), reverse("chat:conversation_archive", args=[row.pk])
        assert client.post(path, {"on": "true"}).json()["archived"] is True
        assert titles(dict(sidebar_of(cast.mia, "").folders)[folder].rows) == []
        assert 'data-title="Trip"' in client.get(reverse("chat:archive")).content.decode().split("<main")[1]
        assert "Archived" in client.get(reverse("chat:conversation", args=[row.pk])).content.decode()
        assert client.post(path, {"on": "perhaps"}).status_code == 422
        client.post(path, {"on": "false"})
        assert titles(dict(sidebar_of(cast.mia, "").folders)[folder].rows) == ["Trip"]
        assert "Nothing is archived" in client.get(reverse("chat:archive")).content.decode()

    def test_a_new_question_brings_a_conversation_back(self, cast: Cast) -> None:
        row = make(cast.mia, "Trip", assistant=cast.assistant, archived_at=timezone.now())
        asking.question_ask(user=cast.mia, conversation_id=row.pk, slug=None, text="And now?")
        row.refresh_from_db()
        assert row.archived_at is None

    def test_a_long_archive_has_pages(self, cast: Cast) -> None:
        now = timezone.now()
        for number in range(55):
            make(cast.mia, f"Old {number}", archived_at=now - timedelta(hours=number))
        client = signed_in(cast.mia)
        first = client.get(reverse("chat:archive"))
        cursor = first.context["page"].cursor
        rest = client.get(reverse("chat:archive"), {"cursor": cursor}).context["page"].rows
        assert titles([*first.context["page"].rows, *rest]) == [f"Old {number}" for number in range(55)]
        assert client.get(reverse("chat:archive"), {"cursor": "nonsense"}).status_code == 200


def test_a_title_is_never_empty(cast: Cast) -> None:
    row = make(cast.mia, "Trip")
    with pytest.raises(ChatError, match="title_empty"):
        conversations.conversation_rename(user=cast.mia, conversation_id=row.pk, title=" \n ")
