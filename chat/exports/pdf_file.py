"""A PDF set for print: questions, answers with raised numbers, and the notes at the end of each answer."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chat.events import CitationPayload, MessagePayload
from chat.exports.marks import with_marks
from chat.exports.typeset.blocks import blocks_of, mark, number_run, unmarked
from chat.exports.typeset.faces import SOFT, Run, Style
from chat.exports.typeset.pages import Pages
from chat.exports.written import Written, ending_words, notes_of, place_words

TITLE = Style("bold", 19.0)
QUESTION = Style("bold", 13.0)
ASIDE = Style("italic", 9.5, SOFT)
NOTE = Style(size=8.5)
_NOTE_INDENT = 14.0
_QUOTE_CHARS = 1_200


def write(written: Written) -> bytes:
    """The file's bytes."""
    pages = Pages(written.conversation.title)
    pages.text([(written.conversation.title, TITLE)])
    pages.space(4)
    pages.text([(_made(written), ASIDE)])
    pages.space(10)
    for at, (question, answers) in enumerate(written.exchanges):
        # A conversation is called after its first question, which then stands there already.
        is_title = at == 0 and question is not None and question.text.strip() == written.conversation.title
        if question is not None and not is_title:
            pages.space(22)
            pages.keep(90)
            pages.text([(question.text.strip(), QUESTION)])
        for answer in answers:
            _answer(pages, answer)
    return pages.bytes()


def _made(written: Written) -> str:
    day = date_format(timezone.localtime(), "DATE_FORMAT")
    words = _("Exported from Footnote on %(day)s") % {"day": day}
    assistant = written.conversation.assistant
    return words if assistant is None else f"{words} · {assistant.name}"


def _answer(pages: Pages, answer: MessagePayload) -> None:
    for block in blocks_of(with_marks(unmarked(answer.text), answer.citations, mark)):
        pages.block(block)
    ending = ending_words(answer)
    if ending:
        pages.space(6)
        pages.text([(ending, ASIDE)])
    notes = notes_of(answer)
    if notes:
        pages.space(8)
        pages.keep(30)
        pages.rule(90)
        for note in notes:
            pages.space(1)
            pages.text(_note(note), _NOTE_INDENT)


def _note(note: CitationPayload) -> list[Run]:
    number, raised = number_run(note.number, NOTE)
    runs: list[Run] = [(number, raised), (" ", NOTE), (place_words(note), NOTE.but(face="bold"))]
    quote = " ".join(note.quote.split())
    if quote:
        shown = quote if len(quote) <= _QUOTE_CHARS else quote[:_QUOTE_CHARS].rstrip() + " …"
        runs.append((f"  “{shown}”", NOTE.but(colour=SOFT)))
    return runs
