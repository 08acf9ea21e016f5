"""How large a document may be; each limit stops a hostile or absurd file with a sentence that says so."""

import math
import time

from rag.errors import ParsingError
from rag.errors import marked as _

MAX_CHARACTERS = 20_000_000
MAX_PAGES = 20_000
MAX_SCANNED_PAGES = 1000
MAX_BLOCKS = 2_000_000
MAX_TABLE_CELLS = 2_000_000
MAX_DEPTH = 200
"""Nesting that is still told apart; what lies deeper is read as if it stood at this depth, or left out."""
MAX_MARKUP_BYTES = 100 * 1024**2
"""Size of an HTML, Markdown or text file, and of one part of an office file once inflated."""
MAX_INFLATED_BYTES = 400 * 1024**2
"""What all parts of an office file that are read may come to, once inflated."""
MAX_SHEETS = 1_000
MAX_OPEN_TAGS = 25_000
"""Depth of a page's markup that is still parsed: the time it takes grows with the square, 3 s at this one."""
MAX_ATTACHMENTS = 200
MAX_ATTACHMENT_BYTES = 256 * 1024**2
MAX_ATTACHMENT_DEPTH = 4
"""Files within one file: how many, how large together, and how deep within each other."""
MAX_BOOK_BYTES = 256 * 1024**2
"""Size of all chapters of a book together, once inflated."""


def too_large(what: str) -> ParsingError:
    """The error for a document beyond a limit; ``what`` is that limit, as in "20,000 pages"."""
    return ParsingError(
        "too_large", _("This document has more than %(what)s. Split it into smaller files.") % {"what": what}
    )


_deadline = math.inf


def allow(seconds: float) -> None:
    """Say that this process has ``seconds`` of wall time left; a reader of pictures ends in time to hand back."""
    global _deadline  # noqa: PLW0603 - a process reads one document
    _deadline = time.monotonic() + seconds


def time_left() -> float:
    """Seconds of wall time left, infinite where nobody set a limit."""
    return _deadline - time.monotonic()
