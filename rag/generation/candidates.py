"""Cuts passages into what an extractive answer may quote, and says what stands around each piece."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.evidence import evidence_units
from rag.generation import PromptPassage

Kind = Literal["sentence", "row", "heading", "question", "lead"]

_ROW = re.compile(r"^\|.*\|$")
_RULE = re.compile(r"^\|[\s|:-]+\|$")
_HEADING_WORDS = 12
_LIST_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_LIST_LIMIT = 800  # characters of list that a lead-in may bring along
# A few words and a colon at the head of a paragraph are its heading: "Decision: Draft B is adopted."
_RUN_IN = re.compile(r"[*_]{0,3}((?:[^\W\d_][\w'’-]* ?){1,3})[*_]{0,3}:[*_]{0,3} +\S")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A piece of a passage: ``start``/``end`` are offsets in the passage's text.

    ``passage`` is an index, not a number. ``text`` is what is compared with the question: for a row of a table the
    cells with their column's name. ``before`` is the index of the candidate before it in the same passage.
    """

    passage: int
    start: int
    end: int
    text: str
    kind: Kind
    before: int | None


def cut(passages: Sequence[PromptPassage]) -> list[Candidate]:
    """All pieces of all passages, in order; what two passages share, as neighbours do, belongs to the first."""
    found: list[Candidate] = []
    seen: dict[str, int] = {}
    for index, passage in enumerate(passages):
        first = len(found)
        for unit in evidence_units(passage.text):
            text = passage.text[unit.start : unit.end]
            kind = _kind(text, passage.text[unit.end : unit.end + 2])
            if kind == "row":
                header = header_of(passage.text, unit.start)
                if header is not None and header[0] == unit.start:
                    continue
                text = _with_columns(text, passage.text[header[0] : header[1]] if header else "")
            if seen.setdefault(text, index) != index:
                continue
            before = len(found) - 1 if len(found) > first else None
            found.append(Candidate(index, unit.start, unit.end, text, kind, before))
    return found


def header_of(text: str, row_start: int) -> tuple[int, int] | None:
    """Span of the header row of the table that the row at ``row_start`` belongs to; None when it is not there."""
    start = text.rfind("\n", 0, row_start) + 1
    first = start
    while first > 0:
        above = text.rfind("\n", 0, first - 1) + 1
        if not _ROW.match(text[above : first - 1].strip()):
            break
        first = above
    lines = text[first : first + 4_000].split("\n", 2)
    if len(lines) < 2 or not _ROW.match(lines[0].strip()) or not _RULE.match(lines[1].strip()):
        return None
    lead = len(lines[0]) - len(lines[0].lstrip())
    return first + lead, first + len(lines[0].rstrip())


def cells(row: str) -> list[str]:
    """The cells of a table row, without blanks around them."""
    return [cell.strip() for cell in _CELL.split(row.strip().strip("|"))]


def with_list(text: str, candidate: Candidate) -> tuple[int, int]:
    """The span of a candidate, reaching over the list that it announces."""
    if candidate.kind != "lead":
        return candidate.start, candidate.end
    end = candidate.end
    at = text.find("\n", end)
    while 0 <= at < len(text):
        line_end = text.find("\n", at + 1)
        line_end = len(text) if line_end < 0 else line_end
        line = text[at + 1 : line_end]
        if line.strip():
            if not _LIST_ITEM.match(line) or line_end - candidate.start > _LIST_LIMIT:
                break
            end = at + 1 + len(line.rstrip())
        at = line_end
    return candidate.start, end


def label_of(passage: PromptPassage) -> str:
    """What stands above a passage: its title and headings, the title once; empty when there is nothing."""
    below = passage.heading.removeprefix(passage.title).removeprefix(" > ") if passage.title else passage.heading
    return ": ".join(part for part in (passage.title, below) if part)


def run_in_labels(passages: Sequence[PromptPassage], candidates: Sequence[Candidate]) -> list[str]:
    """For each candidate the words before the colon that its paragraph begins with; empty where there are none."""
    labels: list[str] = []
    label = ""
    for index, candidate in enumerate(candidates):
        before = candidates[index - 1] if index else None
        goes_on = (
            before is not None
            and before.passage == candidate.passage
            and "\n" not in passages[candidate.passage].text[before.end : candidate.start]
        )
        if not goes_on:
            found = _RUN_IN.match(candidate.text) if candidate.kind == "sentence" else None
            label = found.group(1) if found else ""
        labels.append(label)
    return labels


def _kind(text: str, after: str) -> Kind:
    stripped = text.strip()
    if _ROW.match(stripped):
        return "row"
    if stripped.startswith("#"):
        return "heading"
    if stripped.endswith("?"):
        return "question"
    if stripped.endswith(":"):
        return "lead"
    ends_line = not after or after[0] == "\n"
    if ends_line and stripped[-1:].isalnum() and len(stripped.split()) <= _HEADING_WORDS and after[:2] in ("", "\n\n"):
        return "heading"
    return "sentence"


def _with_columns(row: str, header: str) -> str:
    names = cells(header) if header else []
    values = cells(row)
    if len(names) != len(values):
        return ", ".join(value for value in values if value)
    return ", ".join(f"{name}: {value}" if name else value for name, value in zip(names, values, strict=True) if value)
