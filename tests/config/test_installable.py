"""Footnote as an installed application: what browsers ask for without a cookie, and that it holds no data."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image


def test_the_manifest_names_icons_that_are_there():
    response = Client().get("/manifest.webmanifest")
    assert response["Content-Type"] == "application/manifest+json"
    body = response.json()
    assert (body["start_url"], body["scope"], body["display"]) == ("/", "/", "standalone")
    for icon in body["icons"]:
        path = finders.find(icon["src"].removeprefix(settings.STATIC_URL))
        with Image.open(Path(path)) as image:
            assert icon["sizes"] == "{}x{}".format(*image.size)


def test_the_worker_knows_this_versions_files_and_is_asked_for_anew():
    response = Client().get("/service-worker.js")
    script = response.content.decode()
    assert response["Content-Type"].startswith("text/javascript")
    assert response["Cache-Control"] == "no-cache"
    assert script.startswith(f'const STATIC = "{settings.STATIC_URL}";\nconst OFFLINE = "/offline/";\n')


@pytest.mark.django_db
def test_the_offline_page_is_the_same_for_everybody(admin_client: Client):
    nobody, admin = Client().get("/offline/"), admin_client.get("/offline/")
    assert nobody.content == admin.content
    assert "There is no connection" in nobody.content.decode()
    assert not re.search(r"<script|csrf|@", nobody.content.decode())
