"""Reads files that lie inside of another file, an e-mail's attachments for instance, without writing them anywhere.

The limited process that parses may write no file, so what is inside is held as a ``MemoryFile``. Every reader can take
one in place of a path: it is opened with ``.open("rb")``, or given to a library that takes a file object.
"""

import io
from dataclasses import dataclass, field
from pathlib import Path

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.building import DocumentBuilder, clean, collapse

_DEEPEST_HEADING = 2


@dataclass(slots=True)
class Allowance:
    """What one document may still read of files within files, and the names of those that it could not read."""

    files: int = limits.MAX_ATTACHMENTS
    size: int = limits.MAX_ATTACHMENT_BYTES
    unread: list[str] = field(default_factory=list)


class MemoryFile(io.BytesIO):
    """The bytes of a file within a file, usable as a file object and, as far as readers need it, as a path."""

    def __init__(self, data: bytes, name: str, depth: int = 0, allowance: Allowance | None = None) -> None:
        """``depth`` counts the files around this one; ``allowance`` is shared by all of one uploaded file."""
        super().__init__(data)
        self.data = data
        self.name = name
        self.depth = depth
        self.allowance = allowance or Allowance()

    def open(self, mode: str = "rb") -> io.BytesIO:
        """The content from its start; only reading is possible, ``mode`` is there as ``Path.open`` has it."""
        if mode != "rb":
            raise ValueError("a file in memory can only be read")
        return io.BytesIO(self.data)

    def read_bytes(self) -> bytes:
        """All of the content."""
        return self.data


Source = Path | MemoryFile
"""What a reader reads from."""


def allowance_of(source: Source) -> tuple[Allowance, int]:
    """The allowance for what lies within ``source``, and how deep ``source`` itself lies."""
    return (source.allowance, source.depth) if isinstance(source, MemoryFile) else (Allowance(), 0)


def add_file(builder: DocumentBuilder, data: bytes, name: str, around: tuple[Allowance, int]) -> None:
    """Read ``data`` as a file called ``name`` and append it under a heading that is its name.

    ``around`` is ``allowance_of`` the file that holds it. What cannot be read goes into the allowance's ``unread``;
    ``note_unread`` tells of it. Raises ParsingError ``too_large`` when the document as a whole grows beyond the limits.
    """
    from rag.parsing import parse

    allowance, depth = around
    name = collapse(clean(name))[:200] or "attachment"
    allowance.files -= 1
    allowance.size -= len(data)
    if depth >= limits.MAX_ATTACHMENT_DEPTH or allowance.files < 0 or allowance.size < 0:
        allowance.unread.append(name)
        return
    try:
        document = parse(MemoryFile(data, name, depth + 1, allowance), name)
    except MemoryError:
        raise
    except Exception as error:
        # Whatever is wrong with one attachment, what came with it is still worth reading.
        if not (isinstance(error, ParsingError) and error.code in ("empty_file", "no_text")):
            allowance.unread.append(name)
        return
    builder.add("heading", name, level=_DEEPEST_HEADING)
    builder.append(document, _DEEPEST_HEADING)
    for note in document.notes:
        builder.note(note.code, _("In the attached file %(file)s: %(said)s") % {"file": name, "said": note.message})


def note_unread(builder: DocumentBuilder, around: tuple[Allowance, int]) -> None:
    """Leave a note with the names of the files that were not read; only the outermost file's reader does it."""
    allowance, depth = around
    if depth or not allowance.unread:
        return
    names = allowance.unread
    shown = ", ".join(name if len(name) <= 60 else name[:59] + "…" for name in names[:5])
    said = _("Not read of what is attached: %(shown)s. Upload what matters in a format that can be read.")
    if len(names) > 5:
        said = _(
            "Not read of what is attached: %(shown)s and %(more)s more. Upload what matters in a format that can be "
            "read."
        )
    builder.note("attachments_unread", said % {"shown": shown, "more": len(names) - 5})
