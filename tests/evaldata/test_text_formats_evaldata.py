"""Text formats, e-mail and books over the shared data: what each file becomes, and how many of its words are kept."""

import gzip
import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from rag.errors import ParsingError
from rag.parsing.sandbox import ParsingSandbox
from tests.rag.parsed import check_invariants

pytestmark = pytest.mark.evaldata

# Kind or code of every file that is not what its folder would let one expect.
TEXTS = {
    ".html": "html", ".htm": "html", ".txt": "text", ".csv": "csv", ".md": "markdown", ".ndjson": "json",
    ".xml": "text", ".rst": "text", ".org": "text", ".asciidoc": "text", ".vtt": "text", ".ipynb": "notebook",
}  # fmt: skip
UNUSUAL = {"unstr_fake-text-all-whitespace.txt": "no_text", "zero-byte.txt": "empty_file"}
MAILS = {"tika_testICalendar.ics": "text", "unstr_signed-doc.p7s": "text"}
# The expected output of this page holds the menus around it, which are left out here on purpose.
WITH_FRAME = "wiki_duck.html"
_WORD = re.compile("[\u3040-\u30ff\u4e00-\u9fff]|[^\\W_\u3040-\u30ff\u4e00-\u9fff]+")


@pytest.fixture(scope="module")
def data():
    folder = Path(os.environ.get("EVALDATA", Path(__file__).parents[3] / "shared" / "evaldata"))
    if not folder.is_dir():
        pytest.fail(f"The evaluation data is missing at {folder}. Set EVALDATA to its folder to run these tests.")
    return folder / "docs"


@pytest.fixture(scope="module")
def sandbox():
    sandbox = ParsingSandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def read(sandbox, tmp_path_factory):
    """Parse a path, or bytes, in the sandbox."""

    def reading(source, name=None):
        if isinstance(source, bytes):
            path = tmp_path_factory.mktemp("inflated") / "stored"
            path.write_bytes(source)
        else:
            path, name = source, source.name
        document = sandbox.parse(path, name)
        check_invariants(document)
        return document

    return reading


def outcome(read, path):
    try:
        return read(path).kind
    except ParsingError as error:
        return error.code


def words(text):
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<!--.*?-->|<[^>]+>|&(?:amp|lt|gt);", " ", text, flags=re.DOTALL)
    return _WORD.findall(text.lower().replace("\\", ""))


def share(part, whole):
    """How much of ``whole``'s words ``part`` has."""
    return (Counter(part) & Counter(whole)).total() / max(len(whole), 1)


def files(folder, *endings):
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in endings)
    assert found, folder
    return found


def test_every_text_is_what_it_should_be(data, read):
    for folder in ("text", "same-content", "ground-truth/docling", "ground-truth/sheetjs", "bad/wrong-kind"):
        for path in sorted((data / folder).rglob("*")):
            if path.suffix.lower() not in TEXTS or ".gt." in path.name or path.parent.name == "encodings":
                continue
            assert outcome(read, path) == UNUSUAL.get(path.name, TEXTS[path.suffix.lower()]), path


def test_every_mail_is_read(data, read):
    paths = [*sorted((data / "email").iterdir()), *files(data / "bad", ".eml"), *files(data, ".msg")]
    for path in paths:
        assert outcome(read, path) == MAILS.get(path.name, "email"), path
        assert "\ufffd" not in read(path).title, path


def test_every_book_is_read(data, read):
    for path in files(data, ".epub"):
        assert outcome(read, path) == "epub", path


def test_every_encoding_is_found(data, read):
    for path in sorted((data / "text" / "encodings").iterdir()):
        text = read(path).text
        expected = decoded(path)
        if path.suffix == ".txt":
            assert re.sub(r"\W+", " ", text).strip() == re.sub(r"\W+", " ", expected).strip(), path
        else:
            letters = set(re.sub(r"\s|[ -~]", "", text))
            assert letters <= set(expected) | set(unescaped(expected)), path


def decoded(path):
    """The text as the encoding that the file is named after reads it: "iso-8859-2-croatian___ude_1.txt"."""
    parts = path.name.split("__")[0].rstrip("_").split("-")
    for count in range(len(parts), 0, -1):
        try:
            return path.read_bytes().decode("-".join(parts[:count])).lstrip("\ufeff")
        except LookupError:
            continue
    raise AssertionError(path)


def unescaped(source):
    return LexborHTMLParser(source).text()


@pytest.mark.parametrize(("ending", "least"), [(".csv", 0.99), (".md", 0.99), (".html", 0.99)])
def test_words_of_expected_output_are_kept(data, read, ending, least):
    kept = total = 0
    for expected in sorted((data / "ground-truth" / "docling").rglob(f"*{ending}.gt.md")):
        source = expected.with_name(expected.name.removesuffix(".gt.md"))
        if source.name == WITH_FRAME:
            continue
        theirs = Counter(words(expected.read_text()))
        kept += (theirs & Counter(words(read(source).text))).total()
        total += theirs.total()
    assert total > 100
    assert kept / total >= least


def test_a_page_keeps_its_content_and_loses_its_frame(data, read):
    pages = [
        (path.with_name("source.html").read_bytes(), LexborHTMLParser(path.read_text()).body.text(separator=" "))
        for path in sorted((data / "ground-truth" / "readability").rglob("expected.html"))
    ]
    folder = data / "ground-truth" / "article-extraction"
    truth = json.loads((folder / "ground-truth.json").read_text())
    pages += [
        (gzip.decompress(path.read_bytes()), truth[path.name.split(".")[0]]["articleBody"])
        for path in sorted(folder.glob("*.gz"))
    ]
    recalls, precisions = [], []
    for source, expected in pages:
        ours, theirs = words(read(source, "page.html").text), words(expected)
        recalls.append(share(ours, theirs))
        precisions.append(share(theirs, ours))
    assert len(pages) > 20
    assert min(recalls) >= 0.94
    assert sum(recalls) / len(pages) >= 0.99
    assert sum(precisions) / len(pages) >= 0.84


def test_the_same_text_reads_alike(data, read):
    folder = data / "same-content"
    texts = {
        ending: words(read(folder / f"eng_spa_mult.{ending}").text) for ending in ("txt", "md", "html", "rst", "org")
    }
    assert all(text == texts["txt"] for text in texts.values())
    assert words(read(folder / "eng_spa_mult.epub").text)[2:] == texts["txt"], "after its title"
    mail = words(read(folder / "eng_spa_mult.eml").text)
    assert mail[-len(texts["txt"]) :] == texts["txt"], "after its head"


def test_a_book_is_read_in_order_and_without_its_frame(data, read):
    document = read(data / "office" / "unstr_winter-sports.epub")
    assert document.title == "Winter Sports in Switzerland"
    headings = [document.text[block.start : block.end] for block in document.blocks if block.kind == "heading"]
    chapters = [heading for heading in headings if heading.startswith("CHAPTER")]
    assert chapters == sorted(chapters, key=chapters.index)
    assert len(chapters) >= 7
