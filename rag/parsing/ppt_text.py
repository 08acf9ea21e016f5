"""Cuts a text of an old presentation into lines, with the level of each that is an item of a list."""

import struct
from dataclasses import dataclass

from rag.parsing.building import collapse

_BODIES = (1, 7, 8)
# What a paragraph's properties hold before those that matter not, by the bits of their mask ([MS-PPT] TextPFException).
_FLAGS, _HAS_BULLET = 0x0F, 0x01
_WIDTHS = ((7, 2), (4, 2), (6, 2), (5, 4), (11, 2), (12, 2), (13, 2), (14, 2), (8, 2), (10, 2), (15, 2))
_TABS = 20
_AFTER_TABS = ((0x010000, 2), (0x0E0000, 2), (0x200000, 2))


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph; ``level`` is 0 for prose, from 1 on for an item of a list."""

    text: str
    level: int


def lines(text: str, style: bytes, kind: int) -> list[Line]:
    """The paragraphs of ``text``; of a slide's body they are items unless its ``style`` says otherwise."""
    runs = _runs(style, len(text) + 1)
    found = []
    position = run = 0
    for paragraph in text.split("\r"):
        while run + 1 < len(runs) and runs[run][0] <= position:
            run += 1
        _, depth, bullet = runs[run] if runs else (0, 0, None)
        is_item = bullet if bullet is not None else kind in _BODIES
        shown = "\n".join(filter(None, map(collapse, paragraph.split("\x0b"))))
        found.append(Line(shown, min(depth, 8) + 1 if is_item else 0))
        position += len(paragraph) + 1
    return found


def _runs(style: bytes, length: int) -> list[tuple[int, int, bool | None]]:
    """Of each run of paragraphs: where it ends, its depth, and whether it has bullets if that is said."""
    found: list[tuple[int, int, bool | None]] = []
    at = end = 0
    try:
        while end < length and at < len(style):
            count, depth, mask = struct.unpack_from("<IHI", style, at)
            at += 10
            bullet = None
            if mask & _FLAGS:
                (flags,) = struct.unpack_from("<H", style, at)
                bullet = bool(flags & _HAS_BULLET) if mask & _HAS_BULLET else None
                at += 2
            at += sum(width for bit, width in _WIDTHS if mask >> bit & 1)
            if mask >> _TABS & 1:
                at += 2 + 4 * struct.unpack_from("<H", style, at)[0]
            at += sum(width for bits, width in _AFTER_TABS if mask & bits)
            end += count
            found.append((end, depth, bullet))
    except struct.error:
        return found
    return found
