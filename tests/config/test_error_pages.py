"""Error pages: with the sidebar for who is signed in, alone for everybody else."""

import pytest
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
