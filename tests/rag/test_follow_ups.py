"""Questions that lean on the conversation, told from those that stand alone, without a model."""

import json
import time
from pathlib import Path

import pytest

from rag.follow_ups import LONGEST_TOPIC, carried_over, leans_back
from rag.generation import Turn

CONVERSATIONS = json.loads((Path(__file__).parents[2] / "bench/measures/demo_questions.json").read_text())
LEAVE = "How many days of annual leave do full-time employees have?"
HISTORY = (Turn("user", LEAVE), Turn("assistant", "Full-time employees have 27 days of annual leave."))


@pytest.mark.parametrize(
    "question",
    [
        "And part-time?", "What about Spain?", "Can it be carried over?", "How do I ask for that?", "Why?",
        "Since when?", "Who approves them?", "Is this paid?", "How do I get there?",
        "And how much is it in the second year?",
        "Was he on board?", "What is her telephone number?", "What else?", "The same for the crew?",
        "Und in Spanien?", "Et en Espagne ?", "¿Y en España?", "E in Spagna?", "А в Испании?",
    ],
)  # fmt: skip
def test_pronouns_openings_and_scraps_lean_back(question: str) -> None:
    assert leans_back(question)
    assert carried_over(question, HISTORY) == f"{LEAVE} {question}"


@pytest.mark.parametrize(
    "question",
    [
        "How long must a password be?", "Is it allowed to bring a dog on board?", "Is there Wi-Fi on the ships?",
        "How long does it take to fly to Rome?", "What does the policy say that covers dogs?", "Notice period?",
        "Why did Newton think that his law was universal?", "How did the Huguenots defend themselves?",
        "Wie lange muss ein Passwort sein?", "Quelle est la durée du préavis ?",
        "Does MV Fulmar charge its battery at sea?", "", "?", "…",
    ],
)  # fmt: skip
def test_a_topic_of_its_own_stands_alone(question: str) -> None:
    assert not leans_back(question)
    assert carried_over(question, HISTORY) == question


def test_without_a_conversation_nothing_is_carried_over() -> None:
    assert carried_over("And in Spain?", ()) == "And in Spain?"
    assert carried_over("And in Spain?", (Turn("assistant", "Hello."),)) == "And in Spain?"


def test_the_topic_is_the_last_question_that_stood_alone_and_what_followed_it() -> None:
    turns = [Turn("user", "How long must a password be?"), Turn("assistant", "14."), *HISTORY,
             Turn("user", "Can it be carried over?"), Turn("assistant", "Five days.")]  # fmt: skip
    assert carried_over("Until when?", turns) == f"{LEAVE} Can it be carried over? Until when?"


def test_a_pronoun_brings_the_names_of_the_answer() -> None:
    turns = [Turn("user", "Who is managing director?"), Turn("assistant", "It has been Maren Tulloch since May.")]
    assert (
        carried_over("What is her address?", turns)
        == "Who is managing director? Maren Tulloch May What is her address?"
    )
    assert "Maren" not in carried_over("And in 2020?", turns)


def test_a_long_conversation_is_carried_in_bounded_length_and_time() -> None:
    turns = [Turn("user" if n % 2 else "assistant", f"And what about it {n}? " * 2_000) for n in range(60)]
    turns.insert(0, Turn("user", "topic " * 5_000))
    started = time.perf_counter()
    carried = carried_over("And that?", turns)
    assert len(carried) < 3 * LONGEST_TOPIC
    assert time.perf_counter() - started < 1


def test_most_questions_of_a_real_conversation_are_told_apart() -> None:
    rows = CONVERSATIONS["conversations"]
    follow = [leans_back(row["question"]) for row in rows if not row["alone"]]
    alone = [leans_back(row["question"]) for row in rows if row["alone"]]
    assert sum(follow) >= 32
    assert not any(alone)
