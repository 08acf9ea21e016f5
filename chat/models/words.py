"""Words as the search over conversations sees them, and the place in a text where they stand.

The database cuts texts in the function ``chat_words`` (migration ``chat.0011``): what is in ``SEPARATORS`` is taken for
a space, because the parser of PostgreSQL's text search would keep ``leave.txt`` or ``07/2026`` as one word, and in a
database of the C locale a typographic quotation mark too. Other signs of ASCII are between words for it anyway.
"""

import re

SEPARATORS = "./-_@:+<>&~¡¿§•«»‹›‘’‚“”„–—…\u00a0\u202f\u3000،؛؟。、「」！？，："
"""As in migration ``chat.0010_words_of_conversations``, which is made for good: both change together."""

MAX_WORDS = 8
TEXT_CHARS = 50_000
"""Of a text, only so much is searched; as in the migration."""

EXCERPT_CHARS = 180
BEFORE_CHARS = 48
MOST_PLACES = 200
BETWEEN = SEPARATORS + "!\"#$%'()*,;=?[\\]^`{|}\n\r\t"
MARKDOWN = re.compile(r"[*`|]+|^\s*(?:#{1,6}|>|[-+]|\d+\.)\s+", re.MULTILINE)
SPACES = str.maketrans(dict.fromkeys(BETWEEN, " "))

Marked = list[tuple[str, bool]]
"""Pieces of a text in order, each with whether it is a word that was looked for."""


def words_of(text: str) -> list[str]:
    """The words of what somebody looks for, lower case, the first ``MAX_WORDS``."""
    return text.replace("\x00", "").lower().translate(SPACES).split()[:MAX_WORDS]


def prefix_query(words: list[str]) -> str:
    """Words for ``to_tsquery``: each of them, or one that begins with it. One letter stands for itself alone."""
    return " & ".join(f"'{word}':*" if len(word) > 1 else f"'{word}'" for word in words)


def worth(text: str, words: list[str]) -> float:
    """How much a text that holds ``words`` is about them, 0 to 1: half for the beginning of a word."""
    there = set(text[:TEXT_CHARS].lower().translate(SPACES).split())
    whole = sum(word in there for word in words)
    begun = sum(word not in there and any(each.startswith(word) for each in there) for word in words)
    return (whole + begun / 2) / len(words)


def marked(text: str, words: list[str]) -> Marked:
    """A whole text, with the words marked that begin with one of ``words``."""
    pieces: Marked = []
    done = 0
    for start, end in _places(text, words):
        pieces += [(text[done:start], False), (text[start:end], True)]
        done = end
    pieces.append((text[done:], False))
    return [piece for piece in pieces if piece[0]]


def excerpt(text: str, words: list[str]) -> Marked:
    """Some ``EXCERPT_CHARS`` of a text where most of ``words`` stand together, without Markdown's signs."""
    plain = " ".join(MARKDOWN.sub(" ", text[:TEXT_CHARS]).split())
    first = _best_place(plain, words)
    start = 0
    if first > BEFORE_CHARS:
        space = plain.find(" ", first - BEFORE_CHARS, first)
        start = space + 1 if space >= 0 else first
    end = len(plain)
    if end > start + EXCERPT_CHARS:
        space = plain.rfind(" ", start + EXCERPT_CHARS // 2, start + EXCERPT_CHARS)
        end = space if space >= 0 else start + EXCERPT_CHARS
    before, after = ("… " if start else ""), (" …" if end < len(plain) else "")
    return [piece for piece in ((before, False), *marked(plain[start:end], words), (after, False)) if piece[0]]


def _places(text: str, words: list[str]) -> list[tuple[int, int]]:
    """Where words stand that begin with one of ``words``."""
    # One sign for one: places in the text with spaces are places in the text.
    found = ((each.span(), each.group().lower()) for each in re.finditer(r"\S+", text.translate(SPACES)))
    return [span for span, word in found if any(_is(word, wanted) for wanted in words)]


def _is(word: str, wanted: str) -> bool:
    return word == wanted or (len(wanted) > 1 and word.startswith(wanted))


def _best_place(text: str, words: list[str]) -> int:
    """Where the stretch begins in which the most different words stand, the first such; 0 where there is none."""
    places = _places(text, words)[:MOST_PLACES]
    best, start = 0, 0
    for nth, (begin, _end) in enumerate(places):
        reach = begin + EXCERPT_CHARS - BEFORE_CHARS
        near = [text[a:b].lower() for a, b in places[nth : nth + 40] if b <= reach]
        there = sum(any(_is(word, wanted) for word in near) for wanted in words)
        if there > best:
            best, start = there, begin
    return start
