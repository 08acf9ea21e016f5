"""Every page and every endpoint, tried by everybody: owner, teammate, stranger, member, admin and nobody.

The owner keeps a restricted data source that the group Team may read. The teammate is an editor in that group, the
stranger an editor outside it, the member asks questions and is in the group. An address without a row here fails.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import APIToken, User
from accounts.services import default_scopes, token_create
from chat.models import Assistant, Conversation, Folder, LanguageModel, Message
from chat.services.assistants import ensure_defaults
from chat.services.attachments import file_attach
from chat.services.prompts import prompt_save
from chat.services.sharing import link_create
from config.api import api, openai_api
from documents.models import ChunkEdit, DataSource, Document, EmbeddingSet, Reranker, Visibility
from documents.services import document_upload
from tests.chat.conftest import add_document
from tests.permissions.rows import EDITORS, EVERYBODY, READERS, Call, Row, no_body, none

SIGN_IN = 302
WHO = ("owner", "teammate", "stranger", "member", "admin", "nobody")


@dataclass(frozen=True)
class World:
    """Everybody, and one of everything, all of it the owner's."""

    users: dict[str, User]
    things: dict[str, Any]
    sessions: dict[str, str]
    """Cookies: to sign in for each page takes as long as many a page."""

    tokens: dict[str, str]

    def client(self, who: str) -> Client:
        """A browser with this person signed in."""
        client = Client()
        if who != "nobody":
            client.cookies["sessionid"] = self.sessions[who]
        return client


def each_alone() -> Iterator[str]:
    """Everybody in turn; what one of them did is undone before the next."""
    for who in WHO:
        with transaction.atomic():
            yield who
            transaction.set_rollback(True)


@pytest.fixture(scope="module")
def shared_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The world, made once: what a test does to it is undone after the test."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def world(shared_world: World, db: None) -> World:
    return shared_world


def make_world() -> World:
    ensure_defaults(llm_base_url="", llm_api_key="", llm_model="")
    roles = {"owner": "editor", "teammate": "editor", "stranger": "editor", "member": "member", "admin": "admin"}
    users = {who: User.objects.create_user(f"{who}@example.com", None, role=role) for who, role in roles.items()}
    team = Group.objects.create(name="Team")
    team.user_set.add(users["owner"], users["teammate"], users["member"])
    source = DataSource.objects.create(
        name="Team papers", slug="team-papers", visibility=Visibility.RESTRICTED, owner=users["owner"]
    )
    source.groups.add(team)
    # With real bytes behind it, so that the original can be had.
    file = SimpleUploadedFile("plan.txt", b"The plan is to sail on Monday.")
    document = document_upload(user=users["owner"], file=file, filename="plan.txt", source=source)
    other = add_document(source, "ready.txt", "The fleet has seven ships.")
    document.status, document.current_version = "failed", None
    document.owner = users["owner"]
    document.save()
    Document.objects.filter(pk=other.pk).update(owner=users["owner"])
    assistant = Assistant.objects.get()
    conversation = Conversation.objects.create(user=users["owner"], assistant=assistant, title="Ships")
    answer = Message.objects.create(
        conversation=conversation, role="assistant", text="Seven.", asked_by=users["owner"], version=assistant.published
    )
    Assistant.objects.filter(pk=assistant.pk).update(shareable=True)
    Conversation.objects.filter(pk=conversation.pk).update(leaf=answer)
    link, link_token = link_create(user=users["owner"], conversation_id=conversation.pk)
    site = DataSource.objects.create(
        name="Team site", slug="team-site", kind="website", visibility=Visibility.RESTRICTED, owner=users["owner"],
        settings={"start_url": "https://example.invalid/"},
    )  # fmt: skip
    site.groups.add(team)
    token, _secret = token_create(user=users["owner"], name="t", scopes=["read"])
    attached = file_attach(
        user=users["owner"],
        file=SimpleUploadedFile("permit.txt", b"A permit costs forty crowns."),
        filename="permit.txt",
    )
    things = {
        "attached": attached,
        "prompt": prompt_save(user=users["owner"], prompt=None, title="Plan", text="Plan {{what}}.", shared=False),
        "document": document,
        "ready": other,
        "chunk": other.chunks.get(),
        "edit": ChunkEdit.objects.create(document=other, text_hash=b"gone", original="Gone.", text="Kept."),
        "source": source,
        "site": site,
        "assistant": assistant,
        "model": LanguageModel.objects.get(),
        "conversation": conversation,
        "answer": answer,
        "link": link,
        "link_token": link_token,
        "folder": Folder.objects.create(user=users["owner"], name="Voyages"),
        "token": token,
        "embeddings": EmbeddingSet.objects.create(
            name="Another", kind="openai", base_url="http://127.0.0.1:9/v1", dimensions=8
        ),
        "reranker": Reranker.objects.create(
            slug="far", name="Far", kind="remote", base_url="http://127.0.0.1:9/v1", model="m"
        ),
    }
    sessions, tokens = {}, {}
    for who, user in users.items():
        browser = Client()
        browser.force_login(user)
        sessions[who] = browser.cookies["sessionid"].value
        tokens[who] = token_create(user=user, name="x", scopes=default_scopes(user))[1]
    return World(users, things, sessions, tokens)


PAGES: dict[str, Row] = {
    "accounts:tokens": Row("get", none, EVERYBODY),
    "accounts:token_revoke": Row("post", lambda t: [t["token"].pk], EVERYBODY, 302),
    "chat:home": Row("get", none, EVERYBODY),
    "chat:conversation": Row("get", lambda t: [t["conversation"].pk], "owner"),
    "chat:conversation_rename": Row("post", lambda t: [t["conversation"].pk], "owner", 422),
    "chat:conversation_delete": Row("post", lambda t: [t["conversation"].pk], "owner", 204),
    "chat:conversation_move": Row("post", lambda t: [t["conversation"].pk], "owner"),
    "chat:conversation_pin": Row("post", lambda t: [t["conversation"].pk], "owner"),
    "chat:conversation_archive": Row("post", lambda t: [t["conversation"].pk], "owner"),
    "chat:sidebar": Row("get", none, EVERYBODY),
    "chat:sidebar_more": Row("get", none, EVERYBODY),
    "chat:search": Row("get", none, EVERYBODY),
    "chat:archive": Row("get", none, EVERYBODY),
    "chat:folder_new": Row("post", none, EVERYBODY, 422),
    "chat:folder_rename": Row("post", lambda t: [t["folder"].pk], "owner", 422),
    "chat:folder_open": Row("post", lambda t: [t["folder"].pk], "owner"),
    "chat:folder_delete": Row("post", lambda t: [t["folder"].pk], "owner", 204),
    "chat:links": Row("get", lambda t: [t["conversation"].pk], "owner"),
    "chat:share": Row("post", lambda t: [t["conversation"].pk], "owner"),
    "chat:link_revoke": Row("post", lambda t: [t["link"].pk], "owner"),
    "chat:shared": Row("get", lambda t: [t["link_token"]], EVERYBODY),
    "chat:shared_copy": Row("post", lambda t: [t["link_token"]], EVERYBODY, 302),
    "chat:export": Row("get", lambda t: [t["conversation"].pk, "md"], "owner"),
    "chat:import": Row("get", none, EVERYBODY),
    "chat:welcome": Row("get", none, "admin"),
    "chat:trace": Row("get", lambda t: [t["answer"].pk], "owner admin"),
    "chat:passages": Row("get", lambda t: [t["answer"].pk], "owner"),
    "chat:feedback": Row("post", lambda t: [t["answer"].pk], "owner"),
    "chat:suggestions": Row("get", lambda t: [t["answer"].pk], "owner"),
    "chat:attach": Row("post", none, EVERYBODY, 422),
    "chat:attachments": Row("get", lambda t: [t["attached"].source_id], "owner"),
    "chat:detach": Row("post", lambda t: [t["attached"].pk], "owner", 204),
    "chat:complete_prompts": Row("get", none, EVERYBODY),
    "chat:complete_documents": Row("get", none, EVERYBODY),
    "chat:complete_assistants": Row("get", none, EVERYBODY),
    "chat:prompts": Row("get", none, EVERYBODY),
    "chat:prompt_new": Row("get", none, EVERYBODY),
    "chat:prompt_edit": Row("get", lambda t: [t["prompt"].pk], "owner"),
    "chat:prompt_delete": Row("post", lambda t: [t["prompt"].pk], "owner", 302),
    "chat:assistants": Row("get", none, "admin"),
    "chat:assistant_new": Row("get", none, "admin"),
    "chat:assistant_edit": Row("get", lambda t: [t["assistant"].slug], "admin"),
    "chat:version_publish": Row("post", lambda t: [t["assistant"].slug, 1], "admin", 302),
    "chat:assistant_default": Row("post", lambda t: [t["assistant"].slug], "admin", 302),
    "chat:assistant_delete": Row("post", lambda t: [t["assistant"].slug], "admin", 302),
    "chat:models": Row("get", none, "admin"),
    "chat:model_new": Row("get", none, "admin"),
    "chat:model_edit": Row("get", lambda t: [t["model"].pk], "admin"),
    "chat:model_delete": Row("post", lambda t: [t["model"].pk], "admin", 302),
    "playground:index": Row("get", none, "admin"),
    "playground:save": Row("post", none, "admin", 422),
    "playground:retrieval": Row("get", none, "admin"),
    "playground:retrieval_search": Row("post", none, "admin", 422),
    "documents:index": Row("get", none, EVERYBODY),
    "documents:upload": Row("post", none, EVERYBODY, 422),
    "documents:delete_many": Row("post", none, EVERYBODY, 302),
    "documents:retry_many": Row("post", none, EVERYBODY, 302),
    "documents:replace": Row("post", lambda t: [t["ready"].pk], EVERYBODY, 422),
    "documents:document": Row("get", lambda t: [t["ready"].pk], READERS),
    "documents:summary": Row("get", lambda t: [t["ready"].pk], READERS),
    "documents:boxes": Row("get", lambda t: [t["ready"].pk], READERS),
    "documents:queue": Row("get", none, EVERYBODY),
    "documents:chunks": Row("get", lambda t: [t["ready"].pk], READERS),
    "documents:chunks_list": Row("get", lambda t: [t["ready"].pk], READERS),
    "documents:chunks_text": Row("get", lambda t: [t["ready"].pk], READERS),
    "documents:chunks_at": Row("get", lambda t: [t["ready"].pk], READERS),
    "documents:chunk_edit": Row("post", lambda t: [t["chunk"].pk], "owner admin", 422, "teammate member"),
    "documents:chunk_reset": Row("post", lambda t: [t["chunk"].pk], "owner admin", 200, "teammate member"),
    "documents:chunk_exclude": Row("post", lambda t: [t["chunk"].pk], "owner admin", 200, "teammate member"),
    "documents:chunk_include": Row("post", lambda t: [t["chunk"].pk], "owner admin", 200, "teammate member"),
    "documents:edit_discard": Row("post", lambda t: [t["edit"].pk], "owner admin", 204, "teammate member"),
    "documents:share": Row("post", lambda t: [t["ready"].pk], "owner admin", 302, "teammate member"),
    "documents:describe": Row("post", lambda t: [t["ready"].pk], "owner admin", 302, "teammate member"),
    "documents:delete": Row("post", lambda t: [t["ready"].pk], "owner admin", 302, "teammate member"),
    "documents:retry": Row("post", lambda t: [t["document"].pk], "owner admin", 302, "teammate member"),
    "documents:embeddings": Row("get", none, "admin"),
    "documents:embedding_new": Row("get", none, "admin"),
    "documents:embedding_test": Row("post", none, "admin", 422),
    "documents:embedding_reconnect": Row("get", lambda t: [t["embeddings"].pk], "admin"),
    "documents:embedding_cancel": Row("post", lambda t: [t["embeddings"].pk], "admin", 302),
    "documents:embedding_switch_back": Row("post", lambda t: [t["embeddings"].pk], "admin", 302),
    "documents:embedding_resume": Row("post", lambda t: [t["embeddings"].pk], "admin", 302),
    "documents:rerankers": Row("get", none, "admin"),
    "documents:reranker_new": Row("get", none, "admin"),
    "documents:reranker_test": Row("post", none, "admin", 422),
    "documents:reranker_edit": Row("get", lambda t: [t["reranker"].slug], "admin"),
    "documents:reranker_try": Row("post", lambda t: [t["reranker"].slug], "admin", 422),
    "documents:reranker_delete": Row("post", lambda t: [t["reranker"].slug], "admin", 302),
    "documents:sources": Row("get", none, EDITORS, told="member"),
    "documents:source_new": Row("get", none, EDITORS, told="member"),
    "documents:source_edit": Row("get", lambda t: [t["source"].slug], "owner admin", told="teammate member"),
    "documents:source_syncs": Row("get", lambda t: [t["site"].slug], "owner admin", told="teammate member"),
    "documents:source_check": Row("post", lambda t: [t["site"].slug], "owner admin", 422, "teammate member"),
    "documents:source_check_new": Row("post", lambda t: ["website"], EDITORS, 422, "member"),
    "documents:sync_start": Row("post", lambda t: [t["site"].slug], "owner admin", 302, "teammate member"),
    "documents:sync_stop": Row("post", lambda t: [t["site"].slug], "owner admin", 302, "teammate member"),
    "documents:sync_retry": Row("post", lambda t: [t["site"].slug], "owner admin", 302, "teammate member"),
    "documents:source_chunking": Row("get", lambda t: [t["source"].slug], "owner admin", told="teammate member"),
    "documents:source_delete": Row("post", lambda t: [t["source"].slug], "owner admin", 302, "teammate member"),
}
ELSEWHERE = {"chat:model_test", "chat:welcome_look", "chat:welcome_connect", "documents:original"}
"""Asynchronous, they need committed rows: the test_pages.py of their apps try them."""

FOR_ANYBODY = {"accounts:language"}
"""Those who are not signed in too: tests/accounts/test_languages.py tries them."""


def own_pages() -> set[str]:
    """Names of all pages of our apps."""
    found: set[str] = set()

    def walk(patterns: list[Any], namespace: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, pattern.namespace or namespace)
            elif isinstance(pattern, URLPattern) and namespace in ("accounts", "chat", "documents", "playground"):
                found.add(f"{namespace}:{pattern.name}")

    walk(get_resolver().url_patterns, "")
    return found


def test_every_page_has_a_row() -> None:
    assert own_pages() == set(PAGES) | ELSEWHERE | FOR_ANYBODY


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_for_those_who_may(world: World, name: str) -> None:
    row = PAGES[name]
    path = reverse(name, args=row.arguments(world.things))
    for who in each_alone():
        response = getattr(world.client(who), row.method)(path)
        if who == "nobody":
            assert response.status_code in (SIGN_IN, 401)
            if response.status_code == SIGN_IN:
                assert response["location"].startswith("/accounts/login/")
        else:
            assert response.status_code == row.status(who), who


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_that_changes_something_refuses_a_get_and_a_forged_form(world: World, name: str) -> None:
    row = PAGES[name]
    if row.method != "post":
        return
    path = reverse(name, args=row.arguments(world.things))
    assert world.client("owner" if "owner" in row.may else "admin").get(path).status_code in (404, 405)
    forging = Client(enforce_csrf_checks=True)
    forging.force_login(world.users["admin"])
    assert forging.post(path).status_code == 403


SETTINGS = {"max_tokens": 64, "overlap_sentences": 1}

CALLS: dict[str, Call] = {
    "POST /api/v1/documents": Call(no_body, EDITORS, 422, told="member"),
    "GET /api/v1/documents": Call(no_body, EVERYBODY, 200),
    "GET /api/v1/documents/{document_id}": Call(no_body, READERS, 200),
    "GET /api/v1/documents/{document_id}/text": Call(no_body, READERS, 200),
    "PATCH /api/v1/documents/{document_id}": Call(
        lambda t: {"tags": ["ships"]}, "owner admin", 200, told="teammate member"
    ),
    "DELETE /api/v1/documents/{document_id}": Call(no_body, "owner admin", 204, told="teammate member"),
    "POST /api/v1/documents/{document_id}/retry": Call(no_body, "owner admin", 202, told="teammate member"),
    "GET /api/v1/documents/{document_id}/permissions": Call(no_body, "owner admin", 200, told="teammate member"),
    "PUT /api/v1/documents/{document_id}/permissions": Call(
        lambda t: {"visibility": "everyone"}, "owner admin", 200, told="teammate member"
    ),
    "PUT /api/v1/documents/{document_id}/file": Call(no_body, EDITORS, 422, told="member"),
    "DELETE /api/v1/chunk-edits/{edit_id}": Call(no_body, "owner admin", 204, told="teammate member"),
    "GET /api/v1/documents/{document_id}/chunks": Call(no_body, READERS, 200),
    "PATCH /api/v1/chunks/{chunk_id}": Call(lambda t: {"excluded": True}, "owner admin", 200, told="teammate member"),
    "DELETE /api/v1/chunks/{chunk_id}/edit": Call(no_body, "owner admin", 200, told="teammate member"),
    "POST /api/v1/sources/{slug}/chunking": Call(lambda t: SETTINGS, "owner admin", 202, told="teammate member"),
    "POST /api/v1/sources/{slug}/chunking/preview": Call(
        lambda t: {**SETTINGS, "document": str(t["ready"].pk)}, "owner admin", 200, told="teammate member"
    ),
    "POST /api/v1/search": Call(lambda t: {"query": "ships", "source": t["source"].slug}, READERS, 200),
    "GET /api/v1/sources": Call(no_body, EVERYBODY, 200),
    "POST /api/v1/sources": Call(lambda t: {"name": "New"}, "admin", 201, told=EVERYBODY),
    "POST /api/v1/sources/{slug}/sync": Call(no_body, "owner admin", 202, told="teammate member"),
    "GET /api/v1/sources/{slug}/runs": Call(no_body, "owner admin", 200, told="teammate member"),
    "GET /api/v1/embeddings/sets": Call(no_body, "admin", 200, told=EVERYBODY),
    "POST /api/v1/embeddings/sets": Call(lambda t: {"kind": "shipped"}, "admin", 409, told=EVERYBODY),
    "DELETE /api/v1/embeddings/sets/{set_id}": Call(no_body, "admin", 204, told=EVERYBODY),
    "POST /api/v1/embeddings/sets/{set_id}/switch-back": Call(no_body, "admin", 409, told=EVERYBODY),
    "GET /api/v1/assistants": Call(no_body, EVERYBODY, 200),
    "POST /api/v1/assistants": Call(lambda t: {"name": "New", "model": t["model"].pk}, "admin", 201, told=EVERYBODY),
    "GET /api/v1/models": Call(no_body, "admin", 200, told=EVERYBODY),
    "POST /api/v1/models": Call(lambda t: {"name": "New", "kind": "extractive"}, "admin", 201, told=EVERYBODY),
    "GET /v1/models": Call(no_body, EVERYBODY, 200),
    "POST /v1/embeddings": Call(lambda t: {"input": "ships"}, EVERYBODY, 200),
    "POST /v1/rerank": Call(lambda t: {"query": "ships", "documents": ["Seven ships."]}, EVERYBODY, 200),
}
ASYNCHRONOUS = {"POST /api/v1/answers", "POST /v1/chat/completions"}
"""They answer from what the search may see: tests/chat/test_socket.py and test_api.py try them."""


def endpoints() -> set[str]:
    schemas = [described.get_openapi_schema() for described in (api, openai_api)]
    return {
        f"{method.upper()} {path}" for schema in schemas for path, ways in schema["paths"].items() for method in ways
    }


def test_every_endpoint_has_a_row() -> None:
    assert endpoints() == set(CALLS) | ASYNCHRONOUS


@pytest.mark.parametrize("name", sorted(CALLS))
def test_an_endpoint_is_for_those_who_may(world: World, name: str) -> None:
    call = CALLS[name]
    method, path = name.split(" ")
    names = {
        "document_id": world.things["ready"].pk,
        "chunk_id": world.things["chunk"].pk,
        "edit_id": world.things["edit"].pk,
        "set_id": world.things["embeddings"].pk,
        "slug": "team-papers" if "/chunking" in path else world.things["site"].slug,
    }
    path = path.format(**names)
    for who in each_alone():
        headers = {}
        if who != "nobody":
            headers["authorization"] = f"Bearer {world.tokens[who]}"
        body = call.body(world.things)
        extra = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        response = getattr(Client(), method.lower())(path, headers=headers, **extra)
        assert response.status_code == (401 if who == "nobody" else call.status(who)), who
        if response.status_code >= 400:
            error = response.json()["error"]
            assert error["code"], who
            assert error["message"], who


def test_lists_hold_only_what_one_may_see(world: World) -> None:
    for who in ("owner", "teammate", "member", "admin", "stranger"):
        client, headers = Client(), {"authorization": f"Bearer {world.tokens[who]}"}
        sees = who != "stranger"
        listed = client.get("/api/v1/documents", headers=headers).json()
        assert (listed["total"] > 0) is sees
        sources = client.get("/api/v1/sources", headers=headers).json()["sources"]
        assert ("team-papers" in [source["slug"] for source in sources]) is sees
        page = world.client(who).get(reverse("documents:index")).content.decode()
        assert ("plan.txt" in page) is sees
        assert ("Team papers" in page) is sees


def test_a_token_is_revoked_by_its_owner_alone(world: World) -> None:
    path = reverse("accounts:token_revoke", args=[world.things["token"].pk])
    world.client("admin").post(path)
    assert APIToken.objects.usable().filter(pk=world.things["token"].pk).exists()
    world.client("owner").post(path)
    assert not APIToken.objects.usable().filter(pk=world.things["token"].pk).exists()
