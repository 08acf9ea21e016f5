"""The sidebar, the head of a conversation, the search and the archive, by hand and by keyboard."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Assistant, Conversation, Folder, Message
from tests.browser.conftest import Open
from tests.chat.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.journeys]


def talk(cast: Cast, title: str, *texts: str, days: int = 0) -> Conversation:
    """A conversation of Mia's, one message after the other."""
    made = Conversation.objects.create(user=cast.mia, assistant=cast.assistant, title=title)
    before: Message | None = None
    for place, text in enumerate(texts):
        role = "assistant" if place % 2 else "user"
        before = Message.objects.create(
            conversation=made, role=role, text=text, asked_by=cast.mia, in_reply_to=before,
            version=cast.assistant.published if place % 2 else None,
        )  # fmt: skip
    Conversation.objects.filter(pk=made.pk).update(leaf=before, updated_at=timezone.now() - timedelta(days=days))
    return made


def row(page: Any, title: str) -> Any:
    return page.locator(f'#sidebar li[data-title="{title}"]')


def choose(page: Any, title: str, deed: str) -> None:
    row(page, title).hover()
    row(page, title).locator("[data-conversation-more]").click()
    page.click(f"#conversation-menu [data-do={deed}]")


def test_conversations_are_renamed_sorted_into_folders_pinned_and_deleted(library: Cast, open_page: Open):
    """By mouse and by keyboard, with a second tab that stays right."""
    open_one = talk(library, "Open one", "A question", "An answer")
    talk(library, "Trip", days=1)
    talk(library, "Old", days=90)
    page = open_page(library.mia, f"/c/{open_one.pk}/")
    other = page.context.new_page()
    other.goto("/documents/")
    assert page.locator("#sidebar .nav__title").all_inner_texts()[:2] == ["Today", "Yesterday"]

    # A name that is empty is refused in the dialog, and the right one is seen in both tabs.
    row(page, "Trip").locator("a").focus()
    page.keyboard.press("F2")
    page.fill("#rename-conversation-name", " ")
    page.keyboard.press("Enter")
    page.wait_for_selector("#rename-conversation-error:has-text('no title')")
    page.fill("#rename-conversation-name", "Journey")
    page.keyboard.press("Enter")
    row(page, "Journey").wait_for()
    row(other, "Journey").wait_for()
    assert page.evaluate("document.activeElement.textContent").strip() == "Journey"

    # Into a new folder, by the arrows of the menu.
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#conversation-menu:popover-open")
    for _item in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.click("#move-menu [data-to=new]")
    page.fill("#name-folder-name", "Travel")
    page.keyboard.press("Enter")
    page.wait_for_selector(".folder__rows [data-title=Journey]")
    other.wait_for_selector(".folder__rows [data-title=Journey]")
    page.click("[data-folder-toggle]")
    assert not row(page, "Journey").is_visible()
    page.reload()
    assert page.locator("[data-folder-toggle]").get_attribute("aria-expanded") == "false"
    page.click("[data-folder-toggle]")
    row(page, "Journey").wait_for()
    row(page, "Old").drag_to(page.locator("[data-folder-toggle]"))
    page.wait_for_selector(".folder__rows [data-title=Old]")

    choose(page, "Old", "pin")
    page.wait_for_selector("[data-group=pinned] [data-title=Old]")
    page.locator(".folder [data-folder-more]").click()
    page.click("#folder-menu [data-do=delete]")
    assert not page.locator("[data-folder-toggle]").is_visible()
    page.click(".toast >> text=Undo")
    assert page.locator("[data-folder-toggle]").is_visible()

    # Deleted and taken back; deleted for good when one goes away, which leads from a page that is open to a new chat.
    choose(page, "Open one", "delete")
    assert not row(page, "Open one").is_visible()
    assert page.locator("footnote-thread[inert]").count() == 1
    page.keyboard.press("Control+z")
    assert row(page, "Open one").is_visible()
    assert page.locator("footnote-thread[inert]").count() == 0
    choose(page, "Journey", "delete")
    page.goto("/documents/")
    page.wait_for_function("!document.querySelector('#sidebar [data-title=Journey]:not([hidden])')")
    row(other, "Journey").wait_for(state="detached")
    choose(page, "Open one", "delete")
    page.click(".toast [data-toast-close]")
    row(page, "Open one").wait_for(state="detached")
    assert set(Conversation.objects.values_list("title", flat=True)) == {"Old"}


def test_the_list_goes_on_as_it_is_scrolled(library: Cast, open_page: Open):
    for number in range(95):
        talk(library, f"Talk {number}", days=number)
    page = open_page(library.mia, "/documents/")
    assert page.locator("#sidebar li[data-conversation]").count() < 95
    page.wait_for_function(
        """() => {
            document.querySelector("[data-conversations]").scrollTop = 1e6;
            return document.querySelectorAll("#sidebar li[data-conversation]").length === 95;
        }"""
    )
    keys = page.locator("#sidebar [data-group]").evaluate_all("all => all.map((one) => one.dataset.group)")
    assert len(keys) == len(set(keys))


def test_the_search_leads_to_the_message_in_whichever_branch_it_is(library: Cast, open_page: Open):
    made = talk(library, "Harbour", "How long is the quay?", "It is **four hundred metres** long.")
    long = talk(library, "Long talk", *(f"Filler {number} " * 60 for number in range(8)))
    first = made.messages.get(role="user")
    asked = Message.objects.create(conversation=made, role="user", text="How deep is it?", asked_by=library.mia)
    other = Message.objects.create(
        conversation=made, role="assistant", text="Nine fathoms.", asked_by=library.mia, in_reply_to=asked
    )
    Conversation.objects.filter(pk=made.pk).update(leaf=other, archived_at=timezone.now())
    page = open_page(library.mia, f"/c/{long.pk}/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette [data-palette-found] [role=option]")
    assert "Long talk" in page.inner_text("#palette [data-palette-found]")
    page.keyboard.type("metr")
    page.wait_for_selector("#palette mark:has-text('metres')")
    option = page.locator("#palette [role=option][aria-selected=true]")
    assert "Archived" in option.inner_text()
    assert page.get_attribute("[data-palette-input]", "aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/c/{made.pk}/#message-"))
    page.wait_for_selector(".answer[data-pointed] >> text=four hundred metres")
    assert first.text in page.inner_text(".question")
    assert page.locator("[data-archived-badge]").is_visible()

    # In the same conversation nothing is loaded; nothing found is said; a command is found by its words.
    page.keyboard.press("Control+k")
    page.keyboard.type("fathom")
    page.wait_for_selector("#palette mark:has-text('fathoms')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer[data-pointed] >> text=Nine fathoms")
    page.keyboard.press("Control+k")
    page.keyboard.type("zeppelin")
    page.wait_for_selector("#palette-note:has-text('No conversation holds “zeppelin”.')")
    page.fill("[data-palette-input]", "dark")
    page.wait_for_selector("#palette [role=option]:visible:has-text('Dark colours')")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-theme=dark]")
    assert not page.locator("#palette").is_visible()


def test_the_head_names_the_assistant_and_the_archive_gives_back(library: Cast, open_page: Open):
    published = library.assistant.published
    Assistant.objects.create(
        slug="pilot", name="Pilot", description="Knows the waters.", published=published, is_default=False
    )
    Folder.objects.create(user=library.mia, name="Travel")
    made = talk(library, "Harbour", "How long is the quay?", "Long.")
    page = open_page(library.mia, f"/c/{made.pk}/")
    page.wait_for_selector(".answer")
    page.click(".picker__button")
    assert "Knows the waters." in page.inner_text("#assistant-list")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.inner_text("[data-picked]") == "Pilot"
    assert page.evaluate("document.querySelector('[data-assistant-choice]').value") == "pilot"

    page.click(".thread__title")
    page.fill("#rename-conversation-name", "Quay")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-thread-title]:text-is('Quay')")
    page.click(".thread__actions [data-conversation-more]")
    page.click("#conversation-menu [data-do=archive]")
    page.wait_for_selector("[data-archived-badge]:visible")
    row(page, "Quay").wait_for(state="detached")
    page.goto("/conversations/archive/")
    page.click(".archive__row >> text=Bring back")
    page.wait_for_selector(".empty")
    row(page, "Quay").wait_for()
    page.click(".toast >> text=Undo")
    page.wait_for_selector(".archive__title >> text=Quay")

    # What is scrolled to the top stands below the head, and on a phone the head stands in the topbar.
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/c/{made.pk}/")
    page.wait_for_selector(".answer")
    head, bar = page.locator(".thread__head").bounding_box(), page.locator(".topbar").bounding_box()
    assert abs(head["y"] - bar["y"]) < 2
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
