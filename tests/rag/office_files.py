"""Writes office containers for tests: ZIP packages (PPTX, XLSX, OpenDocument) and OLE ones, sound and hostile."""

import io
import struct
import zipfile

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DRAWING = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
SLIDES = f'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="{OFFICE}" {DRAWING}'
SHEETS = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{OFFICE}"'
_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
_OPEN = "urn:oasis:names:tc:opendocument:xmlns"
_SPACES = ("office", "text", "table", "draw", "presentation", "style")
ODF = (
    " ".join([*(f'xmlns:{one}="{_OPEN}:{one}:1.0"' for one in _SPACES), f'xmlns:fo="{_OPEN}:xsl-fo-compatible:1.0"'])
    + f' xmlns:svg="{_OPEN}:svg-compatible:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def make_zip(files: dict[str, str | bytes]) -> bytes:
    """A ZIP container with these entries, the first stored as it is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for i, (name, content) in enumerate(files.items()):
            archive.writestr(name, content, None if i else zipfile.ZIP_STORED)
    return buffer.getvalue()


def relations(**targets: str) -> str:
    """A relations part: an identifier and "kind target" each."""
    rows = (
        f'<Relationship Id="{key}" Type="{OFFICE}/{said.split()[0]}" Target="{said.split()[1]}"/>'
        for key, said in targets.items()
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{"".join(rows)}</Relationships>'


def shape(body: str, placeholder: str = "") -> str:
    """A slide's shape with these paragraphs; ``placeholder`` is its type."""
    kind = f'<p:ph type="{placeholder}"/>' if placeholder else ""
    named = f'<p:nvSpPr><p:cNvPr id="2" name="x"/><p:cNvSpPr/><p:nvPr>{kind}</p:nvPr></p:nvSpPr>'
    return f"<p:sp>{named}<p:txBody><a:bodyPr/>{body}</p:txBody></p:sp>"


def line(text: str, properties: str = "") -> str:
    """A paragraph of a slide."""
    return f"<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>"


def make_pptx(slides: list[str], parts=None, size='cx="9144000" cy="6858000"') -> bytes:
    """A presentation whose slides hold these shapes; ``parts`` adds or replaces parts."""
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": relations(r1="officeDocument ppt/presentation.xml"),
        "ppt/presentation.xml": f"<p:presentation {SLIDES}><p:sldIdLst>"
        + "".join(f'<p:sldId id="{256 + i}" r:id="s{i}"/>' for i in range(len(slides)))
        + f"</p:sldIdLst><p:sldSz {size}/></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            **{f"s{i}": f"slide slides/slide{i}.xml" for i in range(len(slides))}
        ),
    }
    for i, shapes in enumerate(slides):
        files[f"ppt/slides/slide{i}.xml"] = f"<p:sld {SLIDES}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
    return make_zip({**files, **(parts or {})})


def make_xlsx(sheets: dict[str, str], parts=None, styles="", strings=(), hidden=()) -> bytes:
    """A workbook whose sheets hold this XML after <worksheet>; ``styles`` goes into styles.xml."""
    rows = (
        f'<sheet name="{name}" sheetId="{i}" r:id="s{i}" state="{"hidden" if name in hidden else "visible"}"/>'
        for i, name in enumerate(sheets, 1)
    )
    targets = {f"s{i}": f"worksheet worksheets/sheet{i}.xml" for i in range(1, len(sheets) + 1)}
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": relations(r1="officeDocument xl/workbook.xml"),
        "xl/workbook.xml": f"<workbook {SHEETS}><sheets>{''.join(rows)}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(**targets),
        "xl/styles.xml": f"<styleSheet {SHEETS}>{styles}</styleSheet>",
        "xl/sharedStrings.xml": f"<sst {SHEETS}>{''.join(f'<si>{one}</si>' for one in strings)}</sst>",
    }
    for i, content in enumerate(sheets.values(), 1):
        files[f"xl/worksheets/sheet{i}.xml"] = f"<worksheet {SHEETS}>{content}</worksheet>"
    return make_zip({**files, **(parts or {})})


def cell(reference: str, text: str) -> str:
    """A cell with text of its own."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def make_odf(kind: str, body: str, styles="", parts=None) -> bytes:
    """An OpenDocument file; ``kind`` is text, presentation or spreadsheet."""
    head = f"<office:automatic-styles>{styles}</office:automatic-styles>"
    content = f"<office:document-content {ODF}>{head}<office:body><office:{kind}>{body}</office:{kind}></office:body>"
    files: dict[str, str | bytes] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": content + "</office:document-content>",
    }
    return make_zip({**files, **(parts or {})})


def make_ole(streams: dict[str, bytes]) -> bytes:
    """An OLE container with these streams at its top ([MS-CFB], version 3, sectors of 512 bytes)."""
    padded = [content.ljust(max(4096, -(-len(content) // 512) * 512), b"\0") for content in streams.values()]
    entries = [_entry("Root Entry", 5, 0xFFFFFFFE, 0, 1 if streams else 0xFFFFFFFF)]
    folder_sectors = -(-(1 + len(streams)) // 4)
    chain = [0xFFFFFFFD, *range(2, folder_sectors + 1), 0xFFFFFFFE]
    first = 1 + folder_sectors
    for i, (name, content) in enumerate(zip(streams, padded, strict=True)):
        after = i + 2 if i + 1 < len(streams) else 0xFFFFFFFF
        entries.append(_entry(name, 2, first, len(content), 0xFFFFFFFF, after))
        count = len(content) // 512
        chain += [*range(first + 1, first + count), 0xFFFFFFFE]
        first += count
    assert len(chain) <= 128
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    head += (
        struct.pack("<IIIIIIIII", 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + struct.pack("<I", 0xFFFFFFFF) * 108
    )
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    return head + table + b"".join(entries).ljust(folder_sectors * 512, b"\0") + b"".join(padded)


def _entry(name: str, kind: int, first: int, size: int, child: int, right: int = 0xFFFFFFFF) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    return head + struct.pack("<III", 0xFFFFFFFF, right, child) + bytes(36) + struct.pack("<IQ", first, size)
