"""Finds elements and attributes of office XML by local name: strict, transitional and old files differ in the rest."""

from collections.abc import Iterator

from lxml import etree


def local_name(element: etree._Element) -> str:
    """An element's name without its namespace; empty for a comment or an instruction."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """The direct children of that local name; none of ``None``."""
    return element.iterchildren(f"{{*}}{name}") if element is not None else iter(())


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first direct child of that local name, its first child of the next name, and so on."""
    for name in path:
        element = next(children(element, name), None)
    return element


def value(element: etree._Element | None, name: str) -> str | None:
    """The attribute of that local name."""
    if element is None:
        return None
    for key, text in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(text)
    return None


def relation_id(element: etree._Element, name: str = "id") -> str:
    """The identifier of a relation: an attribute whose local name another one may share, so its namespace counts."""
    for key, text in element.attrib.items():
        namespace, _, local = str(key).rpartition("}")
        if local == name and namespace.endswith("/relationships"):
            return str(text)
    return ""


def child_value(element: etree._Element | None, name: str, attribute: str = "val") -> str | None:
    """An attribute of the first direct child of that local name."""
    return value(child(element, name), attribute)


def whole(text: str | None, default: int = 0, largest: int = 1 << 31) -> int:
    """The number that an attribute holds, not below 0; ``default`` where it holds none."""
    if text is None or len(text) > 12 or not text.isascii() or not text.isdecimal():
        return default
    return min(int(text), largest)


def truth(text: str | None, default: bool = False) -> bool:
    """What an attribute says that is on or off."""
    return default if text is None else text.lower() in ("1", "true", "on")
