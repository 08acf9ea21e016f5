"""What a website's connector reads: addresses, links, sitemaps, robots.txt, and the pauses that servers ask for."""

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from documents.connectors import robots
from documents.connectors.http import pause_of
from documents.connectors.web_pages import facts_of, normal, sitemap_addresses


@pytest.mark.parametrize(
    ("given", "base", "made"),
    [
        ("HTTP://Example.COM:80/a/../b/./c#x", "", "http://example.com/b/c"),
        ("/a b/ü?q=ä", "https://example.com/x", "https://example.com/a%20b/%C3%BC?q=%C3%A4"),
        ("?utm_source=a&id=1&gclid=2", "https://example.com/x", "https://example.com/x?id=1"),
        ("https://example.com", "", "https://example.com/"),
        ("https://example.com/%c3%bc", "", "https://example.com/%C3%BC"),
        ("mailto:a@example.com", "https://example.com/", None),
        ("javascript:alert(1)", "https://example.com/", None),
        ("https://user:pass@example.com/", "", None),
        ("http://[::1", "", None),
        ("http://example.com:99999/", "", None),
        ("/" + "x" * 3000, "https://example.com/", None),
    ],
)
def test_an_address_has_one_spelling(given: str, base: str, made: str | None) -> None:
    assert normal(given, base) == made


def test_links_are_read_from_broken_pages_in_bounds() -> None:
    page = "<base href='/docs/'><a href=one.html><A HREF='two.html'>x<a rel=nofollow href=no.html><a href='one.html#b'>"
    assert facts_of(page, "https://e.example/").links == [
        "https://e.example/docs/one.html",
        "https://e.example/docs/two.html",
    ]
    many = "".join(f"<a href='/{n}'>" for n in range(5000))
    assert len(facts_of(many, "https://e.example/").links) == 1000
    # What takes quadratic time would not come to an end here.
    facts_of("<a href='" * 200_000, "https://e.example/")
    facts_of("<" * 500_000, "https://e.example/")


def test_a_sitemap_that_unfolds_without_end_is_cut() -> None:
    bomb = gzip.compress(b"<loc>https://e.example/a</loc>" + b" " * (64 * 2**20))
    assert sitemap_addresses(bomb) == (["https://e.example/a"], False)
    assert sitemap_addresses(b"\x1f\x8bnot gzip") == ([], False)
    assert sitemap_addresses(b'<!DOCTYPE x [<!ENTITY a "b">]><loc>https://e.example/?a=1&amp;b=2</loc>')[0] == [
        "https://e.example/?a=1&b=2"
    ]


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("", 30, 30), ("7", 7, 7), ("0", 1, 1), ("999999999", 3600, 3600), ("soon", 30, 30), ("-5", 30, 30),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1, 1), ("Wed, 99 Oct 2015 07:28:00 GMT", 30, 30),
    ],
)  # fmt: skip
def test_a_pause_is_read_from_either_form_and_bounded(header: str, least: float, most: float) -> None:
    assert least <= pause_of(header) <= most


def test_a_pause_until_a_time_is_what_is_left_of_it() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    assert 500 <= pause_of(header) <= 600


@pytest.mark.parametrize(
    ("text", "path", "permitted"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Footnote\nDisallow: /private", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Footnote/1.0\nDisallow: /private", "/private/x", False),
        ("User-agent: a\nUser-agent: footnote\nDisallow: /x", "/x", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?z", True),
        ("User-agent: *\nDisallow: /a*b*c", "/a1b2c3", False),
        ("User-agent: *\nDisallow: /%7Ejoe", "/~joe/", False),
        ("Disallow: /", "/a", True),
        ("<html>not found</html>", "/a", True),
    ],
)
def test_robots_rules(text: str, path: str, permitted: bool) -> None:
    assert robots.parsed(text).permits(path) is permitted
