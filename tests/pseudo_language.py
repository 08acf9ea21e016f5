"""A language that nobody speaks: each text between marks, so that what is shown without them was never marked."""

import gettext
import re
import struct
import subprocess
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import allauth
import django

from config import catalogues

CODE = "zz"
OPEN, CLOSE = "⟦", "⟧"
TAG = re.compile(r"(<[^<>]+>)")
NUL, SEPARATOR = "\0", "\x04"
HEAD = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"


def marked(text: str) -> str:
    """The text with each part between its tags in marks; spaces around a part stay outside of them."""

    def part(found: str) -> str:
        if TAG.fullmatch(found) or not any(letter.isalpha() for letter in found):
            return found
        inner = found.strip()
        return found.replace(inner, f"{OPEN}{inner}{CLOSE}")

    return "".join(part(found) for found in TAG.split(text))


def entries_of(mo: bytes) -> dict[str, str]:
    """The texts of a compiled catalogue, each translated into marks; those with plurals as gettext keeps them."""
    read = gettext.GNUTranslations(BytesIO(mo))
    found: dict[str, str] = {}
    for key in vars(read)["_catalog"]:
        msgid = key[0] if isinstance(key, tuple) else key
        if not msgid:
            continue
        text = msgid.rpartition(SEPARATOR)[2]
        is_plural = isinstance(key, tuple)
        found[f"{msgid}{NUL}{text}" if is_plural else msgid] = NUL.join([marked(text)] * (2 if is_plural else 1))
    return found


def make(folder: Path, found: Mapping[str, Path]) -> None:
    """Write the language into ``folder``: texts of the source, by domain, and of the packages that pages use.

    ``found`` are catalogues of the source that translate nothing, as ``catalogues.extract`` gives them.
    """
    texts = folder / "locale" / CODE / "LC_MESSAGES"
    entries: dict[str, str] = {}
    for package in (django, allauth):
        for mo in Path(package.__path__[0]).rglob("locale/de/LC_MESSAGES/django.mo"):
            entries |= entries_of(mo.read_bytes())
    for domain, source in found.items():
        made = subprocess.run(["msgen", str(source)], capture_output=True, check=True).stdout
        filled = folder / source.name
        filled.write_bytes(made)
        own = entries_of(catalogues.compiled(filled))
        write_catalogue(texts / f"{domain}.mo", {**entries, **own} if domain == "django" else own)
    script = catalogues.module((texts / "djangojs.mo").read_bytes(), "the source")
    catalogues.write(folder / "static" / "js" / "languages" / f"{CODE}.js", script.encode())


def write_catalogue(path: Path, entries: Mapping[str, str]) -> None:
    """Compile texts as msgfmt does; a key with a NUL is a text with its plural."""
    pairs = sorted((key.encode(), text.encode()) for key, text in {"": HEAD, **entries}.items())
    keys, texts = b"", b""
    places = []
    for key, text in pairs:
        places.append((len(keys), len(key), len(texts), len(text)))
        keys += key + b"\0"
        texts += text + b"\0"
    begin = 7 * 4 + 16 * len(pairs)
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 7 * 4, 7 * 4 + 8 * len(pairs), 0, 0)
    table = b"".join(struct.pack("<2I", length, begin + at) for at, length, _t, _n in places)
    table += b"".join(struct.pack("<2I", length, begin + len(keys) + at) for _k, _n, at, length in places)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + table + keys + texts)
