"""Conversations as files: Markdown with footnotes, PDF set for print, JSON with all branches."""

import io
import json
import unicodedata
from typing import Any

import pypdfium2
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.exports import export
from chat.exports.marks import with_marks
from chat.exports.typeset.direction import joined, levels, visual_order
from chat.exports.typeset.faces import faces_there, font_for
from chat.models import Conversation, Message
from tests.chat.conftest import Cast
from tests.chat.conversations import LEAVE_QUOTE, SOUP, Talk, make_talk

pytestmark = pytest.mark.django_db

MARKDOWN = """Greek Καλημέρα, Russian Привет, a **bold** word and `code`.

| Name | Days |
|---|---|
| Leave | thirty |

1. First <script>alert(1)</script>
2. Second, see [the rules](https://example.com/rules) and [not](javascript:alert(1))

> Quoted.

```
x = "<b>" + long_name_of_a_thing
```

مرحبا بالعالم في 2024
"""


@pytest.fixture
def talk(cast: Cast) -> Talk:
    return make_talk(cast)


def written(talk: Talk, form: str, reader: User) -> bytes:
    conversation = Conversation.objects.select_related("assistant").get(pk=talk.conversation.pk)
    return export(conversation, form, reader).data


def pdf_text(data: bytes) -> str:
    with pypdfium2.PdfDocument(io.BytesIO(data)) as found:
        return "\n".join(page.get_textpage().get_text_bounded() for page in found)


def say(talk: Talk, text: str) -> None:
    Message.objects.filter(pk=talk.answer.pk).update(text=text)
    talk.answer.citations.all().delete()


def test_markdown_has_a_footnote_for_each_citation(cast: Cast, talk: Talk) -> None:
    text = written(talk, "md", cast.root).decode()
    assert text.startswith("# Leave & soup\n\n*Exported from Footnote on ")
    assert "## What of leave \\*and\\* soup?" in text
    assert f"{LEAVE_QUOTE}[^1]" in text
    assert f"- {SOUP}[^2]" in text
    assert f"[^1]: **leave.txt**: “{LEAVE_QUOTE}”" in text
    assert "[^2]: **vault.txt**: “three lemons”" in text
    assert "Another answer." not in text


def test_a_document_that_is_hidden_today_is_hidden_in_the_file(cast: Cast, talk: Talk) -> None:
    Conversation.objects.update(user=cast.mia)
    for form in ("md", "json"):
        text = written(talk, form, cast.mia).decode()
        assert "A document you may not see" in text
        assert "vault" not in text
    assert "“three lemons”" not in written(talk, "md", cast.mia).decode()


def test_html_is_text_in_markdown_and_stays_as_it_is_in_code(cast: Cast, talk: Talk) -> None:
    say(talk, MARKDOWN + "\nIn a line: `a < <b>` and <img src=x onerror=alert(1)>.")
    text = written(talk, "md", cast.root).decode()
    assert "\\<script>" in text
    assert 'x = "<b>" + long' in text
    assert "`a < <b>` and \\<img" in text


def test_numbers_stand_where_markdown_takes_them(cast: Cast, talk: Talk) -> None:
    from chat.events import message_payload

    citation = message_payload(Message.objects.with_sources().get(pk=talk.answer.pk), cast.root).citations[0]

    def marked(text: str, words: str) -> str:
        end = text.index(words) + len(words)
        return with_marks(text, [citation.model_copy(update={"start": 0, "end": end})], lambda number: f"^{number}")

    assert marked("One. Two.", "One.") == "One.^1 Two."
    assert marked("| a | b |\n|---|---|\n| x | y |\n", "| x | y |") == "| a | b |\n|---|---|\n| x | y^1 |\n"
    assert marked("See [here](https://a.b) now.", "[here") == "See [here](https://a.b)^1 now."
    assert marked("Code:\n```\nx\n```\n", "```\nx\n```") == "Code:\n```\nx^1\n```\n"


def test_a_pdf_holds_the_text_of_every_script_and_its_notes(cast: Cast, talk: Talk) -> None:
    text = pdf_text(written(talk, "pdf", cast.root))
    for words in ("Leave & soup", "What of leave *and* soup?", LEAVE_QUOTE, "leave.txt", "“three lemons”"):
        assert words in " ".join(text.split())
    say(talk, MARKDOWN)
    text = " ".join(unicodedata.normalize("NFKC", pdf_text(written(talk, "pdf", cast.root))).split())
    for words in ("Καλημέρα", "Привет", "<script>alert(1)</script>", "thirty", "the rules", "long_name_of_a_thing"):
        assert words in text
    arabic = {"مرحبا", "بالعالم"}
    assert arabic <= set(text.split()) or {word[::-1] for word in arabic} <= set(text.split())
    assert "2024" in text


def test_a_long_conversation_is_set_on_numbered_pages(cast: Cast, talk: Talk) -> None:
    rows = "\n".join(f"| {number} | {'Wort' * 30} |" for number in range(60))
    say(
        talk,
        f"{'A sentence of some length. ' * 400}\n\n| n | w |\n|---|---|\n{rows}\n\n" + "```\n" + "x" * 5000 + "\n```",
    )
    with pypdfium2.PdfDocument(io.BytesIO(written(talk, "pdf", cast.root))) as found:
        texts = [page.get_textpage().get_text_bounded() for page in found]
    assert len(texts) > 5
    for number, text in enumerate(texts, start=1):
        assert text.split()[-1] == str(number) or str(number) in text.split()


def test_arabic_letters_are_joined_and_numbers_stay_readable() -> None:
    # lam with alef is one sign; beh alone, at the beginning, between and at the end are four.
    assert [char for char, _at in joined("لا")] == ["\ufefb"]
    assert [char for char, _at in joined("ببب")] == ["\ufe91", "\ufe92", "\ufe90"]
    assert [char for char, _at in joined("ab")] == ["a", "b"]
    text = "في 2024 abc"
    found = levels(text, rtl=True)
    assert "".join(text[at] for at in visual_order(found)) == "abc 2024 يف"
    assert levels("a 1-2", rtl=False) == [0] * 5


def test_the_fonts_draw_what_they_are_there_for() -> None:
    assert {font_for("serif", char) for char in "aéŁαЖ“”–•"} == {"serif"}
    assert {font_for("bold", char) for char in "\ufefb\ufe91ع٣"} == {"arabic-bold"}
    assert font_for("serif", "日") not in set(faces_there())


def test_json_has_every_branch(cast: Cast, talk: Talk) -> None:
    found = json.loads(written(talk, "json", cast.root))
    assert (found["format"], found["version"], found["leaf"]) == ("footnote.conversation", 1, 2)
    assert [message["in_reply_to"] for message in found["messages"]] == [None, 1, 1]
    citation = found["messages"][1]["citations"][1]
    assert citation["document"] == {"title": "vault.txt", "filename": "vault.txt", "sha256": "vault.txt"}
    assert citation["quote"] == "three lemons"
    assert str(cast.vault.pk) not in json.dumps(found)


@pytest.mark.parametrize("form", ["md", "json", "pdf"])
def test_a_file_has_a_name_that_every_system_takes(cast: Cast, talk: Talk, form: str) -> None:
    Conversation.objects.update(title='../..\\"Urlaub" für\u202e 休暇?\r\nx: y')
    client = Client()
    client.force_login(cast.root)
    response = client.get(reverse("chat:export", args=[talk.conversation.pk, form]))
    name = response["Content-Disposition"]
    assert response.status_code == 200
    assert name.startswith("attachment; filename*=utf-8''Urlaub%20f%C3%BCr%20")
    assert name.endswith(f"x%20y.{form}")
    client.force_login(cast.mia)
    assert client.get(reverse("chat:export", args=[talk.conversation.pk, form])).status_code == 404


def test_what_is_no_form_is_not_there(cast: Cast, talk: Talk) -> None:
    client = Client()
    client.force_login(cast.root)
    assert client.get(reverse("chat:export", args=[talk.conversation.pk, "exe"])).status_code == 404


def test_too_long_for_a_pdf_is_said_on_the_page(cast: Cast, talk: Talk, monkeypatch: Any) -> None:
    monkeypatch.setattr("chat.exports.conversation.MOST_PDF_CHARS", 10)
    client = Client()
    client.force_login(cast.root)
    response = client.get(reverse("chat:export", args=[talk.conversation.pk, "pdf"]), follow=True)
    assert "too long" in response.content.decode()
