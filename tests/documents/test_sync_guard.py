"""Every connector goes outside through the guard: neither a redirect, nor a name, nor a spelling leads it inside."""

import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from documents import services
from documents.models import DataSource, RunState
from tests.fakes.website import Asked, Page, Site, serving

pytestmark = pytest.mark.django_db(transaction=True)
INSIDE = "http://169.254.169.254/latest/meta-data/"


@pytest.fixture
def site(settings: Any, tmp_path: Any) -> Iterator[Site]:
    settings.DATA_DIR = tmp_path / "data"
    settings.OUTBOUND_ALLOW_PRIVATE = []
    with serving(Site()) as served:
        yield served


def sources_of(cast: Any, address: str, monkeypatch: Any) -> Iterator[DataSource]:
    """One of each kind that speaks HTTP, with its server there."""
    monkeypatch.setattr("documents.connectors.notion.API", f"{address}/v1")
    settings: dict[str, dict[str, Any]] = {
        "website": {"start_url": f"{address}/docs/", "delay": 0},
        "s3": {"endpoint": address, "bucket": "papers", "access_key": "AKIA", "secret_key": "s3cr3t"},
        "git": {"url": f"{address}/papers.git", "token": "s3cr3t"},
        "notion": {"token": "s3cr3t"},
    }
    for kind, values in settings.items():
        yield services.source_create(user=cast.ada, name=kind, kind=kind, settings=values)


def answering(page: Page, _asked: Asked) -> Page:
    return page


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_an_address_inside_is_refused_to_every_kind(
    cast: Any, site: Site, syncing: Any, monkeypatch: Any, host: str
) -> None:
    syncing.beside = True
    port = site.url.rsplit(":", 1)[1]
    for source in sources_of(cast, f"http://{host}:{port}", monkeypatch):
        run = syncing(source, cast.ada)
        assert (run.state, run.error_code) == (RunState.FAILED, "outbound_private"), source.kind
    assert site.asked == []


def test_no_redirect_leads_inside(cast: Any, site: Site, syncing: Any, settings: Any, monkeypatch: Any) -> None:
    """The server itself is allowed; where it points to is not."""
    syncing.beside = True
    settings.OUTBOUND_ALLOW_PRIVATE = [site.url.removeprefix("http://")]
    with serving(Site()) as inner:
        inner.otherwise = lambda _asked: Page(b"The inner secret.")
        for target in (INSIDE, f"{inner.url}/papers.git/info/refs?service=git-upload-pack"):
            away = Page(status=302, headers={"location": target})
            site.otherwise = partial(answering, away)
            for source in sources_of(cast, site.url, monkeypatch):
                run = syncing(source, cast.ada)
                assert run.state == RunState.FAILED or run.failed, source.kind
                assert not source.documents.exists()
        assert inner.asked == []


def test_a_name_that_changes_its_mind_leads_nowhere(cast: Any, site: Site, syncing: Any, monkeypatch: Any) -> None:
    """DNS rebinding: public when asked first, inside when asked again; and both at once."""
    port = int(site.url.rsplit(":", 1)[1])
    real = socket.getaddrinfo
    asked: list[str] = []
    answers: list[list[str]] = []

    def rebinding(host: Any, *given: Any, **options: Any) -> Any:
        if host != "rebind.example":
            return real(host, *given, **options)
        asked.append(host)
        addresses = answers[len(asked) % len(answers)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr("documents.connectors.http.CONNECT_S", 0.1)
    for turns in ([["203.0.114.1"], ["127.0.0.1"]], [["203.0.114.1", "127.0.0.1"]]):
        answers[:] = turns
        for source in sources_of(cast, f"http://rebind.example:{port}", monkeypatch):
            if source.kind != "git":  # it asks in a process of its own: tests/rag/test_git.py
                assert syncing(source, cast.ada).state == RunState.FAILED
    assert asked
    assert site.asked == []
