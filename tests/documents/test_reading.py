"""A text cut at its chunks: every character once, with the chunks that it lies in."""

from pathlib import Path

from documents.reading import ChunkSpans, Piece, Span, part_of, part_with_chunks
from tests.rag.parsed import parsed
from tests.rag.pdf_files import PdfPage, lines, make_pdf

TEXT = "Crane one lifts. Crane two lifts.\n\nThe quay is long."


def test_what_two_chunks_share_belongs_to_both() -> None:
    first, second = (0, 0, 33), (1, 17, len(TEXT))
    pieces = ChunkSpans([first, second], 0).pieces(TEXT, 0, 33)
    assert [(piece.text, piece.chunks) for piece in pieces] == [
        ("Crane one lifts. ", (0,)),
        ("Crane two lifts.", (0, 1)),
    ]


def test_no_character_is_lost_or_repeated_whatever_the_chunks() -> None:
    for size in (1, 3, 7, 50):
        spans = [(n, at, min(at + size + 2, len(TEXT))) for n, at in enumerate(range(0, len(TEXT), size))]
        for low, high in ((0, len(TEXT)), (5, 20), (9, 9), (40, len(TEXT))):
            pieces = ChunkSpans(spans, 0).pieces(TEXT, low, high)
            assert "".join(piece.text for piece in pieces) == TEXT[low:high]
            at = low
            for piece in pieces:
                inside = {n for n, start, end in spans if start <= at and end >= at + len(piece.text)}
                assert not piece.text or set(piece.chunks) == inside
                at += len(piece.text)


def test_the_part_at_a_chunk_asks_for_the_chunks_of_that_part_alone() -> None:
    paragraph = "word " * 3000
    text = "\n\n".join([paragraph.strip()] * 10)
    step = len(paragraph.strip()) + 2
    blocks = [("paragraph", n * step, n * step + step - 2, 0) for n in range(10)]
    asked: list[tuple[int, int]] = []

    def spans(start: int, end: int) -> list[tuple[int, int, int]]:
        asked.append((start, end))
        return [(9, 9 * step, len(text))]

    part = part_with_chunks(text, blocks, 9 * step, None, spans)
    assert part.number == part.count == 3
    assert asked == [(8 * step, len(text))] == [(blocks[8][1], blocks[9][2])]
    assert part.blocks[-1].pieces[0].chunks == (9,)


def shown_items(text: str, blocks: list[tuple[str, int, int, int]], span: Span) -> list[tuple[str, list[Piece]]]:
    return [(block.marker, block.pieces) for block in part_of(text, blocks, span, None).blocks]


def test_a_marker_that_a_pdf_prints_is_the_items_marker_and_stands_there_once() -> None:
    printed = ["1. First of all", "(b) then this", "[12] a reference", "• and that", "– and more"]
    text = "\n".join(printed)
    starts = [text.index(line) for line in printed]
    blocks = [("list_item", start, start + len(line), 1) for start, line in zip(starts, printed, strict=True)]
    items = shown_items(text, blocks, Span(0, 0, len(text)))
    assert [(marker, "".join(piece.text for piece in pieces)) for marker, pieces in items] == [
        ("1.", "First of all"),
        ("(b)", "then this"),
        ("[12]", "a reference"),
        ("•", "and that"),
        ("•", "and more"),
    ]


def test_the_marked_words_of_an_item_with_a_printed_marker_are_the_right_ones() -> None:
    text = "1. First of all"
    [(_marker, pieces)] = shown_items(text, [("list_item", 0, len(text), 1)], Span(3, 8, len(text)))
    assert pieces == [Piece("First", True), Piece(" of all", False)]
    [(_marker, pieces)] = shown_items(text, [("list_item", 0, len(text), 1)], Span(0, len(text), len(text)))
    assert pieces == [Piece("First of all", True)]


def test_an_item_keeps_the_marker_before_it_and_words_that_only_look_like_one() -> None:
    text = "- 1. of January\n3. Third"
    blocks = [("list_item", 2, 15, 1), ("list_item", 19, 24, 1)]
    items = shown_items(text, blocks, Span(0, 0, len(text)))
    assert items == [("•", [Piece("1. of January", False)]), ("3.", [Piece("Third", False)])]


def test_a_numbered_list_of_a_pdf_is_shown_with_its_numbers_alone(tmp_path: Path) -> None:
    content = make_pdf([PdfPage(lines(["1. Open the valve.", "2. Wait a minute.", "10. Close it."]))])
    document = parsed(tmp_path, content, "steps.pdf")
    blocks = [(block.kind, block.start, block.end, block.level) for block in document.blocks]
    items = shown_items(document.text, blocks, Span(0, 0, 0))
    assert [(marker, pieces[0].text) for marker, pieces in items] == [
        ("1.", "Open the valve."),
        ("2.", "Wait a minute."),
        ("10.", "Close it."),
    ]
