"""Every text that a page shows was marked for translation: pages in a language whose texts all stand between marks."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import User
from chat.models import Assistant, AssistantVersion, Conversation, LanguageModel, Message
from chat.services.sharing import link_create
from config import catalogues
from documents.connectors import CONNECTORS
from documents.models import DataSource, Document, DocumentVersion, EmbeddingSet, Reranker, SourceItem, SyncRun
from tests import pseudo_language
from tests.browser.conftest import Open
from tests.browser.test_accessibility import INSIDE, OUTSIDE, WITH_DATA, make_rerankers, make_sets, make_sources
from tests.chat.conftest import Cast
from tests.conftest import Server, answers, free_port, running

pytestmark = [pytest.mark.browser, pytest.mark.pages]

LONG = 20
"""Letters from which on a part of a value is told from a word of ours."""

UNMARKED = """(exceptions) => {
  const NAMES = ["placeholder", "aria-label", "title", "alt", "aria-description", "data-label", "aria-valuetext"];
  const open = "\\u27e6";
  const found = [];
  const tell = (text, element, what) => {
    if (text.includes(open) || !/\\p{L}{2}/u.test(text) || element.closest(exceptions)) return;
    const place = [];
    for (let at = element; at && at !== document.body && place.length < 4; at = at.parentElement) {
      place.unshift(at.localName + (at.id ? `#${at.id}` : "") + (at.classList.length ? `.${at.classList[0]}` : ""));
    }
    found.push([`${what} ${place.join(" > ")}`, text]);
  };
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) tell(walker.currentNode.data, walker.currentNode.parentElement, "text");
  for (const name of NAMES) {
    for (const element of document.querySelectorAll(`[${name}]`)) tell(element.getAttribute(name), element, name);
  }
  for (const element of document.querySelectorAll("input[type=submit], input[type=button]")) {
    tell(element.value, element, "value");
  }
  return found;
}"""

EXCEPTIONS = {
    "script, style, template, noscript": "nobody reads these",
    "[translate=no], code, kbd, pre": "names of keys, settings and models, the same in all languages",
    "[dir=auto]": "what people wrote, in whatever language",
    ".wordmark, nav[aria-label=Footnote]": "the name of the application",
    "[data-language-switch] button": "languages stand there by their own names",
    "time": "dates are the browser's, which does not know this language",
    "#id_kind": "kinds of files by their endings",
}
"""What is left out, and why."""

DATA = {
    User: ("name", "email"),
    DataSource: ("name", "description"),
    Document: ("title", "filename"),
    DocumentVersion: ("text",),
    EmbeddingSet: ("name", "model"),
    Reranker: ("name", "model"),
    SourceItem: ("name", "error_message"),
    SyncRun: ("error_message",),
    Assistant: ("name", "description"),
    AssistantVersion: ("system_prompt",),
    LanguageModel: ("name", "model_name"),
    Conversation: ("title",),
    Message: ("text",),
}
"""What stands in rows is no text of ours."""

SUBMIT = """() => {
  const form = document.querySelector("main form.form");
  form.noValidate = true;
  HTMLFormElement.prototype.submit.call(form);
}"""

TECHNICAL = re.compile(r"https?://\S*|/srv/documents|reports/|\{\w+\}|(?:\*\.\w+ ?)+|Footnote|\.{3}$|…$")
"""Examples of addresses, paths and patterns, and the name of the application behind the title of a page."""


@pytest.fixture(scope="module")
def marked_server(process_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A web process that has the pseudo-language as well."""
    folder = tmp_path_factory.mktemp("marked")
    pseudo_language.make(folder, catalogues.extract(folder / "source"))
    port = free_port()
    found = Server(f"http://127.0.0.1:{port}")
    environment = {**process_environment, "PORT": str(port), "PSEUDO_LANGUAGE": str(folder)}
    with running("marked", ["web", "--port", str(port)], environment, lambda: answers(f"{found.url}/health/live")):
        yield found


def squeezed(text: str) -> str:
    return " ".join(text.split())


def is_ours(text: str, data: set[str]) -> bool:
    """Whether words are left of a text without what rows hold; a beginning of such a value is one too."""
    if any(value.startswith(text) or text in value.split(". ") for value in data if len(text) >= LONG):
        return False
    for value in sorted(data, key=len, reverse=True):
        text = text.replace(value, "")
    return re.search(r"[^\W\d_]{2}", TECHNICAL.sub("", text)) is not None


class Reader:
    """Goes through pages in the language of marks, and keeps what stands there without any."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url, self.found = page, url, set[tuple[str, str]]()
        page.context.add_cookies([{"name": "language", "value": pseudo_language.CODE, "url": url}])

    def look(self) -> None:
        """Look at what is there now."""
        path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", self.page.url.removeprefix(self.url))
        assert self.page.evaluate("document.documentElement.lang") == pseudo_language.CODE
        found = self.page.evaluate(UNMARKED, ", ".join(EXCEPTIONS))
        self.found |= {(f"{path} {place}", squeezed(text)) for place, text in found}

    def unmarked(self) -> list[str]:
        """What was found, without what rows hold."""
        data = {
            value
            for model, fields in DATA.items()
            for row in model._default_manager.values_list(*fields)
            for value in map(squeezed, row)
            if value
        }
        return sorted(f"{place}: {text}" for place, text in self.found if is_ours(text, data))

    def go(self, path: str) -> None:
        """Open a page and look at it."""
        self.page.goto(self.url + path, wait_until="load")
        self.look()


@pytest.fixture
def reader(library: Cast, marked_server: Server, open_page: Open) -> Reader:
    page = open_page(library.root, f"{marked_server.url}/health/live")
    return Reader(page, marked_server.url)


@pytest.mark.parametrize("paths", [OUTSIDE, INSIDE[::2], INSIDE[1::2]], ids=["outside", "inside", "more inside"])
def test_each_page_is_marked(library: Cast, marked_server: Server, open_page: Open, paths: tuple[str, ...]) -> None:
    page = open_page(None if paths == OUTSIDE else library.root, f"{marked_server.url}/health/live")
    reader = Reader(page, marked_server.url)
    for path in (*paths, "/offline/"):
        reader.go(path)
    # A page that is not there: opened as one it would be an error in the console.
    page.set_content(page.request.get(f"{marked_server.url}/nothing/here/").text())
    reader.look()
    assert reader.unmarked() == []


def test_pages_with_data_are_marked(library: Cast, reader: Reader) -> None:
    make_sources(library.root)
    make_sets()
    make_rerankers()
    document = f"/documents/{library.leave.pk}/"
    for path in (*WITH_DATA, document, f"{document}chunks/", "/documents/?q=nothing+like+it&from=x"):
        reader.go(path)
    assert reader.unmarked() == []


FORMS = (
    "/models/new/",
    "/prompts/new/",
    "/rerankers/new/",
    "/account/tokens/",
    "/assistants/new/",
    "/accounts/password/change/",
    *(f"/sources/new/?kind={kind}" for kind in CONNECTORS),
)


def test_what_forms_say_of_mistakes_is_marked(library: Cast, reader: Reader) -> None:
    page = reader.page
    for path in FORMS:
        page.goto(reader.url + path, wait_until="load")
        with page.expect_navigation(wait_until="load"):
            page.evaluate(SUBMIT)
        assert page.locator("[aria-invalid=true]").count(), path
        reader.look()
    assert reader.unmarked() == []


def test_an_answer_and_what_is_done_with_it_are_marked(library: Cast, reader: Reader, marked_server: Server) -> None:
    page = reader.page
    reader.go("/")
    page.fill("[data-composer-input]", "According to the Library, how many days of paid leave does an employee have?")
    page.press("[data-composer-input]", "Enter")
    page.wait_for_selector(".answer:not([data-status=running]) .chip")
    reader.look()
    page.click(".chip >> nth=0")
    page.wait_for_selector("[data-drawer-document] [data-span]")
    for tab in ("sources", "steps"):
        page.click(f"[data-drawer-tab={tab}]")
        page.wait_for_selector(f"[data-drawer-{tab}] > *")
        reader.look()
    conversation = library.root.conversations.get()
    library.assistant.shareable = True
    library.assistant.save()
    _link, token = link_create(user=library.root, conversation_id=conversation.pk)
    reader.go("/prompts/")
    page.keyboard.press("Control+k")
    page.keyboard.type("leave")
    page.wait_for_selector("#palette mark")
    reader.look()
    reader.go(f"/shared/{token}/")
    page.wait_for_selector(".answer")
    reader.look()
    assert reader.unmarked() == []
