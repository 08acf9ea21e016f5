"""The connector that docs/connectors.md shows is one file, and is all that another kind of source needs."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from documents import connectors, services
from documents.models import RunState
from documents.storage import open_bytes
from tests.documents.syncs import counts, names
from tests.documents.test_pages import browser
from tests.fakes.website import Page, Site, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def feed(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    """A site with a feed, and the page's connector put where connectors are."""
    page = (settings.BASE_DIR / "docs" / "connectors.md").read_text()
    (tmp_path / "feed.py").write_text(page.split("```python\n")[1].split("```")[0])
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "documents.connectors.feed", raising=False)
    for kind, found in connectors.found_connectors().items():
        monkeypatch.setitem(connectors.CONNECTORS, kind, found)
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    with serving(Site()) as site:
        yield site
    sys.modules.pop("documents.connectors.feed", None)
    vars(connectors).pop("feed", None)


def put(site: Site, **texts: str) -> None:
    posts = [
        {
            "id": key,
            "title": key.title(),
            "url": f"{site.url}/{key}",
            "date_modified": str(len(text)),
            "content_text": text,
        }
        for key, text in texts.items()
    ]
    site.pages["/feed.json"] = Page(json.dumps({"items": posts}), type="application/feed+json")


def test_the_example_of_the_page_is_a_connector(cast: Any, feed: Site, syncing: Any) -> None:
    put(feed, tern="Terns dive.", gull="Gulls glide.")
    values = {"url": f"{feed.url}/feed.json"}
    assert "2 posts" in services.source_check(user=cast.ada, kind="feed", settings=values)
    assert b"Address" in browser(cast.ada).get("/sources/new/?kind=feed").content
    source = services.source_create(user=cast.ada, name="News", kind="feed", settings=values, sync_minutes=5)
    assert counts(syncing(source, cast.ada)) == (2, 0, 0, 0, 0)
    put(feed, tern="Terns dive deep.", heron="Herons stand.")
    assert counts(syncing(source, cast.ada)) == (1, 1, 0, 1, 0)
    assert names(source) == ["Heron.md", "Tern.md"]
    with open_bytes(source.documents.get(external_id="tern").sha256) as file:
        assert file.read() == b"# Tern\n\nTerns dive deep.\n"
    del feed.pages["/feed.json"]
    run = syncing(source, cast.ada)
    assert (run.state, run.error_code, len(names(source))) == (RunState.FAILED, "http_404", 2)


def test_the_kinds_that_are_shipped_are_found() -> None:
    assert list(connectors.CONNECTORS) == ["folder", "git", "notion", "postgres", "s3", "website"]
    for name, kind in connectors.CONNECTORS.items():
        assert kind is getattr(connectors, name).KIND
        *own, last = kind.labels()
        assert last == "max_items"
        assert own
