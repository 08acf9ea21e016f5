"""Office files of the shared evaluation data: each ends as expected, and words and cells are kept."""

import csv
import os
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from rag.errors import ParsingError
from rag.parsing.building import clean, collapse
from rag.parsing.sandbox import ParsingSandbox
from tests.rag.parsed import check_invariants

pytestmark = pytest.mark.evaldata

KINDS = {
    **dict.fromkeys((".docx", ".docm", ".dotx", ".doc"), "docx"),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx", ".ppt"), "pptx"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls"), "xlsx"),
    ".odt": "odt",
    ".odp": "odp",
    ".ods": "ods",
    ".rtf": "rtf",
}
NOT_READ = {".xps", ".one", ".pages"}
# Files that are not what their names say, or hold pictures, deleted text or blank cells alone.
OTHERWISE = {
    "pydocx_blk-containing-table.docx": "no_text",
    "pydocx_tbl-having-tables.docx": "no_text",
    "pypptx_no-slides.pptx": "no_text",
    "pypptx_shp-access-ole-object.pptx": "no_text",
    "pypptx_shp-groupshape.pptx": "no_text",
    "tika_testEXCEL_95.xls": "no_text",
    "tika_testWORD_multi_authors.docx": "no_text",
}
# Words of docling's own output that must be found. It says merged cells several times.
LEAST_KEPT = {
    ".docx": 0.95,
    ".pptx": 0.95,
    ".xlsx": 0.87,
    ".xls": 1.0,
    ".doc": 0.99,
    ".ppt": 0.84,
    ".odt": 0.96,
    ".odp": 0.97,
}
BAD = {
    "docling_xlsx_04_inflated.xlsx": "xlsx",
    "poi_54764.xlsx": "corrupt",
    "poi_poc-shared-strings.xlsx": "too_large",
    "tika_droste.zip": "unsupported_type",
    "tika_test-zip-of-zip.zip": "unsupported_type",
    "poi_invalid.xlsx": "corrupt",
    "poi_truncated62886.docx": "corrupt",
    "tika_testEXCEL_macro.xls": "xlsx",
    "tika_testRTFCorruptListOverride.rtf": "rtf",
    "tika_testODTEncrypted.odt": "encrypted",
    "tika_testWORD_protected_drm.doc": "encrypted",
    "tika_testWORD_protected_passtika.doc": "encrypted",
    "poi_Password_Protected-hello.ppt": "encrypted",
    "tika_testException1.doc": "docx",
    "poi_badzip.ppt": "pptx",
    "tika_testPPT_protected_passtika.pptx": "encrypted",
    "unstr_password_protected.xlsx": "encrypted",
    "tika_testOpenOfficeInAZip.zip": "unsupported_type",
    "tika_test_embedded_zip.pptx": "pptx",
    "zero-byte.docx": "empty_file",
}
SLOWEST_S = 20.0


@pytest.fixture(scope="module")
def docs():
    folder = Path(os.environ.get("EVALDATA", Path(__file__).parents[3] / "shared" / "evaldata"))
    if not folder.is_dir():
        pytest.fail(f"The evaluation data is missing at {folder}. Set EVALDATA to its folder to run these tests.")
    return folder / "docs"


@pytest.fixture(scope="module")
def sandbox():
    sandbox = ParsingSandbox()
    yield sandbox
    sandbox.close()


def outcome(sandbox, path):
    """The document's kind, or the code of the reason why there is none; checks what holds for any file."""
    begin = time.monotonic()
    try:
        document = sandbox.parse(path, path.name)
    except ParsingError as error:
        return error.code
    finally:
        assert time.monotonic() - begin < SLOWEST_S, path
    check_invariants(document)
    return document.kind


@pytest.mark.parametrize(
    "folder", ["office", "same-content", "ground-truth/docling", "ground-truth/sheetjs", "ground-truth/markitdown"]
)
def test_every_office_file_ends_as_expected(docs, sandbox, folder):
    unexpected = {}
    paths = [path for path in sorted((docs / folder).rglob("*")) if path.suffix in KINDS.keys() | NOT_READ]
    assert paths
    for path in paths:
        expected = OTHERWISE.get(path.name, KINDS.get(path.suffix, "unsupported_type"))
        ended = outcome(sandbox, path)
        if ended != expected:
            unexpected[path.name] = ended
    assert not unexpected


@pytest.mark.parametrize("name", list(BAD))
def test_bad_files_end_with_their_reason(docs, sandbox, name):
    (path,) = (docs / "bad").rglob(name)
    assert outcome(sandbox, path) == BAD[name]


@pytest.mark.parametrize("ending", list(LEAST_KEPT))
def test_words_are_kept(docs, sandbox, ending):
    kept = total = 0
    for expected in sorted((docs / "ground-truth" / "docling").rglob(f"*{ending}.gt.md")):
        source = expected.with_name(expected.name.removesuffix(".gt.md"))
        theirs = Counter(words(expected.read_text()))
        kept += (theirs & Counter(words(sandbox.parse(source, source.name).text))).total()
        total += theirs.total()
    assert total > 20
    assert kept / total >= LEAST_KEPT[ending]


@pytest.mark.parametrize("ending", ["docx", "odt", "rtf", "pptx"])
def test_the_same_text_is_kept_whole_in_each_format(docs, sandbox, ending):
    folder = docs / "same-content"
    expected = Counter(words(sandbox.parse(folder / "eng_spa_mult.txt", "a.txt").text))
    found = Counter(words(sandbox.parse(folder / f"eng_spa_mult.{ending}", f"a.{ending}").text))
    assert not expected - found


def test_cells_read_as_excel_shows_them(docs, sandbox):
    same = total = 0
    folder = docs / "ground-truth" / "sheetjs"
    for table in sorted(folder.glob("*.csv")):
        source = folder / re.sub(r"\.\d+\.csv$|\.csv$", "", table.name)
        source = source if source.suffix else source.with_suffix(".xlsx")
        with table.open(encoding="utf-8-sig", newline="") as file:
            theirs = Counter(collapse(clean(cell)) for row in csv.reader(file) for cell in row if cell.strip())
        ours = Counter(cells(sandbox.parse(source, source.name).text))
        same += (theirs & ours).total()
        total += theirs.total()
    assert total > 1500
    # What is left are dates in the form of the reader's country, which stand here as 2014-10-11.
    assert same / total >= 0.995


def cells(text):
    for line in text.split("\n"):
        inner = line.strip("| ") if line.startswith("|") else line
        yield from (cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner))


def words(markdown):
    markdown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    markdown = re.sub(r"<!--.*?-->|<[^>]+>|&(?:amp|lt|gt);", " ", markdown, flags=re.DOTALL)
    return re.findall(r"[^\W_]+", markdown.lower().replace("\\", ""))
