"""The chat page in a real browser, on the running application: from the question to the words in the document."""

import re
from typing import Any

import pytest

from chat.models import Conversation, Message
from chat.services.assistants import VersionFields, assistant_create
from tests.browser.conftest import Open
from tests.chat.conftest import Cast

pytestmark = pytest.mark.browser
QUESTION = "How many days of paid leave does an employee have?"
ANSWER = "Every employee has thirty days of paid leave a year."


def ask(page: Any, question: str = QUESTION) -> None:
    page.fill("[data-composer-input]", question)
    page.press("[data-composer-input]", "Enter")


def ask_and_wait(page: Any, question: str = QUESTION) -> None:
    ask(page, question)
    page.wait_for_selector(".answer:not([data-status=running])")


def test_a_question_becomes_an_answer_that_leads_to_the_exact_words(library: Cast, open_page: Open):
    """The chip and the note beside it, the passage, the steps, all of it after a reload, and the document."""
    page = open_page(library.mia, "/")
    ask_and_wait(page)
    assert QUESTION in page.inner_text(".question")
    assert ANSWER in page.inner_text(".answer__text")
    chip, note = page.locator(".chip").first, page.locator(".note").first
    assert chip.inner_text() == "1"
    assert "leave.txt" in note.inner_text()
    assert chip.get_attribute("aria-describedby") == note.get_attribute("id")
    assert abs(chip.bounding_box()["y"] - note.bounding_box()["y"]) < 40
    assert re.search(r"/c/[0-9a-f-]{36}/$", page.url)
    assert page.locator("[data-conversation-list] [aria-current=page]").inner_text() == QUESTION

    page.hover(".chip")
    page.wait_for_selector(".card-hover:popover-open")
    assert page.inner_text(".card-hover mark") == ANSWER
    assert page.locator(".note[data-lit]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".card-hover:popover-open").count() == 0

    page.click("text=Steps")
    page.wait_for_selector("[data-drawer-steps] .step")
    assert "Write the answer" in page.inner_text("[data-drawer-steps]")
    assert re.search(r"\d ms", page.inner_text("[data-drawer-steps]"))
    page.keyboard.press("Escape")
    assert not page.locator("[data-drawer]").is_visible()

    page.click(".chip")
    assert page.wait_for_selector("[data-drawer-document] [data-span]").inner_text() == ANSWER
    before = page.inner_text(".answer__text")
    page.reload()
    page.wait_for_selector(".chip")
    assert page.inner_text(".answer__text") == before
    assert page.title() == f"{QUESTION} · Footnote"

    page.click(".chip")
    assert page.wait_for_selector("[data-drawer-document] [data-span]").inner_text() == ANSWER
    page.click("[data-drawer-tab=sources]")
    assert page.inner_text(".passage[data-chosen] mark[data-chosen]") == ANSWER
    page.click("[data-drawer-tab=document]")
    page.click("[data-drawer-document] a.button")
    assert page.wait_for_selector("main [data-span]").inner_text() == ANSWER


def test_a_filter_said_in_words_is_shown_and_can_be_taken_away(library: Cast, open_page: Open):
    page = open_page(library.mia, "/")
    said = f"According to the Library, {QUESTION[0].lower()}{QUESTION[1:]}"
    ask_and_wait(page, said)
    page.wait_for_selector("[data-announcer]:has-text('The search was narrowed. Source: Library.')", state="attached")
    before = page.inner_text(".answer__text")
    assert page.inner_text(".narrowed__filter") == "Source: Library"
    page.reload()
    page.wait_for_selector(".chip")
    assert page.inner_text(".answer__text") == before
    # Taken away by the keyboard, it is asked again below, and the first answer stays.
    page.get_by_label("Ask again without “Source: Library”").press("Enter")
    page.wait_for_selector(".answer:not([data-status=running]) >> nth=1")
    assert page.inner_text(".question__without") == "Asked again without “Source: Library”."
    assert page.locator(".narrowed__filter").count() == 1
    assert page.locator(".answer__text").all_inner_texts() == [before, before]


def test_what_is_not_asked_or_not_answered_is_kept_and_said_quietly(library: Cast, open_page: Open):
    """A draft outlives a reload, one that is too long stays with a count, and a refusal can be tried again."""
    page = open_page(library.mia, "/")
    page.fill("[data-composer-input]", "A question in the making")
    page.reload()
    assert page.input_value("[data-composer-input]") == "A question in the making"

    page.fill("[data-composer-input]", "x" * 8001)
    page.press("[data-composer-input]", "Enter")
    assert "8,001 of 8,000 characters" in page.inner_text("[data-composer-hint]")
    assert page.locator(".question").count() == 0

    ask_and_wait(page, "What is the melting point of tungsten?")
    answer = page.locator(".answer")
    assert answer.get_attribute("data-status") == "refused"
    assert answer.locator(".notice--bad").count() == 0
    assert answer.locator("text=Try again").is_visible()


def test_without_a_connection_the_question_waits_in_the_box(library: Cast, open_page: Open):
    page = open_page(library.mia, "/")
    page.wait_for_load_state("networkidle")
    page.route_web_socket("**/ws/chat/", lambda socket: socket.close())
    page.reload()
    page.wait_for_selector("[data-thread-banner]:not([hidden])")
    ask(page)
    assert page.input_value("[data-composer-input]") == QUESTION
    assert "no connection" in page.inner_text("[data-composer-hint]").lower()


def test_an_assistant_that_was_chosen_before_the_conversation_came_stays(library: Cast, open_page: Open):
    model = library.assistant.published.model
    fields = VersionFields("", model, None, passages=4, threshold=0.3)
    assistant_create(user=library.root, name="Second", description="Another one.", fields=fields)
    conversation = Conversation.objects.create(user=library.mia, assistant=library.assistant, title="Leave")
    Message.objects.create(conversation=conversation, role="user", text=QUESTION, asked_by=library.mia)
    held: list[tuple[Any, str]] = []

    def hold(socket: Any) -> None:
        socket.connect_to_server().on_message(lambda message: held.append((socket, message)))

    page = open_page(library.mia, "/health/live")
    page.route_web_socket("**/ws/chat/", hold)
    page.goto(f"/c/{conversation.pk}/")
    assert page.inner_text("[data-picked]") == "Library"
    page.click(".picker__button")
    page.click("[role=option]:has-text('Second')")
    while not any('"conversation.snapshot"' in message for _socket, message in held):
        page.wait_for_timeout(20)
    for socket, message in held:
        socket.send(message)
    page.wait_for_selector(".question")
    assert page.inner_text("[data-picked]") == "Second"


def test_a_narrow_page_has_a_sheet_in_place_of_the_margin(library: Cast, open_page: Open):
    page = open_page(library.mia, "/", width=390, height=844)
    ask_and_wait(page)
    assert not page.locator(".note").first.is_visible()
    page.click(".chip")
    page.wait_for_selector("[data-drawer-document] [data-span]")
    box = page.locator("[data-drawer]").bounding_box()
    assert box["width"] == 390
    assert box["y"] > 100
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
