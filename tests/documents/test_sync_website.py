"""Syncing a website, against a real HTTP server: what is followed, what is asked again, what is left alone."""

import gzip
import time
from collections.abc import Iterator
from typing import Any

import pytest

from documents import services
from documents.errors import DocumentsError
from documents.ingest import ingest
from documents.models import DataSource, RunState, SyncRun
from documents.syncing import steps
from rag.errors import OutboundError
from tests.documents.files import pdf_with_text
from tests.documents.syncs import counts, failures
from tests.fakes.website import Asked, Page, Site, serving

pytestmark = [pytest.mark.connectors, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    with serving(Site()) as served:
        served.html(
            "/docs/", "Start", "/docs/a.html", "b.html?utm_source=x#part", "/elsewhere/x.html", "https://other.example/"
        )
        served.html("/docs/a.html", "Page A", "/docs/b.html", "/docs/")
        served.html("/docs/b.html", "Page B", "/docs/report.pdf", "/docs/style.css", "/docs/photo.jpg")
        served.html("/elsewhere/x.html", "Outside")
        served.pages["/docs/report.pdf"] = Page(pdf_with_text("The report"), type="application/pdf")
        yield served


@pytest.fixture
def make(cast: Any, site: Site, syncing: Any) -> Any:
    def made(**values: Any) -> DataSource:
        given = {"start_url": f"{site.url}/docs/", "delay": 0, "sitemap": False, **values}
        return services.source_create(user=cast.ada, name="Site", kind="website", settings=given)

    return made


def found(source: DataSource, site: Site) -> list[str]:
    addresses = source.documents.values_list("external_id", flat=True)
    return sorted(each.removeprefix(site.url) for each in addresses)


def test_pages_below_the_start_address_are_followed_each_once(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    source = make()
    run = syncing(source, cast.ada)
    assert (run.state, counts(run)) == (RunState.DONE, (4, 0, 0, 0, 0))
    assert found(source, site) == ["/docs/", "/docs/a.html", "/docs/b.html", "/docs/report.pdf"]
    assert len(site.paths()) == len(set(site.paths())) == 5
    document = source.documents.get(external_id__endswith="/docs/a.html")
    assert (document.filename, document.address) == ("a.html", f"{site.url}/docs/a.html")
    ingest(document.pk)
    document.refresh_from_db()
    assert (document.status, document.title) == ("ready", "Page A")


def test_what_did_not_change_is_answered_with_304_and_its_links_still_count(
    cast: Any, site: Site, make: Any, syncing: Any
) -> None:
    for path in ("/docs/", "/docs/a.html", "/docs/b.html"):
        page = site.pages[path]

        def conditional(asked: Asked, page: Any = page, tag: str = f'"{path}"') -> Page:
            if asked.headers.get("if-none-match") == tag:
                return Page(status=304)
            return Page(page.body, headers={"ETag": tag, "Last-Modified": "Sat, 01 Aug 2026 10:00:00 GMT"})

        site.pages[path] = conditional
    source = make()
    syncing(source, cast.ada)
    assert source.documents.get(external_id__endswith="a.html").modified_at.isoformat() == "2026-08-01T10:00:00+00:00"
    site.asked.clear()
    assert counts(syncing(source, cast.ada)) == (0, 0, 4, 0, 0)
    assert [each.headers.get("if-none-match") for each in site.asked if each.path == "/docs/a.html"] == [
        '"/docs/a.html"'
    ]


def test_a_changed_page_keeps_its_document_and_a_404_deletes_it(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    source = make()
    syncing(source, cast.ada)
    before = source.documents.get(external_id__endswith="a.html").pk
    site.html("/docs/a.html", "Page A, new", "/docs/")
    del site.pages["/docs/report.pdf"]
    assert counts(syncing(source, cast.ada)) == (0, 1, 2, 1, 0)
    assert source.documents.get(external_id__endswith="a.html").pk == before
    assert found(source, site) == ["/docs/", "/docs/a.html", "/docs/b.html"]


def test_a_page_that_nothing_leads_to_any_more_stays_until_it_is_gone(
    cast: Any, site: Site, make: Any, syncing: Any
) -> None:
    source = make()
    syncing(source, cast.ada)
    site.html("/docs/", "Start")
    run = syncing(source, cast.ada)
    assert (run.state, run.deleted, len(found(source, site))) == (RunState.DONE, 0, 4)
    for path in ("/docs/a.html", "/docs/b.html", "/docs/report.pdf"):
        del site.pages[path]
    assert syncing(source, cast.ada).deleted == 3
    assert found(source, site) == ["/docs/"]


def test_a_site_that_fails_for_a_while_loses_nothing(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    source = make()
    syncing(source, cast.ada)
    pages = dict(site.pages)
    site.pages = {"/robots.txt": Page(status=404)}
    site.otherwise = lambda _asked: Page("Broken", 500)
    run = syncing(source, cast.ada)
    assert (run.deleted, run.failed, len(found(source, site))) == (0, 4, 4)
    site.pages["/robots.txt"] = Page("Broken", 500)
    assert syncing(source, cast.ada).state == RunState.FAILED
    site.pages, site.otherwise = pages, lambda _asked: Page(b"", 404)
    assert counts(syncing(source, cast.ada)) == (0, 0, 4, 0, 0)


def test_robots_txt_holds(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    site.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /docs/a\nDisallow: /docs/*.pdf$\n", type="text/plain")
    source = make()
    syncing(source, cast.ada)
    assert found(source, site) == ["/docs/", "/docs/b.html"]
    assert not {"/docs/a.html", "/docs/report.pdf"} & set(site.paths())
    site.pages["/robots.txt"] = Page("User-agent: footnote\nDisallow: /\n", type="text/plain")
    run = syncing(source, cast.ada)
    assert (run.state, run.error_code) == (RunState.FAILED, "robots_disallow")
    with pytest.raises(DocumentsError) as refused:
        services.source_check(user=cast.ada, kind="website", settings=source.settings)
    assert refused.value.code == "robots_disallow"


def test_sitemaps_name_pages_that_no_link_leads_to(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    site.pages["/robots.txt"] = Page(f"Sitemap: {site.url}/index.xml\n", type="text/plain")
    site.pages["/index.xml"] = Page(
        f"<sitemapindex><sitemap><loc>{site.url}/pages.xml.gz</loc></sitemap></sitemapindex>"
    )
    listed = "".join(f"<url><loc>{site.url}{path}</loc></url>" for path in ("/docs/lonely.html", "/else/y.html"))
    site.pages["/pages.xml.gz"] = Page(gzip.compress(f"<urlset>{listed}</urlset>".encode()), type="application/gzip")
    site.html("/docs/lonely.html", "Lonely")
    source = make(sitemap=True)
    syncing(source, cast.ada)
    assert "/docs/lonely.html" in found(source, site)
    assert "/else/y.html" not in site.paths()


def test_sitemaps_are_found_where_the_usual_place_leads(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    site.pages["/sitemap.xml"] = Page(status=302, headers={"location": "/sitemap_index.xml"})
    places = "".join(f"<sitemap><loc><![CDATA[{site.url}/{name}]]></loc></sitemap>" for name in ("p.xml", "out.xml"))
    site.pages["/sitemap_index.xml"] = Page(f"<?xml version='1.0'?><sitemapindex>{places}</sitemapindex>")
    site.pages["/p.xml"] = Page(f"<urlset><url><loc> {site.url}/docs/lonely.html </loc></url></urlset>")
    site.pages["/out.xml"] = Page(status=301, headers={"location": "http://169.254.169.254/sitemap.xml"})
    site.html("/docs/lonely.html", "Lonely")
    source = make(sitemap=True)
    assert syncing(source, cast.ada).state == RunState.DONE
    assert "/docs/lonely.html" in found(source, site)


def test_a_site_that_hides_behind_another_for_a_while_loses_nothing(
    cast: Any, site: Site, make: Any, syncing: Any
) -> None:
    source = make()
    syncing(source, cast.ada)
    pages = dict(site.pages)
    site.pages = {"/robots.txt": Page(status=404)}
    site.otherwise = lambda _asked: Page(status=302, headers={"location": "https://sso.example.com/login"})
    run = syncing(source, cast.ada)
    assert (run.deleted, run.failed, len(found(source, site))) == (0, 4, 4)
    assert set(failures(source).values()) == {"redirected"}
    site.otherwise = lambda _asked: Page(b"Gone.", 404)
    run = syncing(source, cast.ada)
    assert (run.state, run.error_code, len(found(source, site))) == (RunState.FAILED, "not_found", 4)
    site.pages = pages
    assert counts(syncing(source, cast.ada)) == (0, 0, 4, 0, 0)
    site.pages["/docs/a.html"] = Page(status=301, headers={"location": "https://sso.example.com/login"})
    assert syncing(source, cast.ada).deleted == 1


def test_pages_that_are_refused_end_no_sync_that_gets_others(
    cast: Any, site: Site, make: Any, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(steps, "MAX_FAILED_IN_ROW", 3)
    closed = [f"/docs/closed-{number}.html" for number in range(5)]
    site.html("/docs/", "Start", *closed, "/docs/a.html")
    for path in closed:
        site.pages[path] = Page(b"No", 403)
    source = make()
    for _ in range(2):
        run = syncing(source, cast.ada)
        assert (run.state, run.failed) == (RunState.DONE, 5)
        assert "/docs/a.html" in found(source, site)
    site.pages = {"/robots.txt": Page(status=404)}
    site.otherwise = lambda _asked: Page(b"No", 403)
    run = syncing(source, cast.ada)
    assert (run.state, run.error_code, run.failed) == (RunState.FAILED, "access_denied", 3)


def test_redirects_and_canonical_addresses_make_one_document(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    site.html("/docs/", "Start", "/docs/old", "/docs/print.html", "/docs/x.html", "/docs/out", "/docs/round-1")
    site.pages["/docs/old"] = Page(status=301, headers={"location": "/docs/a.html"})
    site.html("/docs/print.html", "Page A", head='<link rel="canonical" href="/docs/a.html">')
    site.html("/docs/x.html", "X", head='<link rel="canonical" href="/docs/y.html">')
    site.html("/docs/y.html", "Y", head='<link rel="canonical" href="/docs/x.html">')
    site.pages["/docs/out"] = Page(status=302, headers={"location": "http://169.254.169.254/latest/"})
    site.pages["/docs/round-1"] = Page(status=302, headers={"location": "/docs/round-2"})
    site.pages["/docs/round-2"] = Page(status=302, headers={"location": "/docs/round-1"})
    source = make()
    run = syncing(source, cast.ada)
    assert run.state == RunState.DONE
    assert found(source, site) == ["/docs/", "/docs/a.html", "/docs/b.html", "/docs/report.pdf", "/docs/y.html"]
    assert list(failures(source).values()) == ["redirect_loop"]
    site.pages["/docs/b.html"] = Page(status=308, headers={"location": "/docs/new-b.html"})
    site.html("/docs/new-b.html", "Page B", "/docs/report.pdf")
    run = syncing(source, cast.ada)
    assert (run.new, run.deleted) == (1, 1)
    assert "/docs/new-b.html" in found(source, site)


def test_depth_patterns_and_the_bound_are_kept(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    source = make(depth=0)
    syncing(source, cast.ada)
    assert found(source, site) == ["/docs/"]
    source = make(include="elsewhere/**\ndocs/b*")
    syncing(source, cast.ada)
    assert found(source, site) == ["/docs/", "/docs/b.html", "/elsewhere/x.html"]
    source = make(exclude="*.pdf")
    syncing(source, cast.ada)
    assert "/docs/report.pdf" not in found(source, site)


def test_an_endless_site_ends_at_the_bound(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    def calendar(asked: Asked) -> Page:
        day = int(asked.path.rsplit("-", 1)[-1]) if "day-" in asked.path else 0
        links = "".join(f'<a href="/docs/day-{day * 10 + n}">next</a>' for n in range(1, 10))
        return Page(f"<html><body><p>Day {day} of the calendar has nothing on it at all.</p>{links}</body></html>")

    site.pages = {"/robots.txt": Page(status=404)}
    site.otherwise = calendar
    source = make(max_items=25, depth=20)
    run = syncing(source, cast.ada)
    assert (run.state, run.error_code, counts(run)) == (RunState.DONE, "too_many_items", (25, 0, 0, 0, 0))


def test_pages_may_ask_not_to_be_kept_or_followed(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    site.html("/docs/", "Start", "/docs/list.html", "/docs/shy.html", "/docs/header.html")
    site.html("/docs/list.html", "List", "/docs/a.html", head='<meta name="robots" content="noindex">')
    site.html("/docs/shy.html", "Shy", "/docs/b.html", head='<meta name="robots" content="nofollow">')
    site.html("/docs/header.html", "Header", x_robots_tag="noindex")
    site.html("/docs/a.html", "Page A")
    source = make()
    syncing(source, cast.ada)
    assert found(source, site) == ["/docs/", "/docs/a.html", "/docs/shy.html"]


def test_a_pause_that_is_asked_for_is_kept_and_not_forever(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    answers = [Page(b"Later", 429, {"retry-after": "7"}), Page(b"Later", 503)]
    page: Any = site.pages["/docs/a.html"]
    site.pages["/docs/a.html"] = lambda _asked: answers.pop(0) if answers else page
    source = make()
    run = syncing(source, cast.ada)
    assert counts(run) == (4, 0, 0, 0, 0)
    assert syncing.pauses == [7.0, 30.0]
    site.pages["/docs/b.html"] = lambda _asked: Page(b"Later", 429)
    run = syncing(source, cast.ada)
    assert (run.state, run.failed) == (RunState.DONE, 1)
    assert list(failures(source).values()) == ["rate_limited"]


def test_politeness_takes_turns_with_other_work(cast: Any, site: Site, make: Any, syncing: Any) -> None:
    source = make(delay=2)
    syncing(source, cast.ada)
    assert len(syncing.pauses) >= 3
    assert all(1 < pause <= 2 for pause in syncing.pauses)
    site.pages["/robots.txt"] = Page("User-agent: *\nCrawl-delay: 0.2\n", type="text/plain")
    source = make(delay=0)
    began = time.monotonic()
    syncing(source, cast.ada)
    assert time.monotonic() - began > 0.2 * 3


def test_slow_huge_and_odd_answers_fail_alone(
    cast: Any, site: Site, make: Any, syncing: Any, settings: Any, monkeypatch: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 2**20
    monkeypatch.setattr("documents.connectors.http.READ_S", 0.5)

    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    def sleeping(_asked: Asked) -> Page:
        time.sleep(1.2)
        return Page(b"late")

    site.html(
        "/docs/",
        "Start",
        "huge.txt",
        "slow.html",
        "odd.html",
        "zip.html",
        "video",
        "empty.html",
        "secret.html",
        "a.html",
    )
    site.pages["/docs/huge.txt"] = lambda _asked: Page(endless(), type="text/plain")
    site.pages["/docs/slow.html"] = sleeping
    site.pages["/docs/odd.html"] = Page(b"\x00\xff\xfe<a href='/docs/b.html\x00'>", type="text/html; charset=no-such")
    site.pages["/docs/zip.html"] = Page(gzip.compress(b"x" * 9999), headers={"content-encoding": "gzip"})
    site.pages["/docs/video"] = Page(b"....", type="video/mp4")
    site.pages["/docs/empty.html"] = Page(b"")
    site.pages["/docs/secret.html"] = Page(b"No", 403)
    source = make()
    run = syncing(source, cast.ada)
    assert run.state == RunState.DONE
    assert {key.rsplit("/", 1)[1]: code for key, code in failures(source).items()} == {
        "huge.txt": "outbound_too_large", "slow.html": "timeout", "zip.html": "outbound_encoding",
        "empty.html": "empty_file", "secret.html": "access_denied",
    }  # fmt: skip
    assert "/docs/a.html" in found(source, site)
    assert "/docs/video" not in found(source, site)


def test_a_private_address_is_refused_unless_the_setting_allows_it(
    cast: Any, site: Site, make: Any, syncing: Any, settings: Any
) -> None:
    settings.OUTBOUND_ALLOW_PRIVATE = []
    source = make()
    run = syncing(source, cast.ada)
    assert (run.state, run.error_code, site.asked) == (RunState.FAILED, "outbound_private", [])
    with pytest.raises(OutboundError):
        services.source_check(user=cast.ada, kind="website", settings=source.settings)


def test_the_connection_can_be_tried(cast: Any, site: Site, make: Any) -> None:
    said = services.source_check(user=cast.ada, kind="website", settings=make().settings)
    assert "2 others" in said
    for start, code in (("/docs/nowhere", "not_found"), ("/docs/out", "redirected")):
        site.pages["/docs/out"] = Page(status=302, headers={"location": "https://other.example/"})
        with pytest.raises(DocumentsError) as refused:
            services.source_check(user=cast.ada, kind="website", settings={"start_url": site.url + start})
        assert refused.value.code == code
    with pytest.raises(DocumentsError) as refused:
        services.source_check(user=cast.ada, kind="website", settings={"start_url": "ftp://example.com/"})
    assert refused.value.code == "invalid_settings"


def test_a_site_that_is_busy_says_so_when_it_is_tried(cast: Any, site: Site) -> None:
    site.pages["/robots.txt"] = Page(b"Later", 429, {"retry-after": "9"})
    with pytest.raises(DocumentsError) as refused:
        services.source_check(user=cast.ada, kind="website", settings={"start_url": f"{site.url}/docs/"})
    assert (refused.value.code, "9 seconds" in refused.value.message) == ("rate_limited", True)


def test_a_sync_cut_after_each_item_fetches_nothing_twice(
    cast: Any, site: Site, make: Any, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(steps, "STEP_S", 0)
    run = syncing(make(), cast.ada)
    assert counts(run) == (4, 0, 0, 0, 0)
    assert len(site.paths()) == 5
    assert SyncRun.objects.get(pk=run.pk).handled == 4
