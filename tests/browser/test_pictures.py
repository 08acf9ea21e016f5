"""Makes the pictures of the README and of docs/ from the demo: ``make screenshots``.

What is in them is the running application with the demo's documents. A stand-in plays the language model and says what
stands in ``REPLIES``; which words of the documents these rest on is found out by the application.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from chat.models import Assistant, Conversation, Folder, LanguageModel, Message
from chat.services.assistants import VersionFields, ensure_defaults, version_create, version_publish
from chat.services.prompts import prompt_save
from documents.demo import demo_questions, ensure_demo
from documents.models import Document
from tests.browser.conftest import Open
from tests.browser.pictures import PHONE, for_docs
from tests.fakes.llm import FakeLLM

pytestmark = [pytest.mark.browser, pytest.mark.pictures]
BOTH = ("light", "dark")
INDEXED_S = 60
LATE = "A shipment arrives five hours late. What does the customer get, and whom do they call?"
POWER = "Why did generator 2 not start by itself?"
ANSWERED = ".answer:not([data-status=running]) .chip"
# In braces stand words of the passage that a sentence cites.
MEANT = ("4. Credits", "5. Problems", "start battery")
REPLIES = {
    LATE: (
        "If a shipment arrives more than four hours late, the customer is credited with **25 %** of its freight charge"
        " {4. Credits}.\n\n"
        "- After more than twelve hours the credit is 50 % {4. Credits}.\n"
        "- After more than 24 hours it is the whole charge {4. Credits}.\n\n"
        "Credits are given on the next invoice; they are never paid out in cash {4. Credits}. No credit is due when "
        "the cause was weather above the limits of the ship {4. Credits}.\n\n"
        "The freight desk takes the call and answers within 15 minutes {5. Problems}. If the matter is not solved "
        "after two hours, it passes to the freight manager, Astrid Boyle {5. Problems}."
    ),
    POWER: (
        "Generator 2 did not start by itself because its start battery had been disconnected during work on 16 "
        "November and had not been connected again {start battery}."
    ),
}
SHORT = (
    "The customer is credited with 25 % of the freight charge, on the next invoice {4. Credits}. The freight desk "
    "takes the call and answers within 15 minutes {5. Problems}."
)
TALKS = (
    ("Late shipments and credits", "When is a late shipment credited?", "After more than four hours.", 0, "Freight"),
    ("Rebates for large customers", "From when is there a rebate?", "From 400 lane metres a month.", 1, "Freight"),
    ("Cars on MV Fulmar", "How many cars does MV Fulmar carry?", "It carries 420 passengers and 62 cars.", 0, ""),
    ("Hotels on business trips", "How much may a hotel cost?", "Up to £115 a night.", 1, ""),
    ("What if I am late for the ferry", "May I board late?", "Until five minutes before departure.", 1, ""),
    ("Remote work from abroad", "May I work from abroad?", "For up to 15 working days in a calendar year.", 4, ""),
    ("Boots and jackets", "When are boots replaced?", "Boots are replaced every two years.", 9, "Crew"),
    ("Passwords and phones", "How long must a password be?", "Passwords have at least 14 characters.", 20, ""),
)
PROMPTS = (
    ("Compare two ships", "Compare {{ship}} with {{other ship}}: passengers, cars, draught, speed. A table.", True),
    ("Summarise for a customer", "Summarise in three sentences what {{topic}} means for a freight customer.", True),
    ("What changed", "What has changed in {{document}} since the edition before?", False),
    ("Who decides", "Who decides about {{case}}, within which time, and where is that laid down?", True),
)


def said(reply: str, body: dict[str, Any]) -> str:
    """The reply, each brace with the number of the passage in the prompt that it means."""
    prompt = str(body["messages"][-1]["content"])
    places = [piece.partition("</passage>")[0] for piece in prompt.split("<passage ")[1:]]
    number = {words: n for n, place in reversed([*enumerate(places, 1)]) for words in MEANT if words in place}
    return re.sub(r"\{(.*?)\}", lambda brace: f"[{number[brace[1]]}]", reply)


def answer(body: dict[str, Any]) -> str:
    """What the stand-in says to a question."""
    asked = str(body["messages"][-1]["content"])
    return next((said(reply, body) for question, reply in REPLIES.items() if question in asked), "ok")


@dataclass(frozen=True)
class Demo:
    """Who looks at the demo, and the stand-in that answers."""

    maren: User
    idris: User
    assistant: Assistant
    llm: FakeLLM


@pytest.fixture
def demo(worker: subprocess.Popen[bytes]) -> Iterator[Demo]:
    """The demo's documents, indexed; an assistant without and with a model; conversations, a folder, prompts."""
    ensure_defaults(llm_base_url="", llm_api_key="", llm_model="")
    maren = User.objects.create_user("maren@skerryline.example", "x", role="admin", name="Maren Tulloch")
    idris = User.objects.create_user("idris@skerryline.example", "x", name="Idris Fenwick")
    ensure_demo(admin=maren)
    assistant = Assistant.objects.get(is_default=True)
    assistant.shareable, assistant.suggestions = True, "\n".join(demo_questions())
    assistant.save()
    for title, text, shared in PROMPTS:
        prompt_save(user=maren, prompt=None, title=title, text=text, shared=shared)
    folders = {name: Folder.objects.create(user=maren, name=name) for name in ("Freight", "Crew")}
    for title, question, reply, days, where in TALKS:
        talk(maren, assistant, title, question, reply, days, folders.get(where))
    deadline = time.monotonic() + INDEXED_S
    while Document.objects.exclude(status="ready").exists():
        assert time.monotonic() < deadline, "The demo's documents are not indexed."
        time.sleep(0.2)
    with FakeLLM(reply=answer).in_thread() as llm:
        yield Demo(maren, idris, assistant, llm)


def talk(
    user: User, assistant: Assistant, title: str, question: str, reply: str, days: int, folder: Folder | None
) -> None:
    """A conversation of some days ago, a question and its answer."""
    made = Conversation.objects.create(user=user, assistant=assistant, title=title, folder=folder)
    asked = Message.objects.create(conversation=made, role="user", text=question, asked_by=user)
    told = Message.objects.create(
        conversation=made, role="assistant", text=reply, asked_by=user, in_reply_to=asked, version=assistant.published
    )
    Conversation.objects.filter(pk=made.pk).update(leaf=told, updated_at=timezone.now() - timedelta(days=days))


def connect(demo: Demo) -> None:
    """Put the stand-in to work, as the next version of the assistant."""
    model = LanguageModel.objects.create(
        name="Local model", kind="openai", base_url=demo.llm.base_url, model_name="fake", api_key="sk-test"
    )
    before = demo.assistant.published
    assert before
    fields = VersionFields(before.system_prompt, model, None, passages=8, threshold=0.0, note="With a model")
    version = version_create(user=demo.maren, assistant=demo.assistant, fields=fields)
    version_publish(user=demo.maren, assistant=demo.assistant, number=version.number)


def ask(page: Any, question: str) -> None:
    page.fill("[data-composer-input]", question)
    page.press("[data-composer-input]", "Enter")
    page.wait_for_selector(ANSWERED)
    page.wait_for_load_state("networkidle")


def test_pictures_of_the_demo(demo: Demo, open_page: Open) -> None:
    page = open_page(demo.maren, "/welcome/")
    for_docs(page, "welcome")
    connect(demo)

    page.goto("/")
    ask(page, POWER)
    page.click(".chip")
    page.wait_for_selector("[data-drawer-document] canvas")
    page.wait_for_selector("[data-drawer-document] [data-span]")
    page.wait_for_load_state("networkidle")
    for_docs(page, "sources", themes=BOTH)
    page.keyboard.press("Escape")

    page.goto("/")
    ask(page, LATE)
    page.wait_for_selector(".next")
    page.mouse.move(0, 0)
    for_docs(page, "chat", themes=BOTH)
    for_docs(page, "chat-phone", PHONE, BOTH)
    share(page, demo, open_page)
    compare(page, demo)

    page.keyboard.press("Control+k")
    page.keyboard.type("late")
    page.wait_for_selector("#palette mark")
    for_docs(page, "search")


def share(page: Any, demo: Demo, open_page: Open) -> None:
    """The dialog with a link, and what its reader sees."""
    page.click("[data-share-open]")
    page.click("[data-share-make]:enabled")
    address = page.wait_for_selector(".share__address").input_value()
    for_docs(page, "share")
    page.keyboard.press("Escape")
    reader = open_page(demo.idris, address)
    reader.wait_for_selector("a.chip")
    for_docs(reader, "shared")


def compare(page: Any, demo: Demo) -> None:
    """Two answers to one question."""
    demo.llm.reply = lambda body: said(SHORT, body)
    page.click("[data-again]")
    page.wait_for_selector(".answer .switcher:not([hidden])")
    page.wait_for_selector(ANSWERED)
    page.wait_for_selector("[data-compare]:visible")
    page.click("[data-compare]")
    page.wait_for_selector(".compare__column >> nth=1")
    for_docs(page, "compare")
    page.click("[data-compare-close]")


def test_pictures_of_the_pages_beside(demo: Demo, open_page: Open) -> None:
    connect(demo)
    page = open_page(demo.maren, "/documents/")
    for_docs(page, "documents")
    page.goto(f"/documents/{Document.objects.get(filename='freight-service-agreement.md').pk}/")
    page.click("[data-summary-open]")
    page.wait_for_selector(".summary__sentences a")
    page.mouse.move(0, 0)
    for_docs(page, "document")
    page.goto("/prompts/")
    for_docs(page, "prompts")
    page.goto(f"/assistants/{demo.assistant.slug}/")
    for_docs(page, "assistant")
    page.goto(f"/playground/?a={demo.assistant.slug}:1&b={demo.assistant.slug}:2")
    page.fill("[data-question]", LATE)
    page.click(".playground__question button")
    for column in ("a", "b"):
        page.click(f"[data-column={column}] [data-settings] > summary >> nth=0")
        page.wait_for_selector(f"[data-column={column}] [data-result-status] .badge:not(.badge--accent)")
    page.wait_for_load_state("networkidle")
    for_docs(page, "playground")
