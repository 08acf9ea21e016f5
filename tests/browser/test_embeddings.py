"""Sets of embeddings in a real browser: one added, watched, switched to; the other removed; a build that pauses."""

import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from documents.ingest.rebuilding import build_slice, remove_slice
from documents.models import DataSource, EmbeddingSet, SetState
from tests.browser.conftest import Open
from tests.browser.test_sources import stay, stayed
from tests.chat.conftest import Cast, add_document
from tests.documents.embedding_sets import begin, build
from tests.fakes.embeddings import FakeEmbeddings

pytestmark = [pytest.mark.browser, pytest.mark.journeys]


@pytest.fixture
def embeddings(settings: Any) -> Iterator[FakeEmbeddings]:
    """A server of embeddings that this process and the application may call."""
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    with FakeEmbeddings() as fake:
        yield fake


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process begins it goes on with itself."""
    for name in ("ingest_waiting", "build_embedding_set", "tend_embedding_sets"):
        monkeypatch.setattr(f"documents.tasks.{name}.delay", lambda *_: None)


def test_a_set_is_tried_added_watched_and_switched_to_and_the_old_one_removed(
    worker: subprocess.Popen[bytes], library: Cast, embeddings: FakeEmbeddings, open_page: Open
) -> None:
    source = DataSource.objects.get(slug="library")
    for n in range(20):
        add_document(source, f"{n}.txt", f"Crane number {n} lifts {n * 3} tons.")
    page = open_page(library.root, "/embeddings/")
    page.click("#new-set")
    page.click("text=Test the model")
    expect(page.locator("[name=base_url]")).to_be_focused()
    page.select_option("[name=kind]", "shipped")
    expect(page.locator("[name=base_url]")).to_be_hidden()
    page.select_option("[name=kind]", "openai")
    page.fill("[name=base_url]", "http://127.0.0.1:9/v1")
    page.fill("[name=model]", "fake")
    page.click("text=Test the model")
    result = page.locator("[data-try-result]")
    expect(result).to_contain_text("cannot be reached")
    page.fill("[name=base_url]", embeddings.base_url)
    page.fill("[name=name]", "Harbour")
    page.click("text=Test the model")
    expect(result).to_contain_text("vectors of 64 dimensions")
    embeddings.failure, embeddings.delay_s = "slow", 2.0
    page.click("text=Build the set")

    page.wait_for_url("**/embeddings/")
    stay(page)
    new, old = page.locator("[data-set] >> nth=0"), page.locator("[data-set] >> nth=1")
    expect(new).to_contain_text("Being built")
    expect(page.locator("#new-set")).to_have_count(0)
    expect(new).to_contain_text(re.compile(r"[1-9]\d* of 22 passages"), timeout=15_000)
    embeddings.failure = ""
    expect(new).to_contain_text("Searched", timeout=30_000)
    expect(new).to_contain_text("22 passages")
    expect(old).to_contain_text("No longer searched")
    expect(page.locator("[data-live]")).to_have_text("Harbour is searched")
    expect(page.locator("#new-set")).to_be_visible()
    assert stayed(page)

    old.locator("text=Remove").first.click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("one cannot switch back to it")
    page.keyboard.press("Escape")
    expect(old.locator("[id^=ask-]")).to_be_focused()
    old.locator("[id^=ask-]").click()
    dialog.locator("[type=submit]").click()
    stay(page)
    expect(old).to_contain_text("Being removed")
    EmbeddingSet.objects.filter(state=SetState.RETIRED).update(remove_at=timezone.now() - timedelta(seconds=1))
    while remove_slice():
        pass
    expect(page.locator("[data-set]")).to_have_count(1)
    assert stayed(page)


def test_stopping_a_build_asks_and_the_question_outlives_the_progress_behind_it(
    library: Cast, embeddings: FakeEmbeddings, no_worker: None, open_page: Open
) -> None:
    made = begin(library, embeddings)
    page = open_page(library.root, "/embeddings/")
    page.click("[data-set] >> text=Cancel")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Stop building fake?")
    with page.expect_response("**/embeddings/"):
        pass
    expect(dialog).to_be_visible()
    dialog.locator("text=Go on building").click()
    made.refresh_from_db()
    assert made.state == SetState.BUILDING
    page.click("[data-set] >> text=Cancel")
    dialog.locator("text=Stop building").last.click()
    expect(page.locator(".toast")).to_contain_text("The set is being removed")
    assert not EmbeddingSet.objects.building()


def test_a_build_that_pauses_says_why_and_goes_on_with_another_key(
    library: Cast, embeddings: FakeEmbeddings, no_worker: None, open_page: Open
) -> None:
    made = begin(library, embeddings)
    page = open_page(library.root, "/embeddings/")
    stay(page)
    embeddings.api_key = "right"
    build_slice()
    row = page.locator(f"[data-set='{made.pk}']")
    expect(row).to_contain_text("Paused")
    expect(row).to_contain_text("refuses the API key")
    expect(row).to_contain_text("It goes on by itself at")
    assert stayed(page)
    row.locator("text=Address and key").click()
    page.fill("[name=api_key]", "wrong")
    page.click("main >> text=Save")
    expect(page.locator(".notice--bad")).to_contain_text("refuses the API key")
    assert page.input_value("[name=base_url]") == embeddings.base_url
    page.fill("[name=api_key]", "right")
    page.click("main >> text=Save")
    page.wait_for_url("**/embeddings/")
    build()
    expect(row).to_contain_text("Searched")


def test_editors_have_no_such_page(library: Cast, open_page: Open) -> None:
    editor = User.objects.create_user("edda@example.com", "x", role="editor")
    page = open_page(editor, "/sources/")
    assert page.locator("nav >> text=Embeddings").count() == 0
