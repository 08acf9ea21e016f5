"""The playground in a real browser: two drafts answer one question, and one of them becomes a version."""

import pytest

from chat.models import AssistantVersion
from tests.browser.conftest import Open
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
        assert "generate" in result
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
