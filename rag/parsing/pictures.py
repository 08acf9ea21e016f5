"""Makes words on a page of what was seen in a picture, so that pictures and pages with text are laid out alike."""

from collections.abc import Iterable
from statistics import median

from rag.parsing.building import clean
from rag.parsing.ocr import SeenWord, Sight
from rag.parsing.pdf_words import WIDE, Word

_LIKE_MOST = (0.65, 1.4)


def words_of_sight(sight: Sight, width: float, height: float, shape: tuple[int, ...]) -> list[Word]:
    """The words of a picture, shape (rows, columns), that fills a page of ``width`` and ``height`` points."""
    across, down = width / shape[1], height / shape[0]
    sizes = _sizes(sight.words)
    words: list[Word] = []
    previous: SeenWord | None = None
    for seen in sight.words:
        text = clean(seen.text).strip()
        if not text:
            continue
        breaks = previous is None or seen.line != previous.line
        wide = previous is not None and bool(WIDE.match(previous.text[-1]) and WIDE.match(text[0]))
        box = (seen.x0 * across, seen.y0 * down, seen.x1 * across, seen.y1 * down)
        words.append(Word(text, *box, breaks=breaks, spaced=not wide, bold=False, type_size=sizes[seen.line] * down))
        previous = seen
    return words


def _sizes(words: Iterable[SeenWord]) -> dict[int, float]:
    """The height of each line, pixels; those about as high as most are taken to be as high: whether a line has letters
    that reach up or down changes its height, too."""
    by_line = {word.line: word.size for word in words}
    if not by_line:
        return {}
    usual = median(by_line.values())
    low, high = _LIKE_MOST[0] * usual, _LIKE_MOST[1] * usual
    return {line: usual if low <= size <= high else size for line, size in by_line.items()}


def pages_in_words(numbers: list[int]) -> str:
    """ "3", "3, 4, 9", "1–40": page numbers, ascending, as they stand in a sentence of any language."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts: list[str] = []
    for run in runs:
        parts += [f"{run[0]}–{run[-1]}"] if len(run) > 2 else [str(number) for number in run]
    if len(parts) > 12:
        parts = [*parts[:11], f"… +{len(parts) - 11}"]
    return ", ".join(parts)
