"""Takes citation marks out of a model's raw text while it streams, and ties what they cover to the passages.

Recognised: ``[1]`` ``[1][2]`` ``[1, 2]`` ``[1-3]`` ``[^1]`` ``[[1]]`` ``[passage 1]`` ``【1】`` ``【1†source】``.
Left as text: code, links such as ``[1](url)``, indexes such as ``arr[0]`` or ``rows[1].name``, years and other
numbers that can name no passage. A mark that looks right but names a passage that was not shown is dropped.
Nothing is held back but what may still become a mark, so the text streams as it comes.
"""

import re
from collections.abc import Sequence

from rag.evidence import Evidence, Span
from rag.generation import Beginning, CitationMade, PromptPassage, TextDelta
from rag.sentences import sentence_spans

StreamPart = TextDelta | CitationMade

_LONGEST_MARK = 64
_LONGEST_SPACE = 64
_LONGEST_TICKS = 64
_LONGEST_CODE = 400  # how far an opened backtick may wait for its twin once a mark stands in between
_TAIL = 4_000  # characters of the answer kept to find the sentence before a mark
_HIGHEST_NUMBER = 99  # a stray [7] is a mark of a passage that does not exist; [2024] is a year
_WIDEST_RANGE = 20

_NUMBERS = r"\s*\^?#?\d{1,3}(?:\s*[,;–—-]\s*\^?#?\d{1,3}){0,15}\s*"
_WORD = r"\s*(?:(?:passages?|sources?)\s)?"
_MARK = re.compile(
    rf"\[\[{_WORD}({_NUMBERS})\]\]|\[{_WORD}({_NUMBERS})\]|【{_WORD}({_NUMBERS})(?:†[^】\n]{{0,40}})?】", re.IGNORECASE
)
_MARK_BEGUN = re.compile(r"(?:\[\[?|【)\s*([a-z]{0,8})\s*[\d\s,;^#–—-]*(?:\]|†[^】\n]*)?\Z", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\u00a0\u202f]+")
_NO_BRACKETS = str.maketrans("[【", "((")
_PLAIN = re.compile(r"[^\[【`~\\\n \t\u00a0\u202f]+")
_JOINT = re.compile(r"[ \t]{0,4}(?:(?:,? ?and|[,;&])[ \t]{0,4})?(?=[\[【])")
_JOINT_BEGUN = re.compile(r"[ \t]{0,4}(?:(?:,? ?a(?:nd?)?|[,;&])[ \t]{0,4})?\Z")
_CLOSING = re.compile(r"[.!?…。！？]{1,3}[”\"’')»]{0,2}")
_CLOSING_LONGEST = 5
_INDEX_AFTER = re.compile(r"\.\w| ?=")
_INDEX_MAY_FOLLOW = re.compile(r"[. ]?\Z")
_FENCE_END = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(?:\n|\Z)")
_FENCE_END_BEGUN = re.compile(r"[ \t]*[`~]*[ \t]*\Z")
# What may stand before the words of a line: quote signs, list markers, heading signs, emphasis.
_LINE_LEAD = re.compile(r"\s*(?:>\s*)*(?:(?:[-*+•]|\d{1,3}[.)]|#{1,6})\s+)?[*_\s]*")


class CitationParser:
    """Raw model text in, in pieces of any size; text without marks and citations out.

    The result does not depend on how the text was cut into pieces. A citation covers the sentence before its mark,
    or the part of it since the previous mark. Offsets count code points of the text given out so far.

    With a ``beginning`` that was given out before, what is fed comes after it, and the parts are those that one parser
    would give which had read all of it.
    """

    def __init__(self, passages: Sequence[PromptPassage], beginning: Beginning | None = None) -> None:
        self._evidence = {passage.number: Evidence(passage.text) for passage in passages}
        self._raw = ""
        self._parts: list[StreamPart] = []
        self._tail = ""
        self._length = 0
        self._line_start = 0  # offset of the current line in the answer
        self._fence = ""  # the run that opened a code block, or nothing
        self._code = ""  # the run that opened inline code, or nothing
        self._group: list[int] = []  # passages named by marks not yet given out
        self._leading: list[int] = []  # passages named before the words of the current line
        self._covered: tuple[int, int] | None = None
        self._made: set[tuple[int, int, int]] = set()
        if beginning is not None:
            self._go_on_from(beginning)

    @property
    def made_citations(self) -> bool:
        """Whether any citation has been given out."""
        return bool(self._made)

    def feed(self, piece: str) -> list[StreamPart]:
        """The parts that are certain now that ``piece`` has arrived."""
        # PostgreSQL stores no NUL, and no answer needs one.
        self._raw += piece.replace("\x00", "")
        return self._run(final=False)

    def finish(self) -> list[StreamPart]:
        """The parts that were held back; call once, at the end of the text."""
        return self._run(final=True)

    def _go_on_from(self, beginning: Beginning) -> None:
        """Take up the state that giving out ``beginning`` left: its line, open code, what it cites."""
        # Its marks are gone: a bracket that is left is text, and is read as a character that can be nothing else.
        self._raw = beginning.text.translate(_NO_BRACKETS)
        self._run(final=True)
        self._raw, self._parts = "", []
        self._tail = beginning.text[-_TAIL:]
        cited = sorted((each.end, each.start) for each in beginning.citations)
        if cited:
            self._covered = cited[-1][1], cited[-1][0]
        self._made = {(each.start, each.end, each.passage_number) for each in beginning.citations}

    def _run(self, *, final: bool) -> list[StreamPart]:
        self._parts = []
        position = 0
        while position < len(self._raw):
            taken = self._step(position, final)
            if taken is None:
                break
            position += taken
        self._raw = self._raw[position:]
        if final:
            self._close_group()
            self._close_line()
        return self._parts

    def _step(self, at: int, final: bool) -> int | None:
        """Handle what stands at ``at``; the number of characters taken, or None when more text is needed."""
        if self._fence:
            return self._step_fence(at, final)
        if self._code:
            return self._step_code(at, final)
        if self._group:
            taken = self._step_after_mark(at, final)
            if taken is None or taken > 0:
                return taken
        return self._step_text(at, final)

    def _step_text(self, at: int, final: bool) -> int | None:
        """Outside code: spaces that may belong to a mark, marks, the beginnings of code, escapes, line ends, words."""
        char = self._raw[at]
        if char in " \t\u00a0\u202f":
            return self._step_space(at, final)
        if char in "[【":
            return self._step_mark(at, at, final)
        if char == "`" or (char == "~" and self._no_words_in_line()):
            return self._step_ticks(at, final)
        if char == "\\" and at + 1 == len(self._raw) and not final:
            return None
        if char == "\\":
            return self._emit(self._raw[at : at + 2].rstrip("\n"))
        if char == "\n":
            self._close_line()
            self._emit(char)
            self._line_start = self._length
            return 1
        plain = _PLAIN.match(self._raw, at)
        return self._emit(plain.group() if plain else char)

    def _step_space(self, at: int, final: bool) -> int | None:
        match = _SPACE.match(self._raw, at)
        assert match is not None
        end = match.end()
        if end - at > _LONGEST_SPACE:
            return self._emit(self._raw[at : end - _LONGEST_SPACE])
        if end == len(self._raw):
            return self._emit(match.group()) if final else None
        if self._leading and self._no_words_in_line():
            return end - at
        if self._raw[end] in "[【":
            return self._step_mark(end, at, final)
        return self._emit(match.group())

    def _step_mark(self, at: int, since: int, final: bool) -> int | None:
        """A bracket at ``at``, with spaces from ``since`` on: take the mark out, or give the bracket out as text."""
        found = self._mark_at(at, since, final)
        if found is None:
            return None
        numbers, end = found
        if end == at:
            return self._emit(self._raw[since : at + 1])
        space = self._raw[since:at]
        if self._no_words_in_line(space):
            self._emit(space)
            self._leading.extend(numbers)
        else:
            self._group.extend(numbers)
        return end - since

    def _mark_at(self, at: int, since: int, final: bool) -> tuple[list[int], int] | None:
        """The passages named by a mark at ``at`` and where it ends; ``at`` itself when none is there; None: wait."""
        raw = self._raw
        match = _MARK.match(raw, at, min(len(raw), at + _LONGEST_MARK))
        if match is None:
            begun = _MARK_BEGUN.match(raw, at)
            waiting = begun is not None and len(raw) - at < _LONGEST_MARK and _may_be_word(begun.group(1))
            return None if waiting and not final else ([], at)
        end = match.end()
        if end == len(raw) and not final:
            return None
        if raw[end : end + 1] == "(":
            return [], at
        before = self._tail[-1:]
        if since == at and not self._group and before.isascii() and (before.isalnum() or before == "_"):
            if _INDEX_AFTER.match(raw, end):
                return [], at
            if _INDEX_MAY_FOLLOW.match(raw, end) and not final:
                return None
        numbers = _expand(next(group for group in match.groups() if group is not None))
        known = [number for number in numbers if number in self._evidence]
        if not known and not (numbers and all(1 <= number <= _HIGHEST_NUMBER for number in numbers)):
            return [], at
        return known, end

    def _step_after_mark(self, at: int, final: bool) -> int | None:
        """After a mark: join the next mark to it, take the full stop into its sentence, or give it out."""
        raw = self._raw
        joint = _JOINT.match(raw, at)
        if joint is not None:
            found = self._mark_at(joint.end(), joint.end(), final)
            if found is None:
                return None
            numbers, end = found
            if end > joint.end():
                self._group.extend(numbers)
                return end - at
        elif _JOINT_BEGUN.match(raw, at) and not final:
            return None
        closing = _CLOSING.match(raw, at)
        if closing is not None:
            if closing.end() == len(raw) and len(closing.group()) < _CLOSING_LONGEST and not final:
                return None
            taken = self._emit(closing.group())
            self._close_group()
            return taken
        self._close_group()
        return 0

    def _step_ticks(self, at: int, final: bool) -> int | None:
        """A run of backticks or tildes: the start of a code block, of inline code, or just characters."""
        raw = self._raw
        end = at + 1
        while end < len(raw) and raw[end] == raw[at]:
            end += 1
        if end - at > _LONGEST_TICKS:
            return self._emit(raw[at : end - _LONGEST_TICKS])
        run = raw[at:end]
        if end == len(raw) and not final:
            return None
        if len(run) >= 3 and self._no_words_in_line():
            line_end = raw.find("\n", end, end + 100)
            if line_end < 0 and len(raw) - end < 100 and not final:
                return None
            info = raw[end:line_end] if line_end >= 0 else raw[end : end + 100]
            if run[0] not in info:
                self._close_line()
                self._fence = run
                return self._emit(run + info)
        if run[0] == "`":
            self._code = run
        return self._emit(run)

    def _step_code(self, at: int, final: bool) -> int | None:
        """Inside inline code: give out up to its end; a mark waits until it is certain that the code is closed."""
        raw = self._raw
        space = _SPACE.match(raw, at)
        if space is not None and space.end() - at > _LONGEST_SPACE:
            return self._emit(raw[at : space.end() - _LONGEST_SPACE])
        if space is not None and space.end() == len(raw) and not final:
            return None
        if raw[space.end() if space and space.end() < len(raw) else at] in "[【\\`":
            return self._step_doubtful_code(at, final)
        if raw[at] == "\n":
            self._code = ""
            return 0
        match = space or _PLAIN.match(raw, at)
        return self._emit(match.group() if match else raw[at])

    def _step_doubtful_code(self, at: int, final: bool) -> int | None:
        """Code or not? It is when the opening run of backticks comes again before the line ends."""
        window = self._raw[at : at + _LONGEST_CODE]
        close = re.search(rf"(?<!`){self._code}(?!`)", window)
        line_end = window.find("\n")
        full = len(window) == _LONGEST_CODE
        if close is not None and (line_end < 0 or close.start() < line_end):
            # A run at the end of what has come may still grow.
            if close.end() == len(window) and not final and not full:
                return None
            self._code = ""
            return self._emit(window[: close.end()])
        if not final and not full and line_end < 0:
            return None
        if full and line_end < 0:
            return self._emit(self._raw[at])
        self._code = ""
        return 0

    def _step_fence(self, at: int, final: bool) -> int | None:
        """Inside a code block: give out lines as they are until the one that closes it."""
        raw = self._raw
        if self._length == self._line_start:
            closing = _FENCE_END.match(raw, at)
            if closing and closing.group(1).startswith(self._fence) and (closing.group().endswith("\n") or final):
                self._fence = ""
                return self._emit(closing.group().rstrip("\n"))
            if _FENCE_END_BEGUN.match(raw, at) and not final and len(raw) - at < _LONGEST_SPACE:
                return None
        line_end = raw.find("\n", at)
        if line_end < 0:
            return self._emit(raw[at:])
        taken = self._emit(raw[at : line_end + 1])
        self._line_start = self._length
        return taken

    def _emit(self, text: str) -> int:
        if text:
            last = self._parts[-1] if self._parts else None
            if isinstance(last, TextDelta):
                self._parts[-1] = TextDelta(last.text + text)
            else:
                self._parts.append(TextDelta(text))
            self._tail = (self._tail + text)[-_TAIL:]
            self._length += len(text)
        return len(text)

    def _no_words_in_line(self, space: str = "") -> bool:
        """Whether the current line, with ``space`` after it, holds nothing but what may stand before words."""
        line = self._tail[max(0, len(self._tail) - (self._length - self._line_start)) :] + space
        return len(line) < 200 and _LINE_LEAD.fullmatch(line) is not None

    def _close_group(self) -> None:
        """Give out the citations of the marks gathered at the current end of the text."""
        numbers, self._group = list(dict.fromkeys(self._leading + self._group)) if self._group else [], []
        if numbers:
            self._leading = []
            self._cite(numbers, self._sentence_before(self._length))

    def _close_line(self) -> None:
        """At the end of a line: marks that stood before its words cover them, or the sentence before the line."""
        self._close_group()
        numbers, self._leading = list(dict.fromkeys(self._leading)), []
        if not numbers:
            return
        base = self._length - len(self._tail)
        if self._no_words_in_line():
            end = base + len(self._tail[: max(0, self._line_start - base)].rstrip())
            self._cite(numbers, self._sentence_before(end))
        else:
            start = max(self._line_start, base)
            self._cite(numbers, self._trimmed(start, self._length))

    def _sentence_before(self, end: int) -> tuple[int, int] | None:
        """The sentence of the answer that ends at ``end``, or the part of it since the previous mark."""
        base = self._length - len(self._tail)
        local_end = end - base
        line_start = self._tail.rfind("\n", 0, local_end) + 1
        spans = sentence_spans(self._tail, line_start, local_end)
        if not spans:
            return None
        span = self._trimmed(base + spans[-1].start, end)
        if span is None:
            return self._covered
        if self._covered is not None and span[0] < self._covered[1] <= end:
            since = self._trimmed(self._covered[1], end)
            return since if since is not None else self._covered
        return span

    def _trimmed(self, start: int, end: int) -> tuple[int, int] | None:
        """The span without list markers and punctuation before its words; None when it has no words."""
        base = self._length - len(self._tail)
        text = self._tail[max(0, start - base) : end - base]
        if not any(char.isalnum() for char in text):
            return None
        lead = _LINE_LEAD.match(text)
        skipped = lead.end() if lead and lead.end() < len(text) else 0
        rest = text[skipped:]
        skipped += len(rest) - len(rest.lstrip(" \t,;:.!?–—)*_"))
        return max(start, base) + skipped, end - (len(text) - len(text.rstrip()))

    def _cite(self, numbers: list[int], covered: tuple[int, int] | None) -> None:
        if covered is None or covered[0] >= covered[1]:
            return
        self._covered = covered
        base = self._length - len(self._tail)
        sentence = self._tail[max(0, covered[0] - base) : covered[1] - base]
        for number in numbers:
            if (*covered, number) not in self._made:
                self._made.add((*covered, number))
                source = self._evidence[number].locate(sentence)
                self._parts.append(CitationMade(*covered, number, source.start, source.end))


def locate(answer_sentence: str, passage_text: str) -> Span:
    """The span of a passage that best supports a sentence; the whole passage when nothing in it stands out."""
    return Evidence(passage_text).locate(answer_sentence)


def _may_be_word(letters: str) -> bool:
    """Whether the letters after a bracket may become "passages" or "sources"."""
    lower = letters.lower()
    return "passages".startswith(lower) or "sources".startswith(lower)


def _expand(listed: str) -> list[int]:
    """The numbers of "1, 3-5"; empty for a range that runs backwards or too far."""
    numbers: list[int] = []
    for item in re.split(r"[,;]", listed):
        ends = [int(number) for number in re.findall(r"\d+", item)]
        if not ends or ends[-1] < ends[0] or ends[-1] - ends[0] > _WIDEST_RANGE:
            return []
        numbers.extend(range(ends[0], ends[-1] + 1))
    return list(dict.fromkeys(numbers))
