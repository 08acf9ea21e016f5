"""The first visit of the chat page stays light, and brings no library before it is needed."""

import gzip

import pytest

from tests.browser.conftest import Open
from tests.chat.conftest import Cast

pytestmark = pytest.mark.browser
LIMIT_BYTES = 240_000


def test_the_first_visit_of_the_chat_page_stays_below_its_limit(library: Cast, open_page: Open):
    page = open_page(library.mia, "/", fresh=True)
    page.wait_for_load_state("networkidle")
    urls = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    sizes: dict[str, int] = {}
    for url in {page.url, *urls}:
        body = page.request.get(url).body()
        sizes[url] = len(body) if url.endswith(".woff2") else len(gzip.compress(body, 6))
    assert len(sizes) > 10
    assert not any("/vendor/" in url for url in sizes)
    assert sum(sizes.values()) < LIMIT_BYTES, sizes
