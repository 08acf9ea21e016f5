"""What could be asked next: questions that passages answer which were found and not cited, by rule."""

import pytest

from rag.embeddings import shipped_embedder
from rag.generation import PromptPassage
from rag.generation.extractive import ExtractiveAnswerer
from rag.remembering import RememberingEmbedder
from rag.suggesting import suggest


def passage(number: int, text: str, heading: str = "", title: str = "Staff guide") -> PromptPassage:
    return PromptPassage(number, text, title, "guide.txt", heading, None, 0.5)


LEAVE = passage(1, "Full-time employees have 27 days of annual leave in addition to public holidays.", "Leave")
WORK = passage(2, "Office staff work 37.5 hours a week. The rest is arranged with the team.", "Working time")
FERRY = passage(
    3, "It is free on all ships. Each device may use 500 MB on a crossing.", "On board > Is there Wi-Fi?", "FAQ"
)
HOTEL = passage(4, "A room may cost 140 EUR in large cities. Book with the travel desk.", "3.2 Hotels")
GERMAN = passage(
    5, "Die Reise wird vor der Abfahrt beim Fuhrpark angemeldet und von der Leitung genehmigt.", "2. Dienstreisen"
)

URLAUB = passage(6, "Jeder Angestellte hat 27 Tage Urlaub im Jahr. Er wird mit dem Team abgesprochen.", "Urlaub")
WOCHE = passage(7, "Die festen Mitarbeiter arbeiten 37,5 Stunden pro Woche, und das Team verteilt sie.", "Arbeitszeit")
ARABIC = passage(8, "لكل موظف 30 يومًا من الإجازة السنوية، ويطلبها من رئيس الفريق.", "الإجازات", "دليل الموظفين")


def made_of(given: PromptPassage) -> list[str]:
    """What is suggested where the passage answers whatever is made of it."""
    return [each.question for each in suggest([given], (), (), lambda _question: 0)]


@pytest.mark.parametrize(
    ("given", "question"),
    [
        (LEAVE, "How many days of annual leave do full-time employees have?"),
        (WORK, "How many hours a week do office staff work?"),
        (FERRY, "Is there Wi-Fi?"),
        (HOTEL, "What does “Staff guide” say about “Hotels”?"),
        (GERMAN, "Was steht in „Staff guide“ zu „Dienstreisen“?"),
        (URLAUB, "Wie viele Tage Urlaub im Jahr hat jeder Angestellte?"),
        (WOCHE, "Wie viele Stunden pro Woche arbeiten die festen Mitarbeiter?"),
        (ARABIC, "ماذا يقول «دليل الموظفين» عن «الإجازات»؟"),
        (passage(9, "الإنترنت مجاني على متن السفن كلها.", "هل يوجد إنترنت؟"), "هل يوجد إنترنت؟"),
    ],
)
def test_a_question_is_made_of_what_a_passage_says(given: PromptPassage, question: str) -> None:
    assert made_of(given)[0] == question


@pytest.mark.parametrize(
    "given",
    [
        passage(1, "It has three lifts.", "Introduction"),
        passage(1, "Ship's crews work two weeks on board, followed by two weeks ashore.", ""),
        passage(1, "Die Reederei hat 30 Boote an die Stadt verkauft.", ""),
        passage(1, "Dabei haben 20 Boote einen Motor.", ""),
        passage(1, "Die Mannschaften arbeiten zwei Wochen an Bord.", ""),
        passage(1, "لكل موظف 5 أيام من الإجازة.", "مقدمة"),
        passage(1, "Всё, что нужно знать о поездках сотрудников и о возврате расходов.", "Поездки"),
        passage(1, "The same words.", "Staff guide"),
        passage(1, "One, two.", "12"),
        passage(1, "", ""),
    ],
)
def test_rather_none_than_a_silly_one(given: PromptPassage) -> None:
    assert made_of(given) == []


def test_what_was_cited_or_asked_or_is_not_answered_is_left_out() -> None:
    passages = [LEAVE, WORK, FERRY, HOTEL]
    answers = {"Is there Wi-Fi?": 2, "What does “Staff guide” say about “Hotels”?": 0}.get
    assert [each.question for each in suggest(passages, {1}, [], answers)] == ["Is there Wi-Fi?"]
    assert suggest(passages, {1}, ["Is there any Wi-Fi?"], answers) == []
    assert suggest(passages, {1, 2, 3, 4}, [], lambda _question: 0) == []


def test_what_is_suggested_is_answered_by_the_passage_it_came_from() -> None:
    passages = [LEAVE, WORK, FERRY, HOTEL]
    answerer = ExtractiveAnswerer(RememberingEmbedder(shipped_embedder()))

    def answered_by(question: str) -> int | None:
        choice = answerer.choose(question, passages)
        return choice.quotes[0].passage if choice.quotes and choice.probability >= 0.5 else None

    found = suggest(passages, {1}, ["How many days of leave do I have?"], answered_by)
    assert {each.question for each in found} >= {"How many hours a week do office staff work?", "Is there Wi-Fi?"}
    assert all(answered_by(each.question) == each.passage for each in found)
