"""Syncing Notion, against a fake written from its public API reference."""

from collections.abc import Iterator
from typing import Any

import pytest

from documents import services
from documents.errors import DocumentsError
from documents.ingest import ingest
from documents.models import DataSource, RunState
from documents.storage import open_bytes
from tests.documents.syncs import counts, failures, names
from tests.fakes.notion import Notion
from tests.fakes.website import Page, Site, serving

pytestmark = [pytest.mark.connectors, pytest.mark.django_db(transaction=True)]
TOKEN = "ntn_s3cr3t"


@pytest.fixture
def notion(settings: Any, monkeypatch: Any) -> Iterator[Notion]:
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    with serving(Site()) as site:
        monkeypatch.setattr("documents.connectors.notion.API", f"{site.url}/v1")
        yield Notion(site, TOKEN)


@pytest.fixture
def source(cast: Any, notion: Notion, syncing: Any) -> DataSource:
    return services.source_create(user=cast.ada, name="Wiki", kind="notion", settings={"token": TOKEN})


def text_of(source: DataSource, key: str) -> str:
    with open_bytes(source.documents.get(external_id=key).sha256) as file:
        return str(file.read().decode())


def test_pages_come_as_markdown(cast: Any, source: DataSource, notion: Notion, syncing: Any) -> None:
    b = notion.block
    key = notion.page(
        "Travel rules",
        b("paragraph", "Trains come before flights."),
        b("heading_2", "Hotels"),
        b("bulleted_list_item", "Berlin", b("bulleted_list_item", "120 euros", b("numbered_list_item", "breakfast"))),
        b("bulleted_list_item", "Paris"),
        b("to_do", "Ask first", checked=True),
        b("toggle", "More", b("paragraph", "Hidden words.")),
        b("quote", "Two\nlines"),
        b("code", "print(1)", language="python"),
        b("table", "", b("table_row", cells=[[{"plain_text": "City"}], [{"plain_text": "Limit"}]]),
          b("table_row", cells=[[{"plain_text": "Rome"}], [{"plain_text": "1|2"}]]), table_width=2),
        b("column_list", "", b("column", "", b("paragraph", "In a column."))),
        b("unsupported", ""),
        b("bookmark", url="https://example.com/"),
        b("child_page", title="Below"),
        Owner={"type": "people", "people": [{"name": "Ada"}]},
        Due={"type": "date", "date": {"start": "2026-04-01", "end": None}},
        Done={"type": "checkbox", "checkbox": False},
        Sum={"type": "formula", "formula": {"type": "number", "number": 7}},
        Kind={"type": "select", "select": None},
        Total={"type": "rollup", "rollup": {"type": "number", "number": 12, "function": "sum"}},
        Parts={"type": "rollup", "rollup": {"type": "array", "array": [
            {"type": "title", "title": [{"plain_text": "Bolt"}]}, {"type": "number", "number": 3}]}},
    )  # fmt: skip
    assert "Reader" in services.source_check(user=cast.ada, kind="notion", settings={}, source=source)
    assert counts(syncing(source, cast.ada)) == (1, 0, 0, 0, 0)
    text = text_of(source, key)
    for part in (
        "# Travel rules\n\nOwner: Ada\n\nDue: 2026-04-01\n\nDone: no\n\nSum: 7\n\nTotal: 12\n\n",
        "Parts: Bolt, 3\n\n\nTrains come",
        "### Hotels\n\n- Berlin\n  - 120 euros\n    1. breakfast\n- Paris\n- [x] Ask first\n- More\n",
        "Hidden words.", "> Two\n> lines", "```python\nprint(1)\n```",
        "| City | Limit |\n|---|---|\n| Rome | 1\\|2 |", "In a column.", "https://example.com/", "Below",
    ):  # fmt: skip
        assert part in text, text
    document = source.documents.get()
    assert document.address.startswith("https://www.notion.so/")
    assert document.modified_at.isoformat() == "2026-03-01T10:01:00+00:00"
    ingest(document.pk)
    document.refresh_from_db()
    assert (document.status, document.title) == ("ready", "Travel rules")


def test_a_database_is_a_table_and_its_rows_are_pages(
    cast: Any, source: DataSource, notion: Notion, syncing: Any
) -> None:
    key = notion.database("Suppliers")
    for number in range(3):
        notion.page(f"Supplier {number}", database=key, Rating={"type": "number", "number": number})
    assert counts(syncing(source, cast.ada)) == (4, 0, 0, 0, 0)
    assert "| Name | Rating |\n|---|---|\n| Supplier 0 | 0 |\n| Supplier 1 | 1 |" in text_of(source, key)
    notion.page("Supplier 3", database=key, Rating={"type": "number", "number": 3})
    assert counts(syncing(source, cast.ada)) == (1, 1, 3, 0, 0)
    values = {"databases": False}
    services.source_update(
        user=cast.ada, source=source, name="Wiki", description="", visibility="everyone", settings=values
    )
    run = syncing(source, cast.ada)
    assert (run.deleted, len(names(source))) == (1, 4)


def test_changes_and_deletions_are_followed_even_when_search_lags(
    cast: Any, source: DataSource, notion: Notion, syncing: Any
) -> None:
    keys = [notion.page(f"Page {n}", notion.block("paragraph", f"Words {n}.")) for n in range(5)]
    assert counts(syncing(source, cast.ada)) == (5, 0, 0, 0, 0)
    notion.children[keys[0]] = [notion.block("paragraph", "Other words.")]
    notion.touch(keys[0])
    notion.things[keys[1]]["archived"] = True
    del notion.things[keys[2]]
    notion.unlisted.add(keys[3])
    run = syncing(source, cast.ada)
    assert counts(run) == (0, 1, 2, 2, 0)
    assert names(source) == ["Page 0.md", "Page 3.md", "Page 4.md"]


def test_pauses_are_kept_and_a_token_that_is_refused_is_told(
    cast: Any, source: DataSource, notion: Notion, syncing: Any
) -> None:
    notion.page("One", notion.block("paragraph", "Words."))
    notion.refusals = [Page(b"{}", 429, {"retry-after": "1"}), Page(b"{}", 429, {"retry-after": "40"})]
    assert counts(syncing(source, cast.ada)) == (1, 0, 0, 0, 0)
    assert syncing.pauses == [40.0]
    notion.token = "another"
    run = syncing(source, cast.ada)
    assert (run.state, run.error_code, run.deleted) == (RunState.FAILED, "access_denied", 0)
    assert TOKEN not in run.error_message
    with pytest.raises(DocumentsError) as refused:
        services.source_check(user=cast.ada, kind="notion", settings={"token": "wrong"}, source=source)
    assert refused.value.code == "access_denied"


def test_a_page_that_fails_fails_alone_and_is_tried_again(
    cast: Any, source: DataSource, notion: Notion, syncing: Any, monkeypatch: Any
) -> None:
    small = notion.page("Small", notion.block("paragraph", "Words."))
    large = notion.page("Large", *(notion.block("toggle", "x", notion.block("paragraph", "y")) for _ in range(12)))
    monkeypatch.setattr("documents.connectors.notion.MAX_REQUESTS", 10)
    assert counts(syncing(source, cast.ada)) == (1, 0, 0, 0, 1)
    assert failures(source) == {large: "too_large"}
    assert source.documents.get().external_id == small
    monkeypatch.setattr("documents.connectors.notion.MAX_REQUESTS", 100)
    assert counts(syncing(source, cast.ada)) == (1, 0, 1, 0, 0)


def test_an_integration_that_sees_nothing_any_more_deletes_nothing_at_once(
    cast: Any, source: DataSource, notion: Notion, syncing: Any
) -> None:
    notion.page("One", notion.block("paragraph", "Words."))
    syncing(source, cast.ada)
    notion.things.clear()
    run = syncing(source, cast.ada)
    assert (run.state, run.error_code, names(source)) == (RunState.FAILED, "source_empty", ["One.md"])
    assert (syncing(source, cast.ada).deleted, names(source)) == (1, [])
