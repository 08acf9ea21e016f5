"""A text cut at its chunks: every character once, with the chunks that it lies in."""

from documents.reading import ChunkSpans, part_with_chunks

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
