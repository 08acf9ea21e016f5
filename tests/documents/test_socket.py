"""The socket of uploads: a snapshot, then each step, and nothing of other people's."""

import asyncio
import io
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import User
from documents import services
from documents.events import announce
from documents.ingest import ingest
from live.hub import current_hub
from tests.documents.files import HANDBOOK
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _close_hub() -> Any:
    yield
    await current_hub().close()


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)


@sync_to_async
def cookie_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@sync_to_async
def upload(user: User, source: Any, data: bytes = HANDBOOK.encode()) -> Any:
    return services.document_upload(user=user, file=io.BytesIO(data), filename="handbook.md", source=source)


async def connected(user: User | None, origin: str = "http://localhost", accepted: str = "en") -> tuple[Socket, bool]:
    from config.asgi import application

    headers = [(b"origin", origin.encode()), (b"host", b"localhost"), (b"accept-language", accepted.encode())]
    if user:
        headers.append((b"cookie", f"sessionid={await cookie_of(user)}".encode()))
    socket = Socket(application, "/ws/documents/", headers)
    is_open, _ = await socket.connect(timeout=10)
    return socket, is_open


async def test_a_snapshot_and_then_every_step_in_order(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.ingest.claims.TELL_EVERY_S", 0)
    before = await upload(cast.ada, cast.library, b"# Before")
    socket, _ = await connected(cast.ada)
    await socket.send_json_to({"type": "follow", "after": None})
    snapshot = await socket.receive_json_from(timeout=10)
    assert snapshot["type"] == "documents.snapshot"
    assert [each["id"] for each in snapshot["documents"]] == [str(before.pk)]
    document = await upload(cast.ada, cast.research)
    await sync_to_async(ingest)(document.pk)
    states: list[str] = []
    last = snapshot["seq"]
    while not states or states[-1] != "ready":
        event = await socket.receive_json_from(timeout=20)
        assert event["seq"] > last
        last = event["seq"]
        assert event["document"]["id"] == str(document.pk)
        assert event["document"]["source"] == {"slug": "research", "name": "Research"}
        states.append(event["document"]["status"])
    assert list(dict.fromkeys(states)) == ["received", "parsing", "chunking", "embedding", "ready"]
    await sync_to_async(services.document_delete)(user=cast.ada, document_id=document.pk)
    assert (await socket.receive_json_from(timeout=10))["document_id"] == str(document.pk)
    await socket.disconnect()


async def test_who_comes_back_gets_what_was_missed_once(cast: Any) -> None:
    first, _ = await connected(cast.ada)
    await first.send_json_to({"type": "follow", "after": None})
    await upload(cast.ada, cast.library, b"# One")
    seen = (await first.receive_json_from(timeout=10))["seq"]
    await first.disconnect()
    one = await upload(cast.ada, cast.library, b"# Two")
    two = await upload(cast.ada, cast.library, b"# Three")
    again, _ = await connected(cast.ada)
    await again.send_json_to({"type": "follow", "after": seen})
    events: list[Any] = []
    while len(events) < 2 or events[-1]["document"]["id"] != str(two.pk):
        event = await again.receive_json_from(timeout=10)
        if event["type"] == "document.progress":
            events.append(event)
        else:
            # The stream began after the number seen: then the state comes afresh.
            assert {str(one.pk), str(two.pk)} <= {each["id"] for each in event["documents"]}
            break
    assert len({event["seq"] for event in events}) == len(events)
    await again.disconnect()


async def test_nobody_hears_of_other_peoples_uploads(cast: Any) -> None:
    socket, _ = await connected(cast.ben)
    await socket.send_json_to({"type": "follow", "after": None})
    assert (await socket.receive_json_from(timeout=10))["documents"] == []
    await upload(cast.ada, cast.research)
    assert await socket.receive_nothing(timeout=0.5)
    await socket.disconnect()


@pytest.mark.parametrize("message", ['{"type": "follow", "more": 1}', "nonsense", '{"type": "delete"}', "[]"])
async def test_odd_messages_are_answered_with_an_error(cast: Any, message: str) -> None:
    socket, _ = await connected(cast.ada)
    await socket.send_to(text_data=message)
    event = await socket.receive_json_from(timeout=10)
    assert (event["type"], event["code"]) == ("error", "invalid_command")
    await socket.send_json_to({"type": "ping"})
    assert (await socket.receive_json_from(timeout=10))["type"] == "pong"
    await socket.disconnect()


async def test_strangers_and_other_sites_are_kept_out(cast: Any) -> None:
    socket, _ = await connected(None)
    assert (await socket.receive_output(timeout=10))["code"] == 4401
    _, accepted = await connected(cast.ada, origin="https://evil.example")
    assert not accepted
    await asyncio.sleep(0)


async def test_a_failure_is_kept_in_english_and_told_in_the_readers_language(cast: Any) -> None:
    english = "This document has more than 3 table cells. Split it into smaller files."
    with translation.override("de"):
        part = gettext("%(n)s table cells") % {"n": 3}
        german = gettext("This document has more than %(what)s. Split it into smaller files.") % {"what": part}
    assert german != english
    socket, _ = await connected(cast.ada, accepted="de")
    await socket.send_json_to({"type": "follow", "after": None})
    await socket.receive_json_from(timeout=10)
    document = await upload(cast.ada, cast.library)
    document.status, document.error_code, document.error_message = "failed", "too_large", english
    await sync_to_async(document.save)()
    await sync_to_async(announce)(document)
    while (event := await socket.receive_json_from(timeout=10))["document"]["status"] != "failed":
        pass
    assert event["document"]["error"] == {"code": "too_large", "message": german}
    await socket.send_json_to({"type": "follow", "after": None})
    snapshot = await socket.receive_json_from(timeout=10)
    assert [each["error"]["message"] for each in snapshot["documents"]] == [german]
    await socket.disconnect()
    page = await sync_to_async(page_of)(cast.ada, f"/documents/{document.pk}/")
    assert german in page
    assert english not in page
    assert english in await sync_to_async(page_of)(cast.ada, f"/documents/{document.pk}/", "en")


def page_of(user: User, path: str, accepted: str = "de") -> str:
    client = Client()
    client.force_login(user)
    return client.get(path, headers={"accept-language": accepted}).content.decode()
