"""The playground in a real browser: two drafts answer one question, and one of them becomes a version."""

import pytest

from chat.models import AssistantVersion, QuestionSettings
from tests.browser.conftest import Open
from tests.browser.test_accessibility import violations
from tests.chat.conftest import Cast

pytestmark = pytest.mark.browser
QUESTION = "How many days of paid leave does an employee have?"
DONE = "[data-result-status] .badge:not(.badge--accent)"


def test_two_drafts_answer_side_by_side_and_one_is_saved_as_the_next_version(library: Cast, open_page: Open):
    page = open_page(library.root, "/playground/")
    page.fill("[data-column=b] [name=passages]", "3")
    page.fill("[data-question]", QUESTION)
    page.click(".playground__question button")
    for column in ("a", "b"):
        page.wait_for_selector(f"[data-column={column}] .chip")
        page.wait_for_selector(f"[data-column={column}] {DONE}")
        result = page.inner_text(f"[data-column={column}] [data-result-all]")
        assert "thirty days" in result
        assert "1 citation" in result
        assert "Write the answer" in result
        assert "score" in result
    assert page.inner_text("[data-column=a] [data-draft-state]") == "as saved"
    assert page.inner_text("[data-column=b] [data-draft-state]") == "draft, 1 change"
    page.click("[data-column=b] [data-save]")
    page.fill("[data-column=b] [name=note]", "fewer passages")
    page.click("[data-column=b] [data-save-dialog] [type=submit]")
    page.wait_for_selector("[data-column=b] [data-draft-state] >> text=as saved")
    saved = AssistantVersion.objects.get(assistant=library.assistant, number=2)
    assert (saved.passages, saved.note) == (3, "fewer passages")
    assert "b=library%3A2" in page.url


def test_filters_that_a_question_says_are_chips_that_can_be_taken_away(library: Cast, open_page: Open):
    page = open_page(library.root, "/playground/")
    page.fill("[data-question]", f"According to the Library, {QUESTION[0].lower()}{QUESTION[1:]}")
    page.click(".playground__question button")
    for column in ("a", "b"):
        page.wait_for_selector(f"[data-column={column}] {DONE}")
        assert page.inner_text(f"[data-column={column}] .narrowed__filter") == "Source: Library"
    # What is in the box by then is another question.
    page.fill("[data-question]", "What else?")
    page.locator("[data-column=b]").get_by_label("Ask again without “Source: Library”").press("Enter")
    page.wait_for_selector("[data-column=b] .narrowed__unused >> text=Asked again without “Source: Library”.")
    page.wait_for_selector(f"[data-column=b] {DONE}")
    assert page.locator("[data-column=b] .narrowed__filter").count() == 0
    assert "thirty days" in page.inner_text("[data-column=b] [data-result-text]")
    assert page.inner_text("[data-column=a] .narrowed__filter") == "Source: Library"
    assert page.locator("[data-column=a] .narrowed__unused").count() == 0
    assert violations(page) == []
    page.click(".playground__question button")
    page.wait_for_selector("[data-column=b] .narrowed__unused", state="detached")


def test_a_draft_has_settings_of_its_search_and_shows_which_is_wrong(library: Cast, open_page: Open):
    page = open_page(library.root, "/playground/")
    column = page.locator("[data-column=b]")
    column.locator("[data-search-settings] > summary").click()
    column.locator("[name=fusion]").select_option("rrf")
    column.locator("[name=candidates]").fill("0")
    column.locator("[data-question-settings] > summary").click()
    column.get_by_label("Rewrite questions").uncheck()
    column.locator("[name=passage_tokens]").fill("500")
    assert column.locator("[data-draft-state]").inner_text() == "draft, 4 changes"
    column.locator("[data-search-settings] > summary").click()
    page.fill("[data-question]", QUESTION)
    page.click(".playground__question button")
    assert column.locator("[name=candidates]").is_visible()
    assert column.locator("[name=candidates]").evaluate("field => document.activeElement === field")
    column.locator("[name=candidates]").fill("9")
    page.click(".playground__question button")
    page.wait_for_selector(f"[data-column=b] {DONE}")
    column.locator("[data-save]").click()
    column.locator("[data-save-dialog] [type=submit]").click()
    page.wait_for_selector("[data-column=b] [data-draft-state] >> text=as saved")
    saved = AssistantVersion.objects.get(assistant=library.assistant, number=2)
    assert (saved.fusion, saved.candidates, saved.reranker) == ("rrf", 9, "late_interaction")
    assert saved.question_settings == QuestionSettings(rewrite=False, passage_tokens=500)
