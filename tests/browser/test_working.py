"""Working with an answer in a real browser: branches, going on, copying, thumbs, what to ask next, reading aloud."""

from collections.abc import Iterator
from typing import Any

import pytest

from chat.models import Conversation, Feedback
from tests.browser.conftest import Open
from tests.browser.test_accessibility import violations
from tests.browser.test_chat_page import ANSWER, QUESTION, ask, ask_and_wait
from tests.chat.conftest import Cast, add_document, use_llm  # noqa: F401 - a fixture
from tests.fakes.llm import FakeLLM

pytestmark = [pytest.mark.browser, pytest.mark.journeys]
OTHER = "When does unused leave expire?"
FAQ = "Is there Wi-Fi on board?\n\nWi-Fi is free on all ships. Each device may use 500 MB on a crossing."
# A headless browser has no voices.
VOICES = """
class Utterance extends EventTarget { constructor(text) { super(); this.text = text; } }
const voices = [{lang: "en-GB", default: true}, {lang: "de-DE"}];
window.spoken = [];
Object.defineProperty(window, "speechSynthesis", {value: Object.assign(new EventTarget(), {
  getVoices: () => voices,
  speak(utterance) { window.spoken.push(utterance.text, utterance.lang); window.utterance = utterance; },
  cancel() {},
})});
window.SpeechSynthesisUtterance = Utterance;
"""


@pytest.fixture
def llm() -> Iterator[FakeLLM]:
    with FakeLLM().in_thread() as server:
        yield server


def shown(page: Any) -> str:
    """Which of its siblings each message is that has any."""
    return " ".join(page.locator(".switcher:not([hidden]) .switcher__count").all_inner_texts())


def top(page: Any, selector: str) -> float:
    return float(page.locator(selector).last.bounding_box()["y"])


def test_a_question_in_other_words_and_another_answer_are_branches_that_two_pages_turn(library: Cast, open_page: Open):
    page = open_page(library.mia, "/")
    ask_and_wait(page)
    # What was typed stays when it cannot be asked; Escape leaves everything as it was.
    page.hover(".question")
    page.get_by_label("Ask in other words").click()
    page.fill(".question__input", "x" * 8001)
    page.press(".question__input", "Enter")
    assert "8,001 of 8,000" in page.inner_text(".question__hint")
    page.press(".question__input", "Escape")
    assert page.locator(".question__input").count() == 0
    page.get_by_label("Ask in other words").press("Enter")
    assert page.input_value(".question__input") == QUESTION
    page.fill(".question__input", OTHER)
    page.press(".question__input", "Enter")
    page.wait_for_selector(".question .switcher:not([hidden])")
    page.wait_for_selector(".answer:not([data-status=running])")
    assert (page.inner_text(".question__text").split("\n")[-1], shown(page)) == (OTHER, "2 / 2")

    page.click("[data-again]")
    page.wait_for_selector(".answer .switcher:not([hidden])")
    page.wait_for_selector(".answer:not([data-status=running]) .chip")
    assert shown(page) == "2 / 2 2 / 2"
    second = open_page(library.mia, page.url.removeprefix(page.evaluate("location.origin")))
    second.wait_for_selector(".answer .chip")
    assert shown(second) == "2 / 2 2 / 2"

    # Side by side, each with its chips; the page has the one again that was chosen.
    page.click("[data-compare]")
    assert page.locator(".compare__column").count() == 2
    assert "Library, version 1" in page.locator(".compare__column").first.inner_text()
    assert violations(page) == []
    page.locator(".compare__column .chip").first.click()
    assert page.wait_for_selector("[data-drawer-document] [data-span]").inner_text()
    page.keyboard.press("Escape")
    page.locator(".compare__column").first.get_by_text("Show this one").click()
    page.wait_for_selector("[data-announcer]:has-text('Answer 1 of 2')", state="attached")
    second.wait_for_selector(".answer .switcher__count:text-is('1 / 2')")

    # By the keyboard, and what is turned stays where it is.
    page.set_viewport_size({"width": 1440, "height": 300})
    page.locator(".question [data-turn='-1']").focus()
    before = top(page, ".question .switcher")
    page.keyboard.press("ArrowLeft")
    assert QUESTION in page.inner_text(".question__text")
    assert ANSWER in page.inner_text(".answer__text")
    assert abs(top(page, ".question .switcher") - before) < 2
    assert page.evaluate("document.activeElement.dataset.turn") == "-1"
    second.wait_for_selector(f".question__text:has-text('{QUESTION}')")
    assert Conversation.objects.get().messages.count() == 5


def test_an_answer_that_was_stopped_goes_on(library: Cast, open_page: Open, llm: FakeLLM, use_llm: Any):  # noqa: F811
    use_llm(library.assistant, llm)
    llm.tokens_per_second = 30
    llm.reply = f"{ANSWER[:-1]} [1]. And so on and on " + "and on " * 400
    page = open_page(library.mia, "/")
    ask(page)
    page.wait_for_selector(".chip")
    page.click("[data-composer-send]")
    page.wait_for_selector(".answer[data-status=stopped]")
    before = page.evaluate("document.querySelector('.answer__text').textContent")
    llm.reply = "until the thirty-first of March [1]."
    page.get_by_role("button", name="Go on", exact=True).click()
    page.wait_for_selector("[data-announcer]:has-text('The answer goes on')", state="attached")
    page.wait_for_selector(".answer[data-status=complete] .chip >> nth=1")
    after = page.evaluate("document.querySelector('.answer__text').textContent")
    assert after.strip() == f"{before.strip()} until the thirty-first of March.2"
    page.reload()
    page.wait_for_selector(".chip >> nth=1")
    assert page.evaluate("document.querySelector('.answer__text').textContent").strip() == after.strip()


def test_the_foot_copies_hears_reads_aloud_and_says_what_to_ask_next(library: Cast, open_page: Open):
    add_document(library.leave.source, "faq.txt", FAQ)
    page = open_page(library.mia, "/health/live")
    page.add_init_script(VOICES)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/")
    ask_and_wait(page)
    clipboard = "navigator.clipboard.readText()"
    page.click("[data-copy-answer]")
    page.wait_for_selector(".toast:has-text('Copied')")
    assert f"{ANSWER}[^1]" in page.evaluate(clipboard)
    assert f"[^1]: leave.txt: “{ANSWER}”" in page.evaluate(clipboard)
    page.get_by_label("Ways to copy").first.click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast:has-text('plain text')")
    assert f"[1] leave.txt: {ANSWER}" in page.evaluate(clipboard)
    assert page.evaluate("localStorage['footnote.copy']") == "plain"

    page.click("[data-read-aloud]")
    assert page.evaluate("spoken")[:2] == [ANSWER, "en"]
    assert page.evaluate("[...CSS.highlights.get('spoken')].map(String)") == [ANSWER]
    page.get_by_label("Stop reading").first.click()
    assert not page.evaluate("CSS.highlights.has('spoken')")

    page.click("[data-thumb=bad]")
    assert violations(page) == []
    page.get_by_label("It is out of date").check()
    page.get_by_label("In your own words").fill("It is 31 since May.")
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_selector(".toast:has-text('Thank you')")
    assert Feedback.objects.get().comment == "It is 31 since May."
    page.reload()
    page.wait_for_selector("[data-thumb=bad][aria-pressed=true]")
    page.click("[data-thumb=bad]")
    assert page.get_by_label("It is out of date").is_checked()
    page.get_by_role("button", name="Take back").click()
    page.wait_for_selector(".thumb__panel:popover-open", state="hidden")
    page.wait_for_selector("[data-thumb=bad][aria-pressed=false]")
    assert not Feedback.objects.exists()

    # A draft is not in the way of what is asked at a click.
    page.fill("[data-composer-input]", "A draft")
    page.click(".next button")
    page.wait_for_selector(".question >> nth=1")
    assert "Is there Wi-Fi on board?" in page.locator(".question__text").last.inner_text()
    page.wait_for_selector(".answer:not([data-status=running]) >> nth=1")
    assert page.input_value("[data-composer-input]") == "A draft"

    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.locator("[data-read-aloud]").first.is_visible()
    page.locator("[data-more]").first.click()
    page.wait_for_selector(".menu__item:visible >> text=Read aloud")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
