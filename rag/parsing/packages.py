"""Opens the ZIP container of an office file: its parts within bounds, its XML without entities, its errors in words."""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import unquote

from lxml import etree

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import collapse
from rag.parsing.elements import children, local_name
from rag.parsing.model import Properties
from rag.parsing.properties import properties

ENCRYPTED = _("This file is protected with a password. Remove the password and upload it again.")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    etree.XMLSyntaxError,
    EOFError,
    ValueError,
    OSError,
    NotImplementedError,  # a compression that zipfile does not know
    LookupError,
)


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part points at: the last word of its kind ("slide", "image"), and the name of the part."""

    kind: str
    target: str


class Package:
    """The parts of one container. What is inflated counts against ``limits.MAX_INFLATED_BYTES``."""

    def __init__(self, archive: zipfile.ZipFile, damaged: str) -> None:
        self._archive = archive
        self._damaged = damaged
        self._left = limits.MAX_INFLATED_BYTES
        # Some writers use other capitals than the parts that refer to them, or backslashes.
        self._names = {_normal(name): name for name in archive.namelist()}

    def __contains__(self, name: str) -> bool:
        return _normal(name) in self._names

    def names(self, folder: str) -> list[str]:
        """The parts below ``folder``, in the container's order."""
        return [name for key, name in self._names.items() if key.startswith(_normal(folder) + "/")]

    def corrupt(self) -> ParsingError:
        """The error for a file that lacks what it must have."""
        return ParsingError("corrupt", self._damaged)

    @contextmanager
    def stream(self, name: str) -> Iterator["BoundedPart"]:
        """A part to be read piece by piece. Raises KeyError where there is none."""
        with self._archive.open(self._names[_normal(name)]) as part:
            yield BoundedPart(part, self)

    def read(self, name: str) -> bytes | None:
        """A part's bytes, ``None`` where there is none. Raises ``too_large``."""
        if name not in self:
            return None
        with self.stream(name) as part:
            return part.read()

    def xml(self, name: str) -> etree._Element | None:
        """A part's root element, ``None`` where there is no such part.

        Entities are not resolved and nothing is loaded from elsewhere; a part with a document type, which no office
        file has, is refused.
        """
        data = self.read(name)
        if data is None:
            return None
        root = etree.fromstring(data, xml_parser())
        self.check(root)
        return root

    def check(self, root: etree._Element) -> None:
        """Refuse a tree with a document type."""
        if root.getroottree().docinfo.doctype:
            raise self.corrupt()

    def relations(self, part: str) -> dict[str, Relation]:
        """What ``part`` points at inside of the container, by identifier; "" is the container itself."""
        folder, _other, name = part.rpartition("/")
        found: dict[str, Relation] = {}
        root = self.xml(f"{folder}/_rels/{name}.rels".lstrip("/"))
        for relation in children(root, "Relationship"):
            if relation.get("TargetMode") != "External":
                target = unquote(relation.get("Target") or "")
                target = posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")
                found[relation.get("Id") or ""] = Relation((relation.get("Type") or "").rpartition("/")[2], target)
        return found

    def main_part(self, default: str) -> str:
        """The part that the container says is its document, else ``default``."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and relation.target in self:
                return relation.target
        return default

    def core_title(self) -> str:
        """The title that an Office file's properties give."""
        return collapse(self._core().get("title", ""))

    def core_properties(self) -> Properties:
        """Author and dates that an Office file's properties give."""
        core = self._core()
        return properties(author=core.get("creator"), created=core.get("created"), modified=core.get("modified"))

    def _core(self) -> dict[str, str]:
        core = self.xml("docProps/core.xml")
        found: dict[str, str] = {}
        for element in core if core is not None else ():
            found.setdefault(local_name(element), element.text or "")
        return found

    def take(self, size: int) -> None:
        """Count inflated bytes."""
        self._left -= size
        if self._left < 0:
            raise limits.too_large(_("%(n)s MB of text") % {"n": limits.MAX_INFLATED_BYTES // 1024**2})


class BoundedPart:
    """Reads a part and stops at the limits, whatever its entry says about its size."""

    def __init__(self, part: IO[bytes], package: Package) -> None:
        self._part = part
        self._package = package
        self._left = limits.MAX_MARKUP_BYTES

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes, all that is left where it is below 0. Raises ``too_large``."""
        wanted = self._left + 1 if size < 0 else min(size, self._left + 1)
        data = self._part.read(wanted)
        self._left -= len(data)
        if self._left < 0:
            raise limits.too_large(_("%(n)s MB of text in one part") % {"n": limits.MAX_MARKUP_BYTES // 1024**2})
        self._package.take(len(data))
        return data


@contextmanager
def open_package(path: Source, damaged: str) -> Iterator[Package]:
    """Open the container at ``path``; ``damaged`` is the sentence for one that cannot be read.

    Raises ParsingError: ``corrupt`` for whatever breaks inside of it, ``encrypted`` for a member with a password.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield Package(archive, damaged)
    except _BROKEN as error:
        raise ParsingError("corrupt", damaged) from error
    except RecursionError:
        raise
    except RuntimeError as error:  # zipfile's way to say that a member has a password
        raise ParsingError("encrypted", ENCRYPTED) from error


def xml_parser() -> etree.XMLParser:
    """A parser that resolves no entity, loads nothing and keeps libxml2's bounds on depth and on a text's length."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )


def _normal(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
