"""Builds e-mails for tests: MIME through the standard library, Outlook's form as an OLE container by hand."""

import struct
from email.message import EmailMessage

SECTOR = 512
FREE, END, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF


def make_eml(body="Words.", subject="Hours", html=None, attachments=(), **fields):
    """The bytes of a message; ``attachments`` are (name, bytes or message, "main/sub" or None)."""
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = fields.pop("sender", "Ann <ann@example.org>")
    message["To"] = "Bob <bob@example.org>"
    message["Date"] = "Mon, 04 Mar 2024 09:30:00 +0100"
    message["Message-ID"] = "<1@example.org>"
    for name, value in fields.items():
        message[name] = value
    message.set_content(body)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for name, data, kind in attachments:
        if isinstance(data, EmailMessage):
            message.add_attachment(data)
        else:
            main, _, sub = (kind or "application/octet-stream").partition("/")
            message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def text_property(number, text):
    """A stream of an Outlook message that holds a Unicode text."""
    return f"__substg1.0_{number:04X}001F", text.encode("utf-16-le")


def fixed_properties(head, *rows):
    """The stream of properties of fixed size: (type, number, value) each."""
    return b"\x00" * head + b"".join(struct.pack("<HHIQ", kind, number, 6, value) for kind, number, value in rows)


def compressed_rtf(rtf, repeated=b""):
    """RTF as Outlook keeps it ([MS-OXRTFCP]); ``repeated``, of its dictionary, is said by reference."""
    head = (
        b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS"
    )
    pieces = [(0, bytes((byte,))) for byte in rtf]
    written = 207 + len(rtf)
    if repeated:
        pieces.append((1, struct.pack(">H", head.index(repeated) << 4 | len(repeated) - 2)))
        written += len(repeated)
    pieces.append((1, struct.pack(">H", written % 4096 << 4)))
    body = b""
    for first in range(0, len(pieces), 8):
        group = pieces[first : first + 8]
        body += bytes((sum(kind << bit for bit, (kind, _) in enumerate(group)),)) + b"".join(data for _, data in group)
    return struct.pack("<IIII", len(body) + 12, len(rtf) + len(repeated), 0x75465A4C, 0) + body


def make_ole(tree):
    """An OLE container of ``tree``, a dict of names to bytes or, for a storage, to such a dict; no mini stream."""
    sectors: list[bytes] = []
    chains: list[int] = []
    entries = [["Root Entry", 5, NONE, END, 0, NONE]]

    def store(data):
        data = data.ljust(4096, b"\x00")  # smaller streams would have to be in the mini stream
        data += b"\x00" * (-len(data) % SECTOR)
        first = len(sectors)
        count = len(data) // SECTOR
        for index in range(count):
            sectors.append(data[index * SECTOR : (index + 1) * SECTOR])
            chains.append(first + index + 1 if index + 1 < count else END)
        return first

    def add(parent, folder):
        previous = None
        for name in sorted(folder, key=lambda name: (len(name), name.upper())):
            value = folder[name]
            index = len(entries)
            # The right sibling only: a list instead of a tree, which readers accept.
            entries.append([name, 1 if isinstance(value, dict) else 2, NONE, END, 0, NONE])
            if previous is None:
                entries[parent][2] = index
            else:
                entries[previous][5] = index
            previous = index
            if isinstance(value, dict):
                add(index, value)
            else:
                entries[index][3] = store(value)
                entries[index][4] = max(len(value), 4096)

    add(0, tree)
    rows = b"".join(_entry(*entry) for entry in entries)
    rows += _entry("", 0, NONE, 0, 0, NONE) * (-len(entries) % 4)
    directory = store(rows)
    table_sectors = 1
    while table_sectors * 128 < len(sectors) + table_sectors:
        table_sectors += 1
    first_table = len(sectors)
    table = chains + [0xFFFFFFFD] * table_sectors
    table += [FREE] * (table_sectors * 128 - len(table))
    places = [first_table + index for index in range(table_sectors)] + [FREE] * (109 - table_sectors)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, table_sectors, directory, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", *places)
    return header + b"".join(sectors) + struct.pack(f"<{len(table)}I", *table)


def _entry(name, kind, child, start, size, right):
    encoded = name.encode("utf-16-le")
    return (
        encoded.ljust(64, b"\x00")
        + struct.pack("<HBBIII", len(encoded) + 2 if name else 0, kind, 1, NONE, right, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
