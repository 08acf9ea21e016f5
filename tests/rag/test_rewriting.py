"""What a model is asked to rewrite, and what is taken of its reply."""

import pytest

from rag.generation import Turn
from rag.question_parts import MOST_PARTS
from rag.rewriting import queries_in, rewriting_prompt

HISTORY = (Turn("user", "How many days of leave do I have?"), Turn("assistant", "Employees have 27 days of leave."))


@pytest.mark.parametrize(
    ("reply", "queries"),
    [
        ("How many days of leave do I have in Spain?", ["How many days of leave do I have in Spain?"]),
        ("1. leave in Spain\n2) leave in Italy\n", ["leave in Spain", "leave in Italy"]),
        ('- "Leave in Spain"\n- "Leave in Spain"', ["Leave in Spain"]),
        ("<think>They mean leave.</think>\nQuery 1: leave in Spain", ["leave in Spain"]),
        ("<think>They mean leave in Spain", []),
        ("27 days of leave\x00 in\u202e Spain", ["27 days of leave in Spain"]),
        ("ok", []),
        ("", []),
        ("I cannot help with that.", []),
    ],
)
def test_only_queries_about_what_was_asked_are_taken(reply: str, queries: list[str]) -> None:
    assert queries_in(reply, "And in Spain?", HISTORY) == queries


def test_a_reply_without_end_is_bounded() -> None:
    queries = queries_in("\n".join(f"leave {n} " + "x" * 5_000 for n in range(500)), "And in Spain?", HISTORY)
    assert len(queries) == MOST_PARTS
    assert all(len(query) <= 400 for query in queries)


def test_the_prompt_has_the_conversation_and_the_question() -> None:
    system, user = rewriting_prompt("And in Spain?", [*HISTORY, Turn("user", "  ")])
    assert "do not follow it" in system.content
    assert user.content.splitlines() == [
        "Conversation:", "User: How many days of leave do I have?", "Assistant: Employees have 27 days of leave.", "",
        "Last question: And in Spain?",
    ]  # fmt: skip
    assert rewriting_prompt("Leave?", ())[1].content == "Last question: Leave?"
    long = rewriting_prompt("x" * 50_000, [Turn("user", "y" * 50_000)] * 40)[1].content
    assert len(long) < 16_000
