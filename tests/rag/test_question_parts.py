"""Several questions in one, and what a long text asks."""

import time

import pytest

from rag.question_parts import LONG_WORDS, MOST_ASKED, MOST_PARTS, asked_in, is_long, parts_of


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What is the notice period? And who is Callum?", ["What is the notice period?", "And who is Callum?"]),
        ("What is A1 and how does B2 work?", ["What is A1?", "how does B2 work?"]),
        ("What is the limit, and is there a form?", ["What is the limit?", "is there a form?"]),
        ("Who leads it; where is the office; when is it open?", ["Who leads it?", "where is the office?",
         "when is it open?"]),
        ("Was kostet ein Hund und wann fährt das Schiff?", ["Was kostet ein Hund?", "wann fährt das Schiff?"]),
        ("Which ship is older, Old Fulmar or New Gannet?", ["Which ship is older, Old Fulmar or New Gannet?",
         "Old Fulmar", "New Gannet"]),
        ("Compare the leave of crews with the leave of staff.", ["Compare the leave of crews with the leave of staff.",
         "the leave of crews", "the leave of staff"]),
    ],
)  # fmt: skip
def test_each_question_in_a_question(question: str, parts: list[str]) -> None:
    assert parts_of(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "How and when did the ship sink?", "What do crews and passengers eat?", "Who wrote War and Peace?", "Leave?",
        "", "Which employees travel and do not pay?", "When the power is lost, what must the captain do?",
        "What was destroyed between the 1950s and 1960s?", "Was ist der Unterschied?",
    ],
)  # fmt: skip
def test_one_question_stays_one(question: str) -> None:
    assert parts_of(question) == [question]


def test_a_question_has_few_parts_whatever_it_is() -> None:
    assert len(parts_of("What is red and how is blue? " * 50)) == MOST_PARTS
    for text in ("what and " * 3_000, "A or " * 5_000, ", Aa" * 5_000, "? " * 10_000, "is Aa and " * 3_000):
        started = time.perf_counter()
        parts_of(text)
        asked_in(text)
        is_long(text)
        assert time.perf_counter() - started < 2


MAIL = """Dear all,

I hope this finds you well. We had a wonderful crossing last week, the sun was out, the children saw a seal and the
soup was good, so thank you for that. My husband has left his umbrella on the ship, a green one with a handle of wood,
which was a present of his aunt. I would like to know where lost things are kept. Could we fetch it on Friday?

Yours
Anna"""


def test_of_a_long_text_the_sentences_that_ask_are_taken() -> None:
    assert is_long(MAIL)
    assert asked_in(MAIL) == ["I would like to know where lost things are kept.", "Could we fetch it on Friday?"]
    assert asked_in("It rains. " * 100) == []
    assert len(asked_in("Why? Is it so? " * 100)) <= MOST_ASKED
    assert not is_long("word " * (LONG_WORDS - 1))
