"""Filters said in words are found where they are said, and nowhere else."""

import pytest

from rag.said_filters import Known, Named, may_name, said_filters, without

KNOWN = Known(
    sources={
        "HR": "HR", "hr": "HR", "HR handbook": "HR handbook", "hr-handbook": "HR handbook", "Library": "Library",
        "Personalabteilung": "Personalabteilung", "Travel Policies": "Travel Policies",
    },
    authors={"Ada Lovelace", "Ada", "Jane Austen"},
    tags={"travel", "travel 2023", "reise"},
)  # fmt: skip


def said(question: str) -> tuple[list[str], str]:
    found = said_filters(question, KNOWN)
    return [each.key for each in found], without(question, found)


@pytest.mark.parametrize(
    ("question", "filters", "left"),
    [
        ("How many days of leave are there, from HR?", ["source is HR"], "How many days of leave are there?"),
        ("What is the leave policy from HR?", ["source is HR"], "What is the leave policy?"),
        ("According to HR, who approves leave?", ["source is HR"], "who approves leave?"),
        ("What does it say about leave in the hr handbook source?", ["source is HR handbook"], None),
        ("What is said about trains in the Travel Policies?", ["source is Travel Policies"], None),
        ("Search the folder in the source “Library” for fees", ["source is Library"], None),
        ("What do the fees cost according to the library documents?", ["source is Library"], None),
        ("Wie viel Urlaub gibt es laut der Personalabteilung?", ["source is Personalabteilung"], None),
        ("Welche Regeln gelten für Urlaub aus der Personalabteilung?", ["source is Personalabteilung"], None),
        ("What was the revenue in the 2023 report?", ["date is 2023"], "What was the revenue in the report?"),
        ("In the annual report of 2023, what was the revenue?", ["date is 2023"], None),
        ("Which documents from 2023 mention dogs?", ["date is 2023"], "Which documents mention dogs?"),
        ("Wie hoch war der Umsatz im Bericht von 2023?", ["date is 2023"], "Wie hoch war der Umsatz im Bericht?"),
        ("Was steht im 2023er Reisebericht über Hunde?", ["date is 2023"], "Was steht im Reisebericht über Hunde?"),
        ("Was kostet das laut dem Handbuch 2021?", ["date is 2021"], None),
        ("What do documents since March 2024 say about dogs?", ["date from 2024-03"], None),
        ("What is new in the reports from after 5 March 2024?", ["date after 2024-03-05"], None),
        ("What did the policies before 2022 say?", ["date before 2022"], "What did the policies say?"),
        ("Was steht in Dokumenten seit März 2024 über Hunde?", ["date from 2024-03"], None),
        ("Find the files since 2021-05 until 2022", ["date from 2021-05"], None),
        ("What does the memo written by Ada Lovelace say about dogs?", ["author is Ada Lovelace"],
         "What does the memo say about dogs?"),
        ("Was steht in den Berichten von Ada Lovelace?", ["author is Ada Lovelace"], None),
        ("What is the margin in the PDF?", ["kind is pdf"], "What is the margin?"),
        ("Welche Summe steht in der Excel-Tabelle?", ["kind any_of xlsx,ods,csv"], "Welche Summe steht?"),
        ("What does a train cost, tagged travel?", ["tag is travel"], "What does a train cost?"),
        ("What does a train cost in documents tagged “Travel 2023”?", ["tag is travel 2023"], None),
        ("Was kostet die Bahn in Dokumenten mit dem Schlagwort Reise?", ["tag is reise"], "Was kostet die Bahn?"),
        ("What is said about leave in German documents?", ["language is de"], "What is said about leave?"),
        ("Was steht über Urlaub in den englischen Unterlagen?", ["language is en"], None),
        ("What is the fee in the 2023 report from HR?", ["date is 2023", "source is HR"],
         "What is the fee in the report?"),
    ],
)  # fmt: skip
def test_what_narrows_is_found_and_cut(question: str, filters: list[str], left: str | None) -> None:
    found, rest = said(question)
    assert found == filters
    assert rest != question
    assert left is None or rest == left


@pytest.mark.parametrize(
    "question",
    [
        "Who won the 2014 World Cup?",
        "What happened in 2023?",
        "Who has led the company since 2019?",
        "What did the company report before 2022?",
        "Which department reports since 2019 to the board?",
        "What was reported in the 2023 crisis?",
        "How many people died in the report of 2023 accidents?",
        "What changed between the 2021 report and the 2023 report?",
        "When was the 2014 report published?",
        "What is the budget for 2023/24?",
        "Do I need an approval from HR?",
        "How long does it take to hear back from HR?",
        "Who is moving from HR to Finance?",
        "How do I get from the Library to the station?",
        "Which books can I borrow from the library?",
        "Who works in HR?",
        "How many miles is the station from Library?",
        "What does HR do?",
        "What is the difference between documents from HR and from Library?",
        "Which program was written by Ada Lovelace?",
        "Who was Ada Lovelace?",
        "Which novels by Jane Austen are set in Bath?",
        "What was the memo by Adam about?",
        "Which documents by Bob mention dogs?",
        "What must I write in the e-mail?",
        "What is a PDF?",
        "Which fonts may be used in the PDF format?",
        "How is travel paid?",
        "What does tagged mean?",
        "Are there courses in German?",
        "Where do I find German documents?",
        "Wer arbeitet in der Personalabteilung?",
        "Brauche ich eine Genehmigung aus der Personalabteilung?",
        "Wer gewann die Weltmeisterschaft 2014?",
        "Seit 2019 leitet wer das Haus?",
        "Was ist ein Bericht?",
        "",
        "What is the margin in the PDF? " + "It is a long story. " * 20,
    ],
)
def test_what_a_question_is_about_narrows_nothing(question: str) -> None:
    assert said(question) == ([], question)


def test_said_alone_it_narrows_what_the_conversation_is_about() -> None:
    assert said("And from HR?") == (["source is HR"], "And from HR?")
    assert said("In the 2023 report?") == (["date is 2023"], "In the report?")


def test_only_names_that_are_worth_it_are_looked_up() -> None:
    assert may_name("How many days of leave are there?") == Named()
    assert may_name("What is the leave policy from HR?") == Named(source=True)
    found = may_name("What do the documents by Ada B. Berg tagged travel?")
    assert not found.source
    assert {"ada", "ada b.", "ada b. berg"} <= set(found.authors)
    assert found.tags == ("travel",)


def test_a_name_that_is_not_known_is_no_filter() -> None:
    assert said_filters("What is the leave policy from HR?", Known({})) == []
    assert said_filters("What does the memo by Ada Lovelace say?", Known({})) == []
