"""Every page passes axe, in both themes, and fits a phone without scrolling sideways."""

from pathlib import Path
from typing import Any

import pytest

from documents.connectors import CONNECTORS
from documents.models import DataSource, SourceItem, SyncRun
from tests.browser.conftest import Open
from tests.chat.conftest import Cast

pytestmark = pytest.mark.browser
AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe-core" / "axe.min.js"
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
OUTSIDE = ("/accounts/login/", "/accounts/password/reset/")
INSIDE = (
    "/",
    "/documents/",
    "/sources/",
    "/sources/new/",
    *(f"/sources/new/?kind={kind}" for kind in ("upload", *CONNECTORS)),
    "/assistants/",
    "/assistants/new/",
    "/assistants/library/",
    "/models/",
    "/models/new/",
    "/playground/",
    "/account/tokens/",
    "/accounts/password/change/",
)
WIDTHS = (390, 820, 1440, 2560)


def violations(page: Any) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(f"axe.run(document, {RULES}).then((result) => result.violations)")
    return [f"{page.url} {one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_pass_axe_in_each_theme(library: Cast, open_page: Open, theme: str):
    problems = []
    page = open_page(None, OUTSIDE[0], theme=theme)
    for path in OUTSIDE:
        page.goto(path)
        problems += violations(page)
    page = open_page(library.root, "/", theme=theme)
    for path in INSIDE:
        page.goto(path, wait_until="load")
        problems += violations(page)
    assert problems == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_answer_with_its_drawer_passes_axe(library: Cast, open_page: Open, theme: str):
    page = open_page(library.root, "/", theme=theme)
    page.fill("[data-composer-input]", "How many days of paid leave does an employee have?")
    page.press("[data-composer-input]", "Enter")
    page.wait_for_selector(".answer:not([data-status=running]) .chip")
    problems = violations(page)
    page.click(".chip")
    page.wait_for_selector("[data-drawer-document] [data-span]")
    problems += violations(page)
    for tab in ("sources", "steps"):
        page.click(f"[data-drawer-tab={tab}]")
        page.wait_for_selector(f"[data-drawer-{tab}] > *")
        problems += violations(page)
    assert problems == []


def test_no_page_scrolls_sideways_at_any_width(library: Cast, open_page: Open):
    page = open_page(library.root, "/")
    wide = []
    for path in INSIDE:
        page.goto(path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(f"{path} at {width}")
    assert wide == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_a_sources_syncs_passes_axe_and_fits_every_width(library: Cast, open_page: Open, theme: str):
    source = DataSource.objects.create(
        name="Donaudampfschifffahrtsgesellschaftsdokumentation", slug="site", kind="website", owner=library.root,
        settings={"start_url": "https://example.com/"}, sync_minutes=60, sync_state="running",
    )  # fmt: skip
    address = "https://example.com/" + "a-long-word-without-a-break" * 12
    SourceItem.objects.create(
        source=source, external_id=address, name=address, status="failed", error_message="It took too long to answer."
    )
    SyncRun.objects.create(source=source, state="failed", error_code="x", error_message="The site did not answer.")
    SyncRun.objects.create(source=source, state="running", new=12, failed=1, started_by=library.root)
    page = open_page(library.root, "/sources/site/syncs/", theme=theme)
    problems = violations(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"too wide at {width}")
    assert problems == []
