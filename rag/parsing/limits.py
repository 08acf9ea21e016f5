"""How large a document may be; each limit stops a hostile or absurd file with a sentence that says so."""

from rag.errors import ParsingError

MAX_CHARACTERS = 20_000_000
MAX_PAGES = 20_000
MAX_BLOCKS = 2_000_000
MAX_TABLE_CELLS = 2_000_000
MAX_DEPTH = 200
"""Nesting that is still told apart; what lies deeper is read as if it stood at this depth, or left out."""
MAX_MARKUP_BYTES = 100 * 1024**2
"""Size of an HTML, Markdown or text file, and of one XML part of a DOCX once inflated."""


def too_large(what: str) -> ParsingError:
    """The error for a document beyond a limit; ``what`` is that limit, as in "20,000 pages"."""
    return ParsingError("too_large", f"This document has more than {what}. Split it into smaller files.")
