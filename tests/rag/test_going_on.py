"""A continuation is joined to the end of an answer, and read as if the text had never broken off."""

import copy
from typing import Any

import pytest

from rag.citations import CitationParser
from rag.generation import AnswerRequest, Beginning, CitationMade, PromptPassage, TextDelta, Turn
from rag.generation.reading import AnswerReader
from rag.going_on import Joint
from rag.prompts import build_prompt, marked

PASSAGES = (
    PromptPassage(1, "Leave is thirty days a year. It expires in March.", "Leave", "leave.txt", "", None, 1.0),
    PromptPassage(2, "Requests go to the team lead.", "Requests", "requests.txt", "", None, 0.9),
)
TEXTS = (
    "Leave is thirty days [1]. It expires in March [1], and requests go to the lead [2]. That is all.",
    "Two rules hold:\n\n- Leave is thirty days. [1]\n- Requests go to the team lead [2]\n\nNothing else [1][2].",
    "| What | How |\n| --- | --- |\n| Leave | thirty days [1] |\n| Requests | lead [2] |\n",
    "Write `rows[1]` or:\n\n```py\nrows[1] = [2]\n```\n\nLeave is thirty days [1]. See [this](x) and arr[0].",
)


def parts_of(parser: CitationParser, pieces: list[str]) -> tuple[str, list[CitationMade]]:
    parts = [part for piece in pieces for part in parser.feed(piece)] + parser.finish()
    text = "".join(part.text for part in parts if isinstance(part, TextDelta))
    return text, [part for part in parts if isinstance(part, CitationMade)]


@pytest.mark.parametrize("raw", TEXTS)
def test_what_comes_after_a_break_is_what_an_unbroken_text_gives(raw: str) -> None:
    """Wherever nothing is held back: what was is written again."""
    whole_text, whole = parts_of(CitationParser(PASSAGES), [raw])
    breaks = 0
    for cut in range(1, len(raw)):
        parser = CitationParser(PASSAGES)
        parts = parser.feed(raw[:cut])
        if copy.deepcopy(parser).finish():
            continue
        breaks += 1
        before = "".join(part.text for part in parts if isinstance(part, TextDelta))
        made = [part for part in parts if isinstance(part, CitationMade)]
        text, after = parts_of(CitationParser(PASSAGES, Beginning(before, made)), list(raw[cut:]))
        assert before + text == whole_text, cut
        assert made + after == whole, cut
    assert breaks > len(raw) / 2


@pytest.mark.parametrize(
    ("before", "written", "joined"),
    [
        ("Leave is thirty", "days a year.", " days a year."),
        ("Leave is thirty", " days a year.", " days a year."),
        ("Leave is thir", "ty days.", "ty days."),
        ("Leave is thirty days.", "It expires.", " It expires."),
        ("Leave is thirty days", ". It expires.", ". It expires."),
        ("It costs 3.", "5 euros.", "5 euros."),
        ("Ends with a line.\n", "\nThe next.", "The next."),
        ("- one thing", "- another", "\n- another"),
        # What is repeated is left out, whatever the case, the spaces and the marks; two words may be meant.
        ("First. Leave is thirty days", "Leave is thirty days a year.", " a year."),
        ("First. Leave is thirty days", "leave [1] is\nthirty days [1], at most.", ", at most."),
        ("He said that", "that day was long.", " that day was long."),
        ("All is said in these words.", "All is said in these words.", ""),
        ("Nothing more", "", ""),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_words_are_joined_and_never_said_twice(before: str, written: str, joined: str, size: int) -> None:
    joint = Joint(before, [passage.text for passage in PASSAGES])
    pieces = [written[at : at + size] for at in range(0, len(written), size)]
    found = "".join(joint.feed(piece) for piece in pieces) + joint.finish()
    # A mark after repeated words is the parser's to take out.
    assert found.removeprefix(" [1]") == joined


def test_a_model_that_has_nothing_to_add_or_refuses_adds_nothing() -> None:
    beginning = Beginning("Leave is thirty days.")
    for written in ("", "The documents do not answer this.", "Leave is thirty days."):
        reader = AnswerReader(PASSAGES, beginning)
        assert [*reader.feed(written), *reader.finish()] == []


def test_the_model_gets_its_own_words_back_with_their_marks_and_is_asked_to_go_on() -> None:
    beginning = Beginning(
        "Leave is thirty days. Requests go", [CitationMade(0, 21, 1, 0, 5), CitationMade(0, 21, 2, 0, 5)]
    )
    assert marked(beginning) == "Leave is thirty days.[1][2] Requests go"
    asked: dict[str, Any] = {"question": "How long?", "system_prompt": "", "passages": PASSAGES, "threshold": 0.0}
    request = AnswerRequest(**asked, history=[Turn("user", "Hi"), Turn("assistant", "Hello")], beginning=beginning)
    messages = build_prompt(request).messages
    assert [message.role for message in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert messages[-2].content == marked(beginning)
    assert "repeat nothing" in messages[-1].content
