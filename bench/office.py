"""Measures how office files are read, beside other libraries: words and order kept, time, peak memory.

    EVALDATA=../shared/evaldata python bench/office.py [--json FILE]

Judged by docling's own expected output for its test files, which writes merged cells several times; libraries that are
not installed are left out. Each reader runs in a process of its own for each format.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))

FORMATS = ("docx", "pptx", "xlsx", "xls", "xlsb", "odt", "odp", "rtf")
LARGE = {"docx (872 pages)": "docx", "xlsx (100,000 rows of 10)": "xlsx"}
ROUNDS = 5
Reader = Callable[[Path], str]


def _ours() -> Reader:
    from rag.parsing import parse

    return lambda path: parse(path, path.name).text


def _kreuzberg() -> Reader:
    import kreuzberg

    options = kreuzberg.ExtractionConfig(output_format="markdown", use_cache=False)
    return lambda path: kreuzberg.extract_file_sync(path, config=options).content


def _markitdown() -> Reader:
    from markitdown import MarkItDown

    converter = MarkItDown(enable_plugins=False)
    return lambda path: converter.convert(str(path)).markdown


def _python_pptx() -> Reader:
    from pptx import Presentation

    def read(path: Path) -> str:
        parts: list[str] = []
        for slide in Presentation(str(path)).slides:
            for shape in slide.shapes:
                if shape.has_text_frame:
                    parts.append(shape.text_frame.text)
                elif shape.has_table:
                    parts.extend(" ".join(cell.text for cell in row.cells) for row in shape.table.rows)
        return "\n".join(parts)

    return read


def _openpyxl() -> Reader:
    import openpyxl

    def read(path: Path) -> str:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        return _joined((sheet.title, sheet.iter_rows(values_only=True)) for sheet in book.worksheets)

    return read


def _calamine() -> Reader:
    from python_calamine import CalamineWorkbook

    def read(path: Path) -> str:
        book = CalamineWorkbook.from_path(str(path))
        return _joined((name, book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)

    return read


def _joined(sheets: Iterable[tuple[str, Iterable[Iterable[object]]]]) -> str:
    lines: list[str] = []
    for name, rows in sheets:
        lines.append(name)
        lines.extend(" ".join(str(cell) for cell in row if cell is not None) for row in rows)
    return "\n".join(lines)


def _odfpy() -> Reader:
    from odf import opendocument, teletype, text

    return lambda path: "\n".join(
        teletype.extractText(one) for one in opendocument.load(str(path)).getElementsByType(text.P)
    )


def _striprtf() -> Reader:
    from striprtf.striprtf import rtf_to_text

    return lambda path: rtf_to_text(path.read_text("latin-1"))


READERS: dict[str, tuple[Callable[[], Reader], tuple[str, ...]]] = {
    "Footnote": (_ours, FORMATS),
    "kreuzberg": (_kreuzberg, FORMATS),
    "markitdown": (_markitdown, ("docx", "pptx", "xlsx", "xls")),
    "python-pptx": (_python_pptx, ("pptx",)),
    "openpyxl": (_openpyxl, ("xlsx",)),
    "calamine": (_calamine, ("xlsx", "xls", "xlsb")),
    "odfpy": (_odfpy, ("odt", "odp")),
    "striprtf": (_striprtf, ("rtf",)),
}


def pairs(ending: str) -> list[tuple[Path, str]]:
    """Files of a format with what should be found in them."""
    docs = EVALDATA / "docs"
    found = [
        (path.with_name(path.name.removesuffix(".gt.md")), path.read_text())
        for path in sorted((docs / "ground-truth" / "docling").rglob(f"*.{ending}.gt.md"))
    ]
    same = docs / "same-content"
    if ending in ("rtf", "odt"):
        found.append((same / f"eng_spa_mult.{ending}", (same / "eng_spa_mult.txt").read_text("utf-8")))
    if ending == "rtf":
        found.append((same / "testRTFVarious.rtf", _ours()(same / "testWORD_various.docx")))
    if ending == "xlsb":
        sheets = sorted((docs / "ground-truth" / "sheetjs").glob("formula_stress_test.xlsb.*.csv"))
        found.append((sheets[0].with_name("formula_stress_test.xlsb"), "\n".join(one.read_text() for one in sheets)))
    return found


def words(markdown: str) -> list[str]:
    """The words of a text, without markup."""
    markdown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    markdown = re.sub(r"<!--.*?-->|</?[a-zA-Z][^<>]*>|&(?:amp|lt|gt);", " ", markdown, flags=re.DOTALL)
    return re.findall(r"[^\W_]+", markdown.lower().replace("\\", ""))


def measure(name: str, ending: str) -> dict[str, Any]:
    """One reader over the files of one format: shares of words and of order kept, milliseconds a file."""
    read = READERS[name][0]()
    kept = total = files = failed = 0
    order = seconds = 0.0
    for path, expected in pairs(ending):
        theirs = words(expected)
        total += len(theirs)
        try:
            ours = words(read(path))
        except Exception:  # any library's own errors
            failed += 1
            continue
        begin = time.perf_counter()
        for _ in range(ROUNDS):
            read(path)
        seconds += (time.perf_counter() - begin) / ROUNDS
        files += 1
        kept += (Counter(theirs) & Counter(ours)).total()
        if ending != "xlsb":  # only some of its sheets are known
            order += SequenceMatcher(None, theirs, ours, autojunk=False).ratio() * len(theirs)
    return {
        "kept": round(kept / max(total, 1), 3),
        "order": round(order / max(total, 1), 3),
        "ms": round(1000 * seconds / max(files, 1), 1),
        "failed": failed,
    }


def measure_large(name: str, path: Path) -> dict[str, Any]:
    """One reader over one large file: seconds, and how much the peak memory grew, in MB."""
    read = READERS[name][0]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    found = len(read(path))
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": round(seconds, 2), "peak_mb": round((after - before) / 1024), "characters": found}


def large_workbook(path: Path) -> None:
    """A workbook of 100,000 rows and ten columns, half numbers, half words."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    numbers = "".join(f"<c><v>{i * 37 % 10_007}.25</v></c>" for i in range(5))
    texts = "".join(f'<c t="s"><v>{i}</v></c>' for i in range(5))
    office = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{office}.sheet.main+xml"/>'
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{office}.sharedStrings+xml"/>'
            f'<Override PartName="/xl/worksheets/s.xml" ContentType="{office}.worksheet+xml"/></Types>',
        )
        archive.writestr("_rels/.rels", _link(package, links, "officeDocument", "xl/workbook.xml"))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{space}" xmlns:r="{links}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        both = _link(package, links, "worksheet", "worksheets/s.xml").removesuffix("</Relationships>")
        both += f'<Relationship Id="r2" Type="{links}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
        archive.writestr("xl/_rels/workbook.xml.rels", both)
        strings = "".join(f"<si><t>some words in cell {i}</t></si>" for i in range(5))
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{space}">{strings}</sst>')
        rows = f"<row>{numbers}{texts}</row>" * 100_000
        archive.writestr("xl/worksheets/s.xml", f'<worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>')


def _link(package: str, links: str, kind: str, target: str) -> str:
    one = f'<Relationship Id="r1" Type="{links}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{package}/relationships">{one}</Relationships>'


def _in_child(*arguments: str) -> dict[str, Any] | None:
    """The figures of one measurement; ``None`` when the library is missing or fails."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 and done.stdout.strip() else None


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser()
    options.add_argument("--json")
    options.add_argument("--one", nargs=2, metavar=("READER", "FORMAT_OR_FILE"))
    chosen = options.parse_args()
    if chosen.one:
        name, what = chosen.one
        print(json.dumps(measure(name, what) if what in FORMATS else measure_large(name, Path(what))))
        return
    if not EVALDATA.is_dir():
        sys.exit(f"The evaluation data is missing at {EVALDATA}. Set EVALDATA to its folder to measure.")
    figures: dict[str, Any] = {}
    print("| format | reader | words kept | order | ms a file | failed |\n| --- | --- | --- | --- | --- | --- |")
    for ending in FORMATS:
        for name, (_, endings) in READERS.items():
            row = _in_child("--one", name, ending) if ending in endings else None
            if row is not None:
                figures[f"{ending} {name}"] = row
                order = row["order"] if ending != "xlsb" else ""
                print(f"| {ending} | {name} | {row['kept']} | {order} | {row['ms']} | {row['failed'] or ''} |")
    print("\n| large file | reader | seconds | peak memory, MB more | characters |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        workbook = Path(folder) / "large.xlsx"
        large_workbook(workbook)
        paths = {"docx": EVALDATA / "docs" / "large" / "handbook-872p.docx", "xlsx": workbook}
        for label, ending in LARGE.items():
            for name, (_, endings) in READERS.items():
                row = _in_child("--one", name, str(paths[ending])) if ending in endings else None
                if row is not None:
                    figures[f"{label} {name}"] = row
                    print(f"| {label} | {name} | {row['seconds']} | {row['peak_mb']} | {row['characters']:,} |")
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
