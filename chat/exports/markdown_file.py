"""Markdown: questions as headings, answers as they were written, and a footnote for each citation."""

import re
from itertools import count

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chat.events import CitationPayload, MessagePayload
from chat.exports.marks import with_marks
from chat.exports.written import Written, ending_words, notes_of, place_words

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_CODE = re.compile(r"`[^`]+`")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")


def write(written: Written) -> bytes:
    """The file's bytes, UTF-8. Footnotes are numbered through, as Markdown needs each number once."""
    numbers = count(1)
    parts = [f"# {_plain(written.conversation.title)}", _made(written)]
    for question, answers in written.exchanges:
        if question is not None:
            parts.append(_question(question.text))
        for answer in answers:
            parts += _answer(answer, numbers)
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


def _made(written: Written) -> str:
    day = date_format(timezone.localtime(), "DATE_FORMAT")
    assistant = written.conversation.assistant
    words = _("Exported from Footnote on %(day)s") % {"day": day}
    return f"*{words}*" if assistant is None else f"*{words} · {_plain(assistant.name)}*"


def _question(text: str) -> str:
    first, _newline, rest = text.strip().partition("\n")
    heading = f"## {_plain(first)}"
    return f"{heading}\n\n" + "  \n".join(_plain(line) for line in rest.split("\n")) if rest.strip() else heading


def _answer(answer: MessagePayload, numbers: "count[int]") -> list[str]:
    notes = {note.number: (next(numbers), note) for note in notes_of(answer)}
    text = with_marks(answer.text, answer.citations, lambda number: f"[^{notes[number][0]}]")
    ending = ending_words(answer)
    foot = "\n".join(f"[^{number}]: {_note(note)}" for number, note in notes.values())
    return [_without_tags(text.strip()), f"*{ending}*" if ending else "", foot]


def _note(note: CitationPayload) -> str:
    place = f"**{_plain(place_words(note))}**"
    return f"{place}: “{_plain(note.quote)}”" if note.quote else place


def _plain(text: str) -> str:
    """Text that Markdown takes as it is, in one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _without_tags(markdown: str) -> str:
    """The Markdown with HTML as text: what a model writes may not run where the file is opened."""
    lines: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            lines.append(line)
        else:
            lines.append(line if fence else _outside_code(line))
    return "\n".join(lines)


def _outside_code(line: str) -> str:
    pieces: list[str] = []
    at = 0
    for code in _CODE.finditer(line):
        pieces += [_TAG.sub(r"\\<", line[at : code.start()]), code.group()]
        at = code.end()
    return "".join([*pieces, _TAG.sub(r"\\<", line[at:])])
