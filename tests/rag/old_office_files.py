"""Writes the binary files of Word and PowerPoint 97 to 2003 for tests, with as little in them as readers need."""

import struct

from tests.rag.office_files import make_ole

HEADING_1, BULLETS = 1, 4
IN_TABLE = struct.pack("<HB", 0x2416, 1)
ROW_END = IN_TABLE + struct.pack("<HB", 0x2417, 1)
DELETED, HIDDEN = struct.pack("<HB", 0x0800, 1), struct.pack("<HB", 0x083C, 1)


def item(number=1, depth=0):
    """The properties of an item of the list ``number``."""
    return struct.pack("<HHHB", 0x460B, number, 0x260A, depth)


def make_doc(paragraphs, parts=(0, 0, 0, 0, 0), letters=(), compressed=False, flags=0, version=0xC1, lists=((1, 23),)):
    """A DOC of ``paragraphs``, (text with its mark, style, properties) each; styles 1 to 3 are headings, 4 is a list's.

    ``parts``: how many letters at the end are notes, headers, comments, endnotes, boxes. ``letters``: (from, to,
    properties) in letters. ``lists``: first number and form of numbers of each.
    """
    text = "".join(said for said, _, _ in paragraphs)
    units = len(text.encode("utf-16-le")) // 2
    width = 1 if compressed else 2
    start = 1024
    content = text.encode("cp1252" if compressed else "utf-16-le")
    main = bytearray(start) + content
    main += bytes(-len(main) % 512)
    ends, place = [start], start
    for said, _, _ in paragraphs:
        place += width * (len(said) if compressed else len(said.encode("utf-16-le")) // 2)
        ends.append(place)
    pages = []
    for first in range(0, len(paragraphs), 8):
        rows = [struct.pack("<H", style) + own for _, style, own in paragraphs[first : first + 8]]
        pages.append((ends[first : first + len(rows) + 1], _page(ends[first : first + len(rows) + 1], rows, 13)))
    spans = [(start, b"")]
    for begin, until, own in letters:
        spans += [(start + width * begin, own), (start + width * until, b"")]
    edges = [at for at, _ in spans] + [ends[-1]]
    letter_page = (edges, _page(edges, [own for _, own in spans], 1))
    table = bytearray()
    places = {}

    def put(number, data, extra=b""):
        places[number] = (len(table), len(data))
        table.extend(data + extra)

    for number, listed in ((13, pages), (12, [letter_page])):
        first = len(main) // 512
        main += b"".join(page for _, page in listed)
        bounds = [span[0] for span, _ in listed] + [listed[-1][0][-1]]
        put(
            number,
            struct.pack(f"<{len(bounds)}I", *bounds)
            + struct.pack(f"<{len(listed)}I", *range(first, first + len(listed))),
        )
    where = start * 2 | 0x40000000 if compressed else start
    pieces = struct.pack("<II", 0, units) + struct.pack("<HIH", 0, where, 0)
    put(33, b"\x02" + struct.pack("<I", len(pieces)) + pieces)
    styles = [_style(0, 0xFFF), *(_style(level, 0) for level in (1, 2, 3)), _style(49, 0, item())]
    put(1, struct.pack("<HHH", 18, len(styles), 10) + bytes(14) + b"".join(styles))
    heads = b"".join(struct.pack("<ii", 100 + n, 0) + bytes(18) + b"\x01\x00" for n in range(len(lists)))
    levels = b"".join(struct.pack("<iB", first, form) + bytes(19) + b"\0\0\0\0" + b"\0\0" for first, form in lists)
    put(73, struct.pack("<H", len(lists)) + heads, levels)
    put(74, struct.pack("<I", len(lists)) + b"".join(struct.pack("<iIII", 100 + n, 0, 0, 0) for n in range(len(lists))))
    struct.pack_into("<HHHHHH", main, 0, 0xA5EC, version, 0, 0, 0, 0x0200 | flags)
    note, header, comment, endnote, box = parts
    struct.pack_into("<8i", main, 0x4C, units - sum(parts), note, header, 0, comment, endnote, box, 0)
    for number, (at, size) in places.items():
        struct.pack_into("<II", main, 0x9A + 8 * number, at, size)
    return make_ole({"WordDocument": bytes(main), "1Table": bytes(table)})


def _page(edges, rows, width):
    """A page of formatted runs: their bounds, where each run's properties lie, and these from the end upwards."""
    page = bytearray(512)
    struct.pack_into(f"<{len(edges)}I", page, 0, *edges)
    at = 510
    for index, row in enumerate(rows):
        if width == 1:
            data = bytes((len(row),)) + row
        else:
            padded = row + bytes(1 - len(row) % 2)
            data = bytes(((len(padded) + 1) // 2,)) + padded
        at -= len(data) + len(data) % 2
        page[at : at + len(data)] = data
        page[4 * len(edges) + width * index] = at // 2 if row else 0
    page[511] = len(rows)
    return bytes(page)


def _style(number, base, own=b""):
    data = struct.pack("<HHHHH", number, base << 4 | 1, 0, 0, 0) + struct.pack("<H", 1) + "x\0".encode("utf-16-le")
    data += struct.pack("<HH", 2 + len(own), 0) + own
    return struct.pack("<H", len(data)) + data


def record(kind, *inner, instance=0):
    """A record of a presentation that holds these bytes."""
    content = b"".join(inner)
    return struct.pack("<HHI", instance << 4 | 0xF, kind, len(content)) + content


def text(kind, said, style=b""):
    """A text of a slide: its kind (0 title, 1 body, 2 notes, 4 other) and what it says."""
    styled = record(4001, style) if style else b""
    return record(3999, struct.pack("<I", kind)) + record(4000, said.encode("utf-16-le")) + styled


def shape(*inner):
    """A shape with a text in it."""
    return record(0xF004, record(0xF00D, *inner))


def make_ppt(slides, token=0xE391C05F, notes=None):
    """A PPT of ``slides``: (texts of its placeholders, its shapes) each; ``notes``: the shapes of the first's notes."""
    data = bytearray()
    places = {}

    def put(number, content):
        places[number] = len(data)
        data.extend(content)

    def drawing(shapes):
        return record(1036, record(0xF002, record(0xF003, record(0xF004), *shapes)))

    def persist(number, name):
        return record(1011, struct.pack("<IIIII", number, 0, 0, name, 0))

    listed = b""
    for index, (outline, shapes) in enumerate(slides):
        atom = record(1007, bytes(16) + struct.pack("<I", 900 if notes and not index else 0) + bytes(4))
        put(10 + index, record(1006, atom, drawing(shapes)))
        listed += persist(10 + index, 256 + index) + b"".join(outline)
    listed = record(4080, listed)
    if notes:
        put(500, record(1008, drawing(notes)))
        listed += record(4080, persist(500, 900), instance=2)
    put(1, record(1000, record(1001, struct.pack("<ii", 5760, 4320)), listed))
    directory = len(data)
    data += record(6002, b"".join(struct.pack("<II", 1 << 20 | number, at) for number, at in places.items()))
    edit = len(data)
    data += record(4085, struct.pack("<IIIII", 0, 0, 0, directory, 1))
    user = record(4086, struct.pack("<III", 20, token, edit))
    return make_ole({"PowerPoint Document": bytes(data), "Current User": user})
