"""Reads one file with another library, for the fidelity bench: ``python peers.py LIBRARY FILE`` prints JSON.

Run in a process of its own, so that its memory can be told and a hang be ended. The keys are ``text`` (Markdown where
the library gives it), ``seconds`` without the imports and ``peak_mb``; ``error`` instead when it failed.
"""

import importlib
import importlib.util
import json
import resource
import sys
import time
from collections.abc import Callable

LIBRARIES = ("pypdfium2", "pdfplumber", "pypdf", "markitdown", "kreuzberg")
PDF_ONLY = ("pypdfium2", "pdfplumber", "pypdf")


def installed() -> list[str]:
    """The libraries that this interpreter can load."""
    return [name for name in LIBRARIES if importlib.util.find_spec(name)]


def _pypdfium2(path: str) -> str:
    document = importlib.import_module("pypdfium2").PdfDocument(path)
    return "\n\n".join(page.get_textpage().get_text_bounded() for page in document)


def _pdfplumber(path: str) -> str:
    parts = []
    with importlib.import_module("pdfplumber").open(path) as document:
        for page in document.pages:
            parts.append(page.extract_text())
            for table in page.extract_tables():
                rows = [" | ".join((cell or "").replace("\n", " ") for cell in row) for row in table]
                parts.append("\n".join(f"| {row} |" for row in rows))
    return "\n\n".join(parts)


def _pypdf(path: str) -> str:
    reader = importlib.import_module("pypdf").PdfReader(path)
    return "\n\n".join(page.extract_text() for page in reader.pages)


def _markitdown(path: str) -> str:
    return str(importlib.import_module("markitdown").MarkItDown().convert(path).text_content)


def _kreuzberg(path: str) -> str:
    library = importlib.import_module("kreuzberg")
    options = library.ExtractionConfig(output_format="markdown")
    return str(library.extract_file_sync(path, config=options).content)


READERS: dict[str, Callable[[str], str]] = {
    "pypdfium2": _pypdfium2,
    "pdfplumber": _pdfplumber,
    "pypdf": _pypdf,
    "markitdown": _markitdown,
    "kreuzberg": _kreuzberg,
}


def main() -> None:
    """Read the file that the command line names."""
    name, path = sys.argv[1:3]
    importlib.import_module(name)
    begin = time.perf_counter()
    try:
        answer: dict[str, object] = {"text": READERS[name](path)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"[:300]}
    answer["seconds"] = time.perf_counter() - begin
    answer["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
