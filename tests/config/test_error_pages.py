"""Error pages: with the sidebar for who is signed in, alone for everybody else."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_an_error_page_has_a_sidebar_only_for_who_is_signed_in() -> None:
    client = Client()
    alone = client.get("/nothing/here/")
    client.force_login(User.objects.create_user("mia@example.com", "x"))
    framed = client.get("/nothing/here/")
    for response, has_sidebar in ((alone, False), (framed, True)):
        told = response.content.decode()
        assert (response.status_code, "Nothing here" in told) == (404, True)
        assert ('id="sidebar"' in told) is has_sidebar
        assert 'id="main"' in told


def test_a_page_that_is_out_of_date_says_so_and_blames_nobody() -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "mia@example.com"})
    told = response.content.decode()
    assert (response.status_code, "<title>Out of date" in " ".join(told.split())) == (403, True)
    assert "Not for you" not in told


def test_while_a_server_is_away_nobody_is_told_of_a_mistake(settings: Any) -> None:
    # Tries to sign in are counted in Valkey.
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey.sock"}}
    client = Client(raise_request_exception=False)
    tried = {"login": "mia@example.com", "password": "wrong"}
    page = client.post("/accounts/login/", tried)
    assert (page.status_code, "Try again in a moment" in page.content.decode()) == (503, True)
    told = client.post("/accounts/login/", tried, headers={"accept": "application/json"})
    assert (told.status_code, told.json()["error"]["code"]) == (503, "unavailable")


def test_a_program_is_told_that_a_server_is_away() -> None:
    def away(*_words: Any) -> Any:
        raise OperationalError("the connection is closed")

    with connection.execute_wrapper(away):
        told = Client().get("/api/v1/documents", headers={"authorization": "Bearer fn_any"})
    assert (told.status_code, told.json()["error"]["code"]) == (503, "unavailable")
