"""Reading an answer: what is set in it, how it grows, what hostile text does, long conversations, the drawer."""

import io
import time
from collections.abc import Iterator
from copy import copy
from typing import Any

import pytest

from chat.models import Citation, Conversation, LanguageModel, Message, Passage
from chat.services.assistants import VersionFields, version_create, version_publish
from documents import services
from tests.browser.conftest import Open
from tests.browser.test_accessibility import violations
from tests.chat.conftest import LEAVE, Cast
from tests.documents.files import pdf_with_text
from tests.documents.workers import finish
from tests.fakes.llm import FakeLLM

pytestmark = [pytest.mark.browser, pytest.mark.journeys]

SET = """Two rules hold.

```python
def days(left: int) -> str:
    # what is left of the year
    return f"{left} days" if left > 30 else "none"
```

Of $n$ days $\\frac{n}{12}$ are earned a month, which costs $5 and $6 a day:

$$
\\sum_{i=1}^{12} \\frac{n}{12} = n
$$

- [x] asked for
- [ ] granted

| """ + " | ".join(f"A long column {n}" for n in range(12)) + """ |
|""" + " --- |" * 12 + """
|""" + " words |" * 12 + """

![a chart](https://elsewhere.example/chart.png) and [a trap](javascript:alert(1)) and <img src=x onerror=alert(1)>
<script>alert(1)</script>

H<sub>2</sub>O """ + "https://example.com/" + "long" * 60  # fmt: skip
CITED = "$\\frac{n}{12}$ are earned a month"

HOSTILE = {
    "a line of a megabyte": "word " * 200_000,
    "a megabyte without a space": "x" * 1_000_000,
    "ten thousand quotes in each other": ">" * 10_000 + " deep",
    "lists in each other": "- " * 5_000 + "deep",
    "a huge table": "| a | b |\n| --- | --- |\n" + "| 1 | 2 |\n" * 20_000,
    "open brackets": "[" * 18_000,
    "stars": "*a" * 9_000,
    "backticks": "`a``" * 4_500,
    "dollars": "$a" * 9_000,
    "turned": "\u202egnp.exe\u202c " * 100,
    "script": "<script>alert(1)</script>\n\n<style>*{display:none}</style>\n\n<iframe src=/></iframe>",
}


@pytest.fixture
def llm() -> Iterator[FakeLLM]:
    with FakeLLM(tokens_per_second=60).in_thread() as server:
        yield server


def add_exchange(conversation: Conversation, cast: Cast, text: str, cited: str = "") -> Message:
    """A question and its answer, which cites the first sentence of the leave rules for the words ``cited``."""
    before = conversation.messages.last()
    asked = Message.objects.create(
        conversation=conversation, role="user", text="What holds?", asked_by=cast.mia, in_reply_to=before
    )
    answer = Message.objects.create(
        conversation=conversation, role="assistant", text=text, asked_by=cast.mia, in_reply_to=asked, ms=400
    )
    place: dict[str, Any] = {
        "message": answer, "document": cast.leave, "version": cast.leave.current_version,
        "chunk_id": cast.leave.chunks.get().pk, "source_start": 0,
    }  # fmt: skip
    Passage.objects.create(**place, source_end=len(LEAVE), rank=1, source=cast.leave.source, score=0.7, heading="Paid")
    if cited:
        start = text.index(cited)
        end = start + len(cited)
        Citation.objects.create(**place, source_end=52, number=1, start=start, end=end, passage_rank=1)
    Conversation.objects.filter(pk=conversation.pk).update(leaf=answer)
    return answer


def add_many(conversation: Conversation, cast: Cast, texts: list[str], cited: str) -> None:
    """An exchange for each text, as ``add_exchange`` makes them, but all at once."""
    add_exchange(conversation, cast, texts[0], cited)
    _asked, answer = conversation.messages.all()
    passage, citation = answer.passages.get(), answer.citations.get()
    rows: list[Message] = []
    for text in texts[1:]:
        question = Message(conversation=conversation, role="user", text="And?", asked_by=cast.mia)
        question.in_reply_to = rows[-1] if rows else answer
        rows += [question, Message(conversation=conversation, role="assistant", text=text, asked_by=cast.mia, ms=400)]
        rows[-1].in_reply_to = question
    Message.objects.bulk_create(rows)
    passages = [copy(passage) for _answer in rows[1::2]]
    citations = [copy(citation) for _answer in rows[1::2]]
    for row, read, made in zip(rows[1::2], passages, citations, strict=True):
        read.pk, read.message = None, row
        made.pk, made.message = None, row
        made.start = row.text.index(cited)
        made.end = made.start + len(cited)
    Passage.objects.bulk_create(passages)
    Citation.objects.bulk_create(citations)
    Conversation.objects.filter(pk=conversation.pk).update(leaf=rows[-1])


def conversation_of(cast: Cast) -> Conversation:
    return Conversation.objects.create(user=cast.mia, assistant=cast.assistant, title="Reading")


def test_an_answer_is_set_and_what_is_not_text_is_harmless(library: Cast, open_page: Open) -> None:
    conversation = conversation_of(library)
    add_exchange(conversation, library, SET, CITED)
    page = open_page(library.mia, "/accounts/password/change/")
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if "elsewhere" in request.url else None)
    page.goto(f"/c/{conversation.pk}/")
    page.wait_for_selector(".hljs-keyword")
    page.wait_for_selector(".formula-box math")
    assert page.inner_text(".code__language") == "Python"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("[data-copy-code]")
    assert page.evaluate("navigator.clipboard.readText()") == SET.split("```")[1].removeprefix("python\n").rstrip("\n")
    assert page.locator(".formula-inline math").count() == 2
    assert page.locator(".formula-inline mfrac").count() == 1
    assert "costs $5 and $6 a day" in page.inner_text(".answer__text")
    # The cited words begin with a formula and keep their chip.
    assert page.evaluate("document.querySelector('.chip').previousSibling.data.trim()") == "are earned a month"
    assert [box.is_checked() for box in page.locator(".task input").all()] == [True, False]
    assert page.locator(".task input").first.is_disabled()
    assert page.evaluate(
        "(({scrollWidth, clientWidth}) => scrollWidth > clientWidth)(document.querySelector('.table-wrap'))"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert elsewhere == []
    assert page.locator("a:has-text('Image: a chart')").get_attribute("href") == "https://elsewhere.example/chart.png"
    assert page.locator(".answer__text :is(img, script, [onerror], [href^=javascript])").count() == 0
    assert "<img src=x onerror=alert(1)>" in page.inner_text(".answer__text")
    assert page.locator(".answer__text sub").inner_text() == "2"
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.click(".done__line")
    assert "Searched 1 source, read 1 passage, 400 ms" in page.inner_text(".done__line")
    page.wait_for_selector(".done__body :has-text('No steps were recorded')")


def test_hostile_answers_are_shown_and_the_page_stays_quick(library: Cast, open_page: Open) -> None:
    page = open_page(library.mia, "/accounts/password/change/")
    slow = {}
    for name, text in HOSTILE.items():
        conversation = conversation_of(library)
        add_exchange(conversation, library, text)
        began = time.monotonic()
        page.goto(f"/c/{conversation.pk}/")
        page.wait_for_selector(".done__line")
        page.wait_for_function("() => document.querySelector('.answer__text').childElementCount > 0")
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        slow[name] = round(time.monotonic() - began, 2)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert page.locator(".answer__text :is(script, style, iframe, img)").count() == 0
        assert page.evaluate("document.querySelector('.answer__text').offsetHeight") < 15_000, name
        assert "\u202e" not in page.evaluate("document.querySelector('.answer__text').textContent")
    assert max(slow.values()) < 8, slow


GROWING = (
    "Thirty days of paid leave a year are given [1].\n\n| month | days |\n| --- | --- |\n"
    + "| June | 12 |\n" * 4
    + "\n```python\nfor day in year:\n    rest(day)\n```\n\n"
    + "In all $$\\frac{30}{12}$$ a month, **which is generous**.\n\n"
    + "\n\n".join("- a long list goes on and on with words of no meaning whatsoever" for _line in range(40))
)
SHIFTS = """() => {
  window.shifts = [];
  const unasked = (list) => list.getEntries().filter((one) => !one.hadRecentInput);
  new PerformanceObserver((list) => window.shifts.push(...unasked(list).map((one) => [one.startTime, one.value])))
    .observe({type: "layout-shift", buffered: false});
}"""


def largest_window(shifts: list[tuple[float, float]]) -> float:
    """The cumulative layout shift: the worst session of at most 5 s, in which shifts are less than 1 s apart."""
    worst, began, last, total = 0.0, -1e9, -1e9, 0.0
    for at, value in shifts:
        if at - last > 1000 or at - began > 5000:
            began, total = at, 0.0
        last, total = at, total + value
        worst = max(worst, total)
    return worst


def scrolled(page: Any) -> float:
    return float(page.evaluate("document.documentElement.scrollHeight - innerHeight - scrollY"))


def test_an_answer_grows_without_jumps_and_is_followed_by_who_is_at_its_end(
    library: Cast, open_page: Open, llm: FakeLLM
) -> None:
    llm.reply = GROWING
    model = LanguageModel.objects.create(name="fake", kind="openai", base_url=llm.base_url, model_name="fake")
    fields = VersionFields("", model, None, passages=4, threshold=0.0)
    version = version_create(user=None, assistant=library.assistant, fields=fields)
    version_publish(user=None, assistant=library.assistant, number=version.number)
    conversation = conversation_of(library)
    add_exchange(conversation, library, "Before. " * 200)
    page = open_page(library.mia, f"/c/{conversation.pk}/")
    page.wait_for_selector(".done__line")
    page.evaluate(SHIFTS)
    page.fill("[data-composer-input]", "How many days of paid leave does an employee have?")
    page.press("[data-composer-input]", "Enter")
    page.wait_for_selector(".answer[aria-busy=true] .answer__text:has-text('Thirty')")
    top = page.evaluate("document.querySelectorAll('.question')[1].getBoundingClientRect().top")
    assert -1 <= top < 120
    # Nobody asked to follow: what is read stays where it is, and a button leads to what is below.
    page.wait_for_selector(".newest:not([hidden])")
    assert page.evaluate("document.querySelectorAll('.question')[1].getBoundingClientRect().top") == top
    # Not click(): that scrolls to where the question box would stand if it did not stick.
    page.locator(".newest__button").evaluate("(one) => one.click()")
    page.wait_for_function("() => document.querySelectorAll('.answer')[1].innerText.split('a long list').length > 12")
    assert scrolled(page) < 60
    assert not page.locator(".newest").is_visible()
    page.mouse.move(500, 400)
    page.mouse.wheel(0, -300)
    page.wait_for_function("() => document.documentElement.scrollHeight - innerHeight - scrollY > 200")
    left = page.evaluate("scrollY")
    page.wait_for_selector(".answer:not([aria-busy=true]) >> nth=1")
    assert abs(page.evaluate("scrollY") - left) < 2
    assert page.locator(".done__line").nth(1).inner_text().startswith("Searched 1 source, read 1 passage")
    shifts = [(at, value) for at, value in page.evaluate("window.shifts")]
    assert largest_window(shifts) < 0.05, shifts
    page.locator(".newest__button").evaluate("(one) => one.click()")
    assert scrolled(page) < 60


def test_a_conversation_of_500_messages_is_there_at_once_and_all_of_it(library: Cast, open_page: Open) -> None:
    conversation = conversation_of(library)
    text = "**Thirty days** are paid.\n\n" + "More words about leave. " * 40
    add_many(conversation, library, [f"Answer {number}. {text}" for number in range(250)], "are paid")
    page = open_page(library.mia, "/accounts/password/change/")
    page.goto(f"/c/{conversation.pk}/")
    page.wait_for_selector(".answer:last-child .chip")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert painted < 2000
    # The first answer is far away and already there for the browser's search.
    first = page.locator(".answer").first
    assert first.locator(".answer__text").evaluate("(one) => one.textContent").startswith("Answer 0.")
    top = page.evaluate("document.querySelector('.question:nth-last-child(2)').getBoundingClientRect().top")
    assert 0 <= top < 200
    # The others follow by themselves.
    page.wait_for_function("() => document.querySelectorAll('.chip').length > 60")
    # What is read stays where it is while the rest is drawn above it.
    page.evaluate("document.querySelectorAll('.answer')[120].scrollIntoView()")
    page.wait_for_selector(".answer >> nth=120 >> .note[data-placed]")
    first.scroll_into_view_if_needed()
    first.locator(".chip").hover()
    page.wait_for_selector(".card-hover:popover-open >> text=Library \u203a leave.txt \u203a Paid")
    page.keyboard.press("Escape")
    first.get_by_text("1 source", exact=True).click()
    assert LEAVE in page.wait_for_selector("[data-drawer-sources] .passage__text").inner_text()
    assert "score 0.70" in page.inner_text("[data-drawer-sources]")
    # The drawer leaves the buttons of the conversation free.
    page.click("[data-export-open]")
    page.wait_for_selector("#export-menu:popover-open")


def test_a_citation_of_a_pdf_opens_its_page_with_the_words_in_boxes(
    library: Cast, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)
    data = pdf_with_text("The first page is about nothing.", "The ferry leaves at noon.")
    source = library.leave.source
    made = services.document_upload(user=library.root, file=io.BytesIO(data), filename="ferry.pdf", source=source)
    ferry = finish(made.pk)
    version = ferry.current_version
    assert version is not None
    start = version.text.index("The ferry")
    conversation = conversation_of(library)
    answer = add_exchange(conversation, library, "At noon.")
    place: dict[str, Any] = {
        "message": answer, "document": ferry, "version": version, "chunk_id": version.chunks.all()[0].pk,
        "source_start": start, "source_end": start + 25, "page": 2,
    }  # fmt: skip
    Passage.objects.create(**place, rank=2, source=source, score=0.6)
    Citation.objects.create(**place, number=1, start=0, end=8, passage_rank=2)
    page = open_page(library.mia, f"/c/{conversation.pk}/")
    page.click(".chip")
    box = page.wait_for_selector("[data-drawer-document] .pdf__mark").bounding_box()
    page.wait_for_selector("[data-drawer-document] canvas")
    paper = page.locator("[data-drawer-document] .pdf__page").bounding_box()
    assert paper["x"] < box["x"] < paper["x"] + paper["width"] / 2
    assert "Page 2 of 2" in page.inner_text("[data-drawer-document]")
    # Paper has no reading direction.
    page.evaluate("document.documentElement.dir = 'rtl'")
    mirrored = page.locator("[data-drawer-document] .pdf__mark").first.bounding_box()
    paper_now = page.locator("[data-drawer-document] .pdf__page").bounding_box()
    assert abs((mirrored["x"] - paper_now["x"]) - (box["x"] - paper["x"])) < 2
    page.evaluate("document.documentElement.dir = 'ltr'")
    page.get_by_label("Previous page").click()
    assert "Page 1 of 2" in page.inner_text("[data-drawer-document]")
    assert page.locator("[data-drawer-document] .pdf__mark").count() == 0
    page.click("[data-drawer-document] button:has-text('Text')")
    assert page.wait_for_selector("[data-drawer-document] mark[data-span]").inner_text() == "The ferry leaves at noon."
