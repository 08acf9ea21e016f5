"""The parser that the fidelity bench runs in the sandbox: Footnote's own, noting how much memory it took at most."""

import resource
from dataclasses import replace
from pathlib import Path

from rag.parsing import parse
from rag.parsing.model import Note, ParsedDocument

PEAK = "peak_mb"


def parse_measured(path: Path, filename: str) -> ParsedDocument:
    """``rag.parsing.parse``, with a note of code ``peak_mb``: the process's largest resident size in MiB."""
    document = parse(path, filename)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return replace(document, notes=(Note(PEAK, str(peak)), *document.notes))
