"""Website: the pages that can be reached from a start address, and the files they link to.

Pages are told apart by their canonical address. A page that was fetched before is asked for with its ETag or
Last-Modified. robots.txt holds, and so do noindex and nofollow; between two requests there is a pause.
"""

import time
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import httpx2
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import AfterValidator, Field

from documents.connectors import robots as robots_txt
from documents.connectors.base import (
    Busy,
    Changes,
    ConnectorKind,
    Cursor,
    Fetched,
    Gone,
    Item,
    ItemFailed,
    ItemLimit,
    Label,
    Outcome,
    SourceFailed,
    Surroundings,
    Unchanged,
    spooled,
)
from documents.connectors.http import HttpConnector, answering, http_failed, modified_of, source_failed
from documents.connectors.patterns import PatternSettings, lines_of
from documents.connectors.robots import Robots
from documents.connectors.web_pages import MAX_SITEMAP_BYTES, facts_of, normal, sitemap_addresses
from rag.errors import OutboundError

MAX_REDIRECTS = 5
MAX_HTML_BYTES = 20 * 2**20
MAX_SITEMAPS = 50
SHORT_PAUSE_S = 1.0
REDIRECTS = (301, 302, 303, 307, 308)
HTML = ("text/html", "application/xhtml+xml")
OFFICE = "application/vnd.openxmlformats-officedocument."
FILES = {
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "application/pdf": ".pdf",
    "application/rtf": ".rtf",
    "application/epub+zip": ".epub",
    f"{OFFICE}wordprocessingml.document": ".docx",
    f"{OFFICE}presentationml.presentation": ".pptx",
    f"{OFFICE}spreadsheetml.sheet": ".xlsx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
}
NO_DOCUMENTS = (
    ".css .js .mjs .map .json .xml .rss .atom .ico .png .jpg .jpeg .gif .webp .svg .avif .bmp .tif .tiff .mp3 .mp4 "
    ".m4a .webm .ogg .wav .avi .mov .zip .gz .tgz .bz2 .xz .7z .rar .tar .exe .msi .dmg .iso .apk .deb .rpm .woff "
    ".woff2 .ttf"
)
LEFT_OUT = tuple(NO_DOCUMENTS.split())


def _start_address(text: str) -> str:
    address = normal(text if "://" in text else f"https://{text}")
    if address is None:
        raise ValueError(_("Write a web address such as https://example.com/docs/."))
    return address


class WebsiteSettings(PatternSettings):
    """Where to begin, and how far to go."""

    start_url: Annotated[
        str,
        Field(min_length=1, max_length=1000),
        AfterValidator(_start_address),
        Label(
            gettext_lazy("Start address"),
            gettext_lazy("Pages below its folder are taken; with patterns, all of the site that they match."),
            placeholder="https://example.com/docs/",
        ),
    ]
    depth: Annotated[
        int,
        Field(ge=0, le=20),
        Label(
            gettext_lazy("Depth"),
            gettext_lazy("Links to follow from the start address; 0 takes that page alone."),
            chooses=True,
        ),
    ] = 4
    sitemap: Annotated[
        bool,
        Label(
            gettext_lazy("Use the sitemap"),
            gettext_lazy("Pages that the site's own list names, besides links."),
            chooses=True,
        ),
    ] = True
    delay: Annotated[
        float,
        Field(ge=0, le=60),
        Label(
            gettext_lazy("Pause in seconds"),
            gettext_lazy("Between two requests. A longer one that the site asks for is kept."),
            chooses=True,
        ),
    ] = 0.5
    max_items: ItemLimit = 2_000


class WebsiteConnector(HttpConnector[WebsiteSettings]):
    """Reads a website."""

    verifies_missing = True

    def __init__(self, wanted: WebsiteSettings, around: Surroundings) -> None:
        super().__init__(wanted, around)
        self._asked_at = 0.0
        start = urlsplit(wanted.start_url)
        self._site = start.netloc
        self._folder = start.path.rsplit("/", 1)[0] + "/"

    def check(self) -> str:
        """Fetch robots.txt and the start page."""
        rules = self._permitting()
        try:
            outcome = self._get(self._wanted.start_url, {}, rules, depth=0)
        except ItemFailed as error:
            raise source_failed(error) from error
        if not isinstance(outcome, Fetched):
            raise SourceFailed("not_found", _("There is no page at the start address, or it leads elsewhere."), 422)
        if outcome.content is not None:
            outcome.content.close()
        return _("The site answers. The first page leads to %(count)d others.") % {"count": len(outcome.found)}

    def changes(self, cursor: Cursor) -> Changes:
        """The start page, then what one sitemap after the other names; links are found while fetching."""
        if not cursor.get("reading"):
            rules = self._permitting()
            sitemaps = self._sitemaps_of(rules)
            first = Item(
                self._wanted.start_url, self._wanted.start_url, address=self._wanted.start_url, hint={"depth": 0}
            )
            ahead = {"robots": rules.as_json(), "reading": bool(sitemaps), "sitemaps": sitemaps, "read": len(sitemaps)}
            return Changes([first], ahead, more=bool(sitemaps), full=True)
        rules = Robots.from_json(cursor["robots"])
        sitemaps, read = list(cursor["sitemaps"]), int(cursor["read"])
        addresses, nested = self._read_sitemap(sitemaps.pop(0), rules)
        items: list[Item] = []
        if nested:
            more = [each for each in addresses if urlsplit(each).netloc == self._site][: MAX_SITEMAPS - read]
            sitemaps, read = [*sitemaps, *more], read + len(more)
        else:
            items = self._items(addresses, 1, rules)
        ahead = {"robots": cursor["robots"], "reading": bool(sitemaps), "sitemaps": sitemaps, "read": read}
        return Changes(items, ahead, more=bool(sitemaps), full=True)

    def fetch(self, item: Item, state: Mapping[str, Any], cursor: Cursor) -> Outcome:
        """A page, or a file that a page links to."""
        rules = Robots.from_json(cursor["robots"]) if "robots" in cursor else self._robots()
        depth = int(item.hint.get("depth", 0))
        if depth > self._wanted.depth or not self._wants(item.external_id, rules):
            return Gone()
        return self._get(item.external_id, state, rules, depth)

    def _get(self, address: str, state: Mapping[str, Any], rules: Robots, depth: int) -> Outcome:
        headers = {"accept": "text/html, application/xhtml+xml, application/pdf;q=0.9, */*;q=0.5"}
        if state.get("etag"):
            headers["if-none-match"] = str(state["etag"])
        if state.get("modified"):
            headers["if-modified-since"] = str(state["modified"])
        place = address
        for _hop in range(MAX_REDIRECTS + 1):
            self._pause(rules)
            with answering(self._web, "GET", place, headers=headers) as response:
                if response.status_code not in REDIRECTS:
                    return self._outcome(response, address, place, state, rules, depth)
                target = normal(response.headers.get("location", ""), place)
                for_good = response.status_code in (301, 308)
            # What was remembered belongs to the address that was asked for first.
            headers.pop("if-none-match", None)
            headers.pop("if-modified-since", None)
            if target is None or not self._wants(target, rules):
                return self._led_out(address, target, for_good=for_good or not state)
            place = target
        raise ItemFailed("redirect_loop", _("The address leads from one to the next without end."), 502)

    def _gone(self, address: str) -> Gone:
        if address == self._wanted.start_url:
            # Without it every other page may look gone too, while the site is being moved or mended.
            message = _("There is no page at the start address. Check the address; nothing was changed.")
            raise SourceFailed("not_found", message, 422)
        return Gone()

    def _led_out(self, address: str, target: str | None, *, for_good: bool) -> Gone:
        """A redirect to what is not wanted: a page that was there and leads out for a while only is not gone."""
        place = (target or "nowhere")[:200]
        if address == self._wanted.start_url:
            message = _("The start address leads to %(target)s. Make that the start address.")
            raise ItemFailed("redirected", message % {"target": place}, 422)
        if for_good:
            return Gone()
        raise ItemFailed("redirected", _("The page leads to %(target)s for now.") % {"target": place}, 502)

    def _outcome(
        self, response: httpx2.Response, address: str, place: str, state: Mapping[str, Any], rules: Robots, depth: int
    ) -> Outcome:
        if response.status_code == 304:
            return Unchanged(self._items([str(each) for each in state.get("links", ())], depth + 1, rules))
        if response.status_code in (404, 410):
            return self._gone(address)
        if response.status_code != 200:
            raise http_failed(response)
        kind, _semicolon, parameters = response.headers.get("content-type", "").partition(";")
        kind = kind.strip().lower()
        other = Item(place, place, address=place, hint={"depth": depth}) if place != address else None
        kept = {
            "etag": response.headers.get("etag", "")[:500],
            "modified": response.headers.get("last-modified", "")[:100],
        }
        if kind in HTML:
            return self._page(response, place, other, kept, parameters, rules, depth)
        if kind not in FILES:
            return Fetched(None, state=kept, same_as=other)
        content = spooled(response.iter_bytes(), self._around.max_item_bytes)
        return Fetched(content, _filename(place, FILES[kind]), place, modified_of(response), kept, same_as=other)

    def _page(
        self, response: httpx2.Response, place: str, other: Item | None, kept: dict[str, Any], parameters: str,
        rules: Robots, depth: int,
    ) -> Outcome:  # fmt: skip
        with spooled(response.iter_bytes(), min(MAX_HTML_BYTES, self._around.max_item_bytes)) as body:
            data = body.read()
        text, data = _decoded(data, parameters)
        facts = facts_of(text, place, response.headers.get("x-robots-tag", ""))
        found = self._items(facts.links, depth + 1, rules)
        state = {**kept, "links": [item.external_id for item in found]}
        if facts.canonical and facts.canonical != place and self._wants(facts.canonical, rules):
            other = Item(facts.canonical, facts.canonical, address=facts.canonical, hint={"depth": depth})
        if facts.noindex:
            return Fetched(None, state=state, found=found)
        content = spooled([data], self._around.max_item_bytes)
        name = _filename(place, ".html")
        return Fetched(content, name, place, modified_of(response), state, found, other)

    def _items(self, addresses: list[str], depth: int, rules: Robots) -> list[Item]:
        """The wanted ones of these addresses, as far as the depth goes."""
        if depth > self._wanted.depth:
            return []
        wanted = dict.fromkeys(each for each in addresses if self._wants(each, rules))
        return [Item(each, each, address=each, hint={"depth": depth}) for each in wanted]

    def _wants(self, address: str, rules: Robots) -> bool:
        if address == self._wanted.start_url:
            return True
        parts = urlsplit(address)
        path = unquote(parts.path)
        if parts.netloc != self._site or path.lower().endswith(LEFT_OUT) or not rules.permits(_path(address)):
            return False
        if not lines_of(self._wanted.include) and not parts.path.startswith(self._folder):
            return False
        return self._wanted.takes(path.lstrip("/"))

    def _pause(self, rules: Robots) -> None:
        """Wait until the next request may be made; a long wait is left to the sync."""
        delay = max(self._wanted.delay, rules.delay_s)
        left = self._asked_at + delay - time.monotonic()
        if self._asked_at and left > SHORT_PAUSE_S:
            raise Busy(left, polite=True)
        if self._asked_at and left > 0:
            time.sleep(left)
        self._asked_at = time.monotonic()

    def _permitting(self) -> Robots:
        """The site's rules, if they permit to begin at all."""
        rules = self._robots()
        if not rules.permits(_path(self._wanted.start_url)):
            message = _("The site's robots.txt does not allow the start address to be read by programs.")
            raise SourceFailed("robots_disallow", message, 422)
        return rules

    def _robots(self) -> Robots:
        """The site's rules: all is permitted without a file, nothing while the server fails (RFC 9309)."""
        address = normal("/robots.txt", self._wanted.start_url) or ""
        for _hop in range(MAX_REDIRECTS + 1):
            try:
                with answering(self._web, "GET", address) as response:
                    if response.status_code in REDIRECTS:
                        address = normal(response.headers.get("location", ""), address) or ""
                        if not address:
                            break
                        continue
                    if response.status_code == 200:
                        text = _beginning(response, robots_txt.MAX_BYTES).decode("utf-8", "replace")
                        return robots_txt.parsed(text)
                    if response.status_code >= 500:
                        raise source_failed(http_failed(response))
            except ItemFailed as error:
                raise source_failed(error) from error
            break
        return Robots()

    def _sitemaps_of(self, rules: Robots) -> list[str]:
        if not self._wanted.sitemap or not self._wanted.depth:
            return []
        named = [normal(each, self._wanted.start_url) for each in rules.sitemaps]
        own = normal("/sitemap.xml", self._wanted.start_url)
        return list(dict.fromkeys(each for each in [*named, own] if each and urlsplit(each).netloc == self._site))

    def _read_sitemap(self, address: str, rules: Robots) -> tuple[list[str], bool]:
        """What a sitemap names; nothing for one that cannot be read, for links lead there too."""
        for _hop in range(MAX_REDIRECTS + 1):
            self._pause(rules)
            try:
                with answering(self._web, "GET", address) as response:
                    if response.status_code == 200:
                        return sitemap_addresses(_beginning(response, MAX_SITEMAP_BYTES))
                    target = normal(response.headers.get("location", ""), address)
                    if response.status_code not in REDIRECTS or target is None:
                        break
            except (ItemFailed, OutboundError):
                break
            if urlsplit(target).netloc != self._site:
                break
            address = target
        return [], False


def _beginning(response: httpx2.Response, limit: int) -> bytes:
    data = bytearray()
    for block in response.iter_bytes():
        data += block
        if len(data) >= limit:
            break
    return bytes(data[:limit])


def _path(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _filename(address: str, suffix: str) -> str:
    name = unquote(urlsplit(address).path.rstrip("/").rsplit("/", 1)[-1]) or "index"
    return name if name.lower().endswith((suffix, ".htm" if suffix == ".html" else suffix)) else name + suffix


def _decoded(data: bytes, parameters: str) -> tuple[str, bytes]:
    """The page's text, and its bytes; what only the header says of their encoding is written into them."""
    charset = parameters.lower().partition("charset=")[2].split(";")[0].strip(" \"'")
    if charset in ("", "utf-8", "utf8"):
        return data.decode("utf-8", "replace"), data
    try:
        text = data.decode(charset)
    except (LookupError, UnicodeDecodeError, ValueError):
        return data.decode("utf-8", "replace"), data
    return text, b"\xef\xbb\xbf" + text.lstrip("\ufeff").encode()


KIND = ConnectorKind(
    kind="website",
    title=gettext_lazy("Website"),
    summary=gettext_lazy("Pages of a site and the files they link to, without menus and other repeated parts."),
    icon="globe",
    settings=WebsiteSettings,
    open=WebsiteConnector,
)
