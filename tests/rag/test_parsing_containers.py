"""What a ZIP or OLE container is: told by its entries, whatever the file is called."""

import re

import pytest

from rag.errors import ParsingError
from rag.parsing import detect_kind
from tests.rag.docx_files import make_docx, p
from tests.rag.office_files import cell, line, make_odf, make_ole, make_pptx, make_xlsx, make_zip, shape

pytestmark = pytest.mark.formats


def kind_of(folder, content, name):
    path = folder / "stored"
    path.write_bytes(content)
    return detect_kind(path, name)


def reason(folder, content, name):
    with pytest.raises(ParsingError) as caught:
        kind_of(folder, content, name)
    return caught.value


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (make_docx(p("x")), "docx"),
        (make_pptx([shape(line("x"))]), "pptx"),
        (make_xlsx({"A": f"<sheetData><row>{cell('A1', 'x')}</row></sheetData>"}), "xlsx"),
        (make_odf("text", ""), "odt"),
        (make_odf("presentation", ""), "odp"),
        (make_odf("spreadsheet", ""), "ods"),
        (make_odf("text", "", parts={"mimetype": "application/vnd.oasis.opendocument.text-template"}), "odt"),
        (make_zip({"mimetype": "application/epub+zip", "META-INF/container.xml": "<x/>"}), "epub"),
        (make_ole({"Workbook": b"x"}), "xlsx"),
        (make_ole({"WordDocument": b"\xec\xa5\xc1\x00" + bytes(8)}), "docx"),
        (make_ole({"PowerPoint Document": b"x", "Current User": b"x"}), "pptx"),
        (make_ole({"__properties_version1.0": b"x"}), "email"),
        (b"{\\rtf1 x}", "rtf"),
        (b"\xef\xbb\xbf\r\n{\\rtf1 x}", "rtf"),
    ],
)
@pytest.mark.parametrize("name", ["upload", "upload.docx", "upload.docm", "upload.bin"])
def test_the_content_tells_the_kind(tmp_path, content, kind, name):
    assert kind_of(tmp_path, content, name) == kind


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (make_ole({"WordDocument": b"\xdc\xa5\x65\x00" + bytes(8)}), "Word 6 or 95.*save it as .docx"),
        (make_ole({"PowerPoint Document": b"x"}), "PowerPoint 4 or 95.*save it as .pptx"),
        (make_ole({"Contents": b"x"}), "cannot be read"),
        (make_zip({"a.txt": "x"}), "ZIP archive. Unpack"),
        (make_zip({"Index/Document.iwa": "x"}), "Pages, Numbers or Keynote"),
        (make_zip({"FixedDocumentSequence.fdseq": "x"}), "XPS"),
        (make_zip({"mimetype": "application/vnd.oasis.opendocument.graphics"}), "OpenDocument"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_do(tmp_path, content, says):
    error = reason(tmp_path, content, "file.x")
    assert error.code == "unsupported_type"
    assert re.search(says, error.message)


@pytest.mark.parametrize("stream", ["EncryptedPackage", "\x09DRMContent"])
def test_an_office_file_with_a_password_says_so(tmp_path, stream):
    assert reason(tmp_path, make_ole({stream: b"x"}), "plan.xlsx").code == "encrypted"


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsm", "a.xls", "a.odt"])
@pytest.mark.parametrize("signature", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_broken_container_that_says_it_is_an_office_file_is_damaged(tmp_path, name, signature):
    assert reason(tmp_path, signature + bytes(range(256)) * 8, name).code == "corrupt"


def test_a_web_page_under_the_name_of_an_old_workbook_is_read_as_one(tmp_path):
    assert kind_of(tmp_path, b"<html><table><tr><td>1</td></tr></table></html>", "export.xls") == "html"
    assert reason(tmp_path, b"<html>Sign in</html>", "export.xlsx").code == "unsupported_type"
