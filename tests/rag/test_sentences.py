"""Sentences: where they end, where they don't, and how long it takes to find out."""

import random
import time

import pytest

from rag.sentences import Span, sentence_spans


def sentences(text):
    return [text[span.start : span.end] for span in sentence_spans(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["It opens at seven.", "It closes at six!", "Does it?", "Yes…", "Good."],
        ["Dr. Meier and Prof. A. B. Novak met Mr. Lee.", "They talked."],
        ["The price is 3.50 EUR, i.e. less than 4.00.", "See Fig. 3 and No. 12 in Sec. 4.2 for more."],
        ["Is it No.", "Perhaps."],
        ["He works for the U.S. Government in Washington D.C. and for Acme Inc. in Texas.", "The end."],
        ["It was made by Acme Inc.", "The firm is gone."],
        ["She asked: “Is it open?”", "“No.”", "He left."],
        ['He said "stop."', "(It was late.)", "Then he went."],
        ["“Why?” he asked.", "Nobody knew."],
        ["It grew by 4 %.", "In 2019.", "In 2020 it fell."],
        ["This was shown before.[12]", "Others agree.[3][4]", "We do too."],
        ["See https://example.org/a.b?c=d.e for version 2.0.1 of the file notes.txt."],
        ["Wir treffen uns z.B. am Montag, d.h. morgen.", "Hr. Groß kommt ggf. später."],
        ["倉庫は七時に開きます。", "六時に閉まります！", "本当ですか？", "はい。"],
        ["「今日は休みです。」", "と彼は言った。"],
        ["仓库早上七点开门。", "下午六点关门。"],
        ["هل المستودع مفتوح؟", "نعم، يفتح في السابعة.", "ثم يغلق."],
        ["गोदाम सात बजे खुलता है।", "छह बजे बंद होता है।"],
        ["¿Está abierto?", "Sí.", "¡Vamos!"],
        ["Wait ... it goes on.", "Then it ends ...", "Here."],
    ],
)
def test_sentences_end_where_a_reader_would_say(expected):
    joiner = "" if expected[0][-1] in "。」" else " "
    assert sentences(joiner.join(expected)) == expected


def test_a_newline_inside_of_a_paragraph_is_white_space():
    text = "The warehouse opens at seven in the\nmorning and closes at six. Deliveries are\ntaken until five."
    assert sentences(text) == [
        "The warehouse opens at seven in the\nmorning and closes at six.",
        "Deliveries are\ntaken until five.",
    ]


def test_a_blank_line_ends_a_sentence():
    assert sentences("Opening hours\n\nWe open at seven") == ["Opening hours", "We open at seven"]


def test_list_items_stand_alone_without_their_bullet():
    text = "Bring with you:\n- your passport\n• two photos\n  * the form, filled in\n1. Ring the bell\n(b) Wait here"
    assert sentences(text) == [
        "Bring with you:",
        "your passport",
        "two photos",
        "the form, filled in",
        "1. Ring the bell",
        "(b) Wait here",
    ]


def test_a_list_item_may_run_over_lines_and_hold_sentences():
    assert sentences("- First part of\n  it. Second one.\n- Next") == ["First part of\n  it.", "Second one.", "Next"]


def test_table_rows_are_units_and_rules_are_none():
    text = "Prices. All net.\n| Item | Price |\n| --- | --- |\n| Chair. Red. | 49 |\nAfter it."
    assert sentences(text) == ["Prices.", "All net.", "| Item | Price |", "| Chair. Red. | 49 |", "After it."]


def test_lines_that_are_plainly_no_prose_stand_alone():
    assert sentences("Acme GmbH\nHafenstraße 4\n28195 Bremen, which is a city on the river Weser") == [
        "Acme GmbH",
        "Hafenstraße 4",
        "28195 Bremen, which is a city on the river Weser",
    ]
    assert sentences("a,b,c\nd,e,f\ng,h,i") == ["a,b,c", "d,e,f", "g,h,i"]
    assert sentences("name\tprice\nchair\t49") == ["name\tprice", "chair\t49"]


def test_only_the_asked_range_is_looked_at():
    text = "One is here. Two is here. Three is here."
    spans = sentence_spans(text, 13, 26)
    assert spans == [Span(13, 25)]


def test_nothing_in_nothing_out():
    assert sentence_spans("") == []
    assert sentence_spans(" \n\t ") == []
    assert sentence_spans("...!?。") == []


def test_spans_hold_every_word_in_order_whatever_the_text():
    signs = [*'ab Z9.!?…"”)(]\n\n\t|-•,;:。？؟ 1 2', "\n- ", "\n| ", ". ", "Dr. ", "\n\n"]
    random_ = random.Random(7)
    for _ in range(3000):
        text = "".join(random_.choices(signs, k=random_.randrange(60)))
        position = 0
        for span in sentence_spans(text):
            assert position <= span.start < span.end <= len(text)
            assert text[span.start : span.end] == text[span.start : span.end].strip()
            assert not any(character.isalnum() for character in text[position : span.start])
            position = span.end
        assert not any(character.isalnum() for character in text[position:])


@pytest.mark.parametrize(
    "unit",
    [
        "x",
        "word ",
        "a. ",
        ". ",
        ".",
        "x.",
        "?!”",
        "\n",
        "| ",
        "- ",
        "1. ",
        "\n- a",
        "Dr. ",
        "U.S.",
        "。",
        "\t\n",
        "a,b,c\n",
    ],
)
def test_time_is_linear_in_the_length(unit):
    def seconds(size):
        text = unit * (size // len(unit))
        begin = time.process_time()
        sentence_spans(text)
        return time.process_time() - begin

    seconds(10_000)
    assert seconds(200_000) < 3
