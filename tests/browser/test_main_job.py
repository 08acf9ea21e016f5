"""The main job, as a newcomer does it: sign in, upload, watch it become ready, ask, read, follow a footnote."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.models import User
from chat.services.assistants import ensure_defaults
from tests.browser.conftest import Open

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
REPORT = ROOT / "demo" / "documents" / "incident-report-2025-07.pdf"
QUESTION = "Why did generator 2 not start by itself?"
SENTENCE = (
    "Generator 2 did not start by itself because its start battery had been disconnected during work on 16 November "
    "and had not been connected again."
)


def test_from_the_sign_in_page_to_the_words_in_the_pdf(worker: subprocess.Popen[bytes], open_page: Open) -> None:
    ensure_defaults(llm_base_url="", llm_api_key="", llm_model="")
    User.objects.create_user("editor@example.com", "Correct-horse-9", role="editor", name="Edda")

    page = open_page(None, "/")
    page.fill("input[name=login]", "editor@example.com")
    page.fill("input[name=password]", "Correct-horse-9")
    page.click("main button[type=submit]")
    page.wait_for_selector("[data-composer-input]")

    page.click("nav >> text=Documents")
    page.set_input_files("#upload-files", REPORT)
    row = page.locator("[data-uploads-list] li").first
    expect(row).to_contain_text(REPORT.name)
    expect(row).to_contain_text("Ready", timeout=30_000)

    page.goto("/")
    page.fill("[data-composer-input]", QUESTION)
    page.press("[data-composer-input]", "Enter")
    expect(page.locator(".answer__text")).to_contain_text("its start battery had been disconnected", timeout=20_000)
    chip = page.locator(".answer .chip").first
    chip.wait_for()
    assert "[1]" not in page.locator(".answer__text").inner_text()
    # The passage begins on page 1; the sentence stands on page 2.
    expect(page.locator(".note").first).to_contain_text("Page 2")

    # A scroll puts the card away, and the answer's end may cause one.
    page.locator("[data-status=complete] .chip").first.wait_for()
    chip.hover()
    expect(page.locator(".card-hover mark").first).to_have_text(SENTENCE)
    chip.click()
    link = page.locator("[data-drawer-document] a.button")
    link.wait_for()
    expect(page.locator("[data-drawer-document] [data-span]").first).to_be_visible()
    link.click()
    page.wait_for_url("**/documents/**")
    box = page.locator(".pdf__mark").first
    box.wait_for()
    page.wait_for_selector(".pdf__pages canvas")
    shown = box.bounding_box()
    assert shown
    assert shown["width"] > 20
    assert shown["y"] > 0
