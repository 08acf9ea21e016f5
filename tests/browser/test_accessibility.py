"""Every page passes axe, in both themes, and fits a phone without scrolling sideways.

With SCREENSHOTS set to a folder, pictures of each are kept there: ``SCREENSHOTS=var/looks make page-test``.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat.models import Conversation, Folder
from documents.connectors import CONNECTORS
from documents.embedders import active_set
from documents.models import DataSource, EmbeddingSet, Reranker, SourceItem, SyncRun
from tests.browser.conftest import Open
from tests.browser.pictures import keep
from tests.chat.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.pages]
AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe-core" / "axe.min.js"
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
COLOURS = "{runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}}"
OUTSIDE = ("/accounts/login/", "/accounts/password/reset/", "/offline/")
INSIDE = (
    "/",
    "/documents/",
    "/sources/",
    "/sources/new/",
    *(f"/sources/new/?kind={kind}" for kind in ("upload", *CONNECTORS)),
    "/assistants/",
    "/assistants/new/",
    "/assistants/library/",
    "/prompts/",
    "/prompts/new/",
    "/models/",
    "/models/new/",
    "/embeddings/",
    "/embeddings/new/",
    "/rerankers/",
    "/rerankers/new/",
    "/playground/",
    "/playground/retrieval/",
    "/account/tokens/",
    "/conversations/archive/",
    "/accounts/password/change/",
    "/import/",
    "/welcome/",
)
WIDTHS = (390, 820, 1440, 2560)


STILL = """Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null)))
    .then(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))"""


def violations(page: Any, dark: bool = True) -> list[str]:
    """What axe finds on a page that is shown light: by all rules, then by those about colours shown dark.

    Colours are the same at every width: ``dark`` is for one of them.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    problems = _found(page, RULES)
    if not dark:
        return problems
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.evaluate(STILL)
    problems += [f"dark: {each}" for each in _found(page, COLOURS)]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.evaluate(STILL)
    return problems


def _found(page: Any, rules: str) -> list[str]:
    # What is behind a modal dialog is inert, and its colours are mixed with the backdrop's.
    shown = "document.querySelector('dialog:modal') ?? document"
    found = page.evaluate(f"axe.run({shown}, {rules}).then((result) => result.violations)")
    return [
        f"{page.url} {one['id']}: {node['html'][:160]} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def too_wide(page: Any, path: str) -> list[str]:
    """The widths at which the page scrolls sideways; the last of them stays."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{path} is too wide at {width}")
    return found


@pytest.mark.parametrize("paths", [OUTSIDE, INSIDE[::2], INSIDE[1::2]], ids=["outside", "inside", "more inside"])
def test_pages_pass_axe_and_fit_every_width(library: Cast, open_page: Open, paths: tuple[str, ...]):
    problems = []
    page = open_page(None if paths == OUTSIDE else library.root, paths[0])
    for path in paths:
        page.goto(path, wait_until="load")
        keep(page, path)
        problems += violations(page) + too_wide(page, path)
        page.set_viewport_size({"width": 1440, "height": 900})
    assert problems == []


def test_an_answer_with_its_drawer_passes_axe(library: Cast, open_page: Open):
    page = open_page(library.root, "/")
    page.fill("[data-composer-input]", "According to the Library, how many days of paid leave does an employee have?")
    page.press("[data-composer-input]", "Enter")
    page.wait_for_selector(".answer:not([data-status=running]) .chip")
    page.click(".narrowed__remove")
    page.wait_for_selector(".answer:not([data-status=running]) .chip >> nth=1")
    keep(page, "answer")
    problems = violations(page)
    page.click(".chip >> nth=1")
    page.wait_for_selector("[data-drawer-document] [data-span]")
    keep(page, "answer drawer")
    problems += violations(page)
    for tab in ("sources", "steps"):
        page.click(f"[data-drawer-tab={tab}]")
        page.wait_for_selector(f"[data-drawer-{tab}] > *")
        keep(page, f"answer {tab}")
        problems += violations(page)
    assert problems == []


def test_the_search_the_menus_and_a_full_archive_pass_axe(library: Cast, open_page: Open):
    folder = Folder.objects.create(user=library.root, name="Donaudampfschifffahrtsgesellschaftsunterlagen")
    fields = {"user": library.root, "assistant": library.assistant}
    Conversation.objects.create(title="Wortungetümlichkeitsbescheinigungsverfahren", folder=folder, **fields)
    Conversation.objects.create(title="رسوم الميناء", pinned_at=timezone.now(), **fields)
    Conversation.objects.create(title="Harbour " * 10, archived_at=timezone.now(), **fields)
    problems = []
    page = open_page(library.root, "/conversations/archive/")
    keep(page, "archive full")
    problems += violations(page) + too_wide(page, "the archive")
    page.set_viewport_size({"width": 1440, "height": 900})
    for more, menu in (("[data-folder-more]", "folder-menu"), ("[data-conversation-more]", "conversation-menu")):
        page.locator(more).first.click()
        page.wait_for_selector(f"#{menu}:popover-open")
        problems += violations(page)
    page.click("#conversation-menu [data-do=move]")
    page.wait_for_selector("#move-menu:popover-open")
    problems += violations(page)
    page.keyboard.press("Control+k")
    page.keyboard.type("harb")
    page.wait_for_selector("#palette mark")
    keep(page, "search")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        problems += violations(page)
    assert problems == []


def make_sources(owner: User) -> None:
    """Sources with long names: one that syncs, failed before and has items that failed, and one of uploads."""
    source = DataSource.objects.create(
        name="Donaudampfschifffahrtsgesellschaftsdokumentation", slug="site", kind="website", owner=owner,
        settings={"start_url": "https://example.com/"}, sync_minutes=60, sync_state="running",
    )  # fmt: skip
    address = "https://example.com/" + "a-long-word-without-a-break" * 12
    SourceItem.objects.create(
        source=source, external_id=address, name=address, status="failed", error_message="It took too long to answer."
    )
    SourceItem.objects.create(source=source, external_id="next", name="next")
    for n in range(12):
        SyncRun.objects.create(source=source, state="failed" if n else "done", error_message="It did not answer." * 9)
    SyncRun.objects.create(source=source, state="running", phase="fetching", new=12, failed=1, started_by=owner)
    DataSource.objects.create(
        name="قواعد الميناء " + "Hafenordnungsdurchführungsbestimmungen", slug="closed", visibility="restricted",
        owner=owner, description="What holds in the harbour. " * 9,
    )  # fmt: skip


def make_sets() -> None:
    """A set in each state: searched, paused, kept, being removed."""
    active_set()
    kinds = {
        "kind": "openai",
        "base_url": f"https://{'embeddings-' * 14}.example.com/v1",
        "model": "m",
        "dimensions": 64,
    }
    soon = timezone.now() + timedelta(hours=9)
    EmbeddingSet.objects.create(
        name="Lastschifftransportbezeichnungen" * 3, state="building", error_code="x", paused_until=soon,
        error="The embedding server refuses the API key. Enter another one.", **kinds,
    )  # fmt: skip
    EmbeddingSet.objects.create(name="Kept", state="retired", remove_at=soon, **kinds)
    EmbeddingSet.objects.create(name="Going", state="retired", remove_at=timezone.now(), **kinds)


def make_rerankers() -> None:
    """One that works and one that failed, with long names."""
    Reranker.objects.create(slug="near", name="Near", kind="cross_encoder", model="ms-marco-minilm")
    Reranker.objects.create(
        slug="far", name="Rangfolgenbestimmungsverfahren" * 3, kind="remote", model="m",
        base_url=f"https://{'reranking-' * 14}.example.com/v1", error_code="reranking_unauthorized",
        error="The reranking server refuses the API key. An admin can enter a new one.",
    )  # fmt: skip


WITH_DATA = (
    "/sources/",
    "/sources/site/syncs/",
    "/sources/site/",
    "/sources/closed/",
    "/sources/library/chunking/?max_tokens=64&overlap_sentences=0",
    "/embeddings/",
    "/rerankers/",
    "/rerankers/far/",
)


def test_sources_and_models_at_work_pass_axe_and_fit_every_width(library: Cast, open_page: Open):
    make_sources(library.root)
    make_sets()
    make_rerankers()
    problems = []
    page = open_page(library.root, "/")
    for path in WITH_DATA:
        page.goto(path)
        keep(page, f"{path} full")
        problems += too_wide(page, path)
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            problems += violations(page, dark=width == 390)
    page.goto("/embeddings/")
    page.click("[id^=ask-] >> nth=0")
    page.wait_for_selector("dialog[open]")
    problems += violations(page)
    page.goto("/sources/new/?kind=postgres")
    page.fill("[name=connector-host]", "/tmp/socket")
    page.click("main form [type=submit]")
    page.wait_for_selector("[data-field-error]:visible")
    problems += violations(page)
    assert problems == []


def test_a_page_without_any_source_passes_axe(library: Cast, open_page: Open):
    DataSource.objects.all().delete()
    page = open_page(library.root, "/sources/", width=390)
    page.wait_for_selector(".empty")
    keep(page, "sources empty")
    assert violations(page) == []
