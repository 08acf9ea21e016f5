"""The sentences that say most of what a text is about."""

from rag.embeddings import shipped_embedder
from rag.summary import MOST_COMPARED, summary_spans

LEAVE = [
    "Every employee has thirty days of paid leave in each calendar year.",
    "Paid leave is requested from the team lead two weeks before it begins.",
    "Leave that is not taken by the end of March of the next year is lost.",
    "The team lead decides on a request for leave within three working days.",
    "During parental leave no days of paid leave are added to the account.",
]
ASIDE = "The cafeteria on the third floor serves soup with bread on Tuesdays."


def told(text: str, most: int) -> list[str]:
    return [text[span.start : span.end] for span in summary_spans(text, shipped_embedder(), most)]


def test_what_a_text_is_about_is_chosen_in_its_order_and_nothing_twice():
    text = (
        f"# Leave\n\n{LEAVE[0]} {LEAVE[1]} {LEAVE[0]}\n\n| Kind of leave | Days of the leave |\n\n{ASIDE} "
        + " ".join(LEAVE[2:])
    )
    chosen = told(text, 3)
    assert len(chosen) == len(set(chosen)) == 3
    assert set(chosen) <= set(LEAVE)
    assert [text.index(each) for each in chosen] == sorted(text.index(each) for each in chosen)


def test_short_texts_are_told_whole_and_texts_without_sentences_not_at_all():
    assert told(" ".join(LEAVE[:2]), 6) == LEAVE[:2]
    assert told("A heading\n\nAnother heading without an end, long enough for a sentence", 6) == []
    assert told("", 6) == []


def test_a_long_text_is_sampled_from_all_of_it():
    text = " ".join(f"Paragraph {number} says that the ship number {number} sailed in spring." for number in range(900))
    spans = summary_spans(text, shipped_embedder(), MOST_COMPARED)
    assert len(spans) == MOST_COMPARED
    assert spans[-1].start > len(text) * 0.9
