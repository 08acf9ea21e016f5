"""Web addresses in one spelling, and what a page says of itself and leads to.

Pages are untrusted: they are read here with Python's own parser, in bounds, and for their links alone. Their text is
read later, in the sandbox.
"""

import html
import re
import zlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

MAX_ADDRESS = 1000
MAX_LINKS = 1000
MAX_PAGE_CHARS = 2_000_000
MAX_SITEMAP_BYTES = 20 * 2**20
MAX_SITEMAP_ADDRESSES = 50_000
TRACKING = re.compile(r"utm_\w+|gclid|fbclid|mc_[ce]id|msclkid|_ga|phpsessid|jsessionid", re.IGNORECASE)
PORTS = {"http": 80, "https": 443}


def normal(address: str, base: str = "") -> str | None:
    """The address in its one spelling, without fragment and tracking; None for what is no web address."""
    try:
        parts = urlsplit(urljoin(base, address.strip()))
        scheme, host, port = parts.scheme.lower(), (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        return None
    if scheme not in PORTS or not host or parts.username is not None:
        return None
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in (None, PORTS[scheme]) else f"{host}:{port}"
    path = quote(_without_dots(parts.path or "/"), safe="/%:@!$&'()*+,;=~-._")
    path = re.sub(r"%[0-9a-fA-F]{2}", lambda found: found[0].upper(), path)
    query = parts.query
    if TRACKING.search(query):
        kept = [(key, value) for key, value in parse_qsl(query, keep_blank_values=True) if not TRACKING.fullmatch(key)]
        query = urlencode(kept)
    made = urlunsplit((scheme, netloc, path, quote(query, safe="%/:?@!$&'()*+,;=~-._[]"), ""))
    return made if len(made) <= MAX_ADDRESS else None


def _without_dots(path: str) -> str:
    kept: list[str] = []
    parts = path.split("/")
    for part in parts[1:]:
        if part == "..":
            kept = kept[:-1]
        elif part != ".":
            kept.append(part)
    if parts[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


@dataclass(slots=True)
class PageFacts:
    """What the head of a page says, and where its links lead."""

    links: list[str] = field(default_factory=list)
    canonical: str | None = None
    noindex: bool = False
    nofollow: bool = False


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self.facts = PageFacts()
        self._base = address
        self._seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        match tag:
            case "base" if given.get("href"):
                self._base = normal(given["href"], self._base) or self._base
            case "a" | "area" if "href" in given and "nofollow" not in given.get("rel", "").lower().split():
                self._add(given["href"])
            case "link" if "canonical" in given.get("rel", "").lower().split() and given.get("href"):
                self.facts.canonical = normal(given["href"], self._base)
            case "meta" if given.get("name", "").lower() in ("robots", "footnote"):
                self._obey(given.get("content", ""))

    def _add(self, href: str) -> None:
        found = normal(href, self._base)
        if found and found not in self._seen and len(self._seen) < MAX_LINKS:
            self._seen.add(found)
            self.facts.links.append(found)

    def _obey(self, content: str) -> None:
        words = set(re.split(r"[\s,]+", content.lower()))
        self.facts.noindex |= bool(words & {"noindex", "none"})
        self.facts.nofollow |= bool(words & {"nofollow", "none"})


def facts_of(text: str, address: str, robots_tag: str = "") -> PageFacts:
    """What a page says; ``robots_tag`` is its X-Robots-Tag header."""
    reader = _Reader(address)
    reader.feed(text[:MAX_PAGE_CHARS])
    reader._obey(robots_tag)
    if reader.facts.nofollow:
        reader.facts.links.clear()
    return reader.facts


def sitemap_addresses(data: bytes) -> tuple[list[str], bool]:
    """The addresses that a sitemap names, and whether they are sitemaps themselves. No XML parser is used."""
    if data.startswith(b"\x1f\x8b"):
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, MAX_SITEMAP_BYTES)
        except zlib.error:
            return [], False
    text = data[:MAX_SITEMAP_BYTES].decode("utf-8", "replace")
    found: list[str] = []
    for match in re.finditer(r"<loc>(?:\s{0,100}<!\[CDATA\[([^\]]{1,4000})\]\]>\s{0,100}|([^<]{1,4000}))</loc>", text):
        if (address := normal(match[1] or html.unescape(match[2]))) is not None:
            found.append(address)
        if len(found) >= MAX_SITEMAP_ADDRESSES:
            break
    return found, "<sitemapindex" in text[:2000]
