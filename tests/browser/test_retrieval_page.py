"""The retrieval test in a real browser: stages side by side, a passage followed through them, two configurations."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from documents.ingest.rebuilding import pack_slice
from documents.models import DataSource, Document
from tests.browser.conftest import Open
from tests.browser.test_accessibility import too_wide, violations
from tests.chat.conftest import Cast, add_document

pytestmark = [pytest.mark.browser, pytest.mark.journeys]
QUERY = "How many days of paid leave does an employee have?"
PAGE = "/playground/retrieval/"


@pytest.fixture
def shelves(library: Cast) -> Cast:
    """More documents than a stage shows at first, with a long word and an Arabic name."""
    source = DataSource.objects.get(slug="library")
    for number in range(11):
        add_document(source, f"note-{number}.txt", f"Note {number}: an employee of quay {number} has days and days.")
    add_document(source, "قواعد الميناء.txt", "Donaudampfschifffahrtsgesellschaftskapitänsurlaubsanspruch " * 8)
    pack_slice()
    return library


def titles(page: Any, stage: str, band: str = "A") -> list[str]:
    return page.locator(f"[data-band={band}] [data-stage={stage}] .hit__title").all_inner_texts()


def test_a_passage_is_followed_through_the_stages_to_its_document(shelves: Cast, open_page: Open):
    page = open_page(shelves.root, PAGE)
    assert page.is_visible("[data-empty]")
    page.fill("[data-query]", QUERY)
    page.press("[data-query]", "Enter")
    page.wait_for_selector(".hit")
    assert len(titles(page, "dense")) == 10
    assert (
        page.locator("[data-stage=reranked] li", has=page.locator(".hits__read")).locator(".hit__rank").inner_text()
        == "8"
    )
    assert page.locator(".hits__read").count() == 1
    assert "Embed the question" in page.inner_text(".band__times")
    first = page.locator("[data-stage=reranked] .hit").first
    chunk = first.get_attribute("data-chunk")
    first.click()
    pressed = page.locator(".hit[aria-pressed=true]")
    assert {pressed.nth(n).get_attribute("data-chunk") for n in range(pressed.count())} == {chunk}
    assert pressed.count() == 4
    assert "thirty days" in page.inner_text("[data-chosen-text]")
    assert "By meaning 1 · By words" in page.inner_text("[data-chosen-ranks]")
    page.click("[data-chosen-open]")
    page.wait_for_url("**/documents/**")
    assert "thirty days" in page.inner_text("mark >> nth=0")
    page.go_back()
    page.wait_for_selector(".hit")
    assert page.input_value("[data-query]") == QUERY


def test_what_one_side_alone_found_and_what_moved_is_told(shelves: Cast, open_page: Open):
    page = open_page(
        shelves.root, f"{PAGE}?q=Donaudampfschifffahrtsgesellschaftskapitänsurlaubsanspruch&a-candidates=1"
    )
    page.wait_for_selector(".hit")
    page.goto(f"{PAGE}?q={QUERY}&a-candidates=3&a-passages=3")
    page.wait_for_selector(".hit")
    marks = page.locator("[data-stage=fused] .hit__marks").all_inner_texts()
    assert any("meaning alone" in each or "words alone" in each for each in marks)
    fused, reranked = ranks(page, "fused"), ranks(page, "reranked")
    for chunk, rank in reranked.items():
        moved = page.locator(f"[data-stage=reranked] [data-chunk='{chunk}'] .hit__moved").all_inner_texts()
        up = fused[chunk] - rank
        assert [each.split("\n")[0] for each in moved] == ([f"{'▲' if up > 0 else '▼'}{abs(up)}"] if up else [])


def ranks(page: Any, stage: str, band: str = "A") -> dict[str, int]:
    """The rank of each chunk shown in a stage."""
    hits = page.locator(f"[data-band={band}] [data-stage={stage}] .hit")
    return {
        hits.nth(n).get_attribute("data-chunk"): int(hits.nth(n).locator(".hit__rank").inner_text())
        for n in range(hits.count())
    }


def test_two_configurations_stay_in_the_address_and_back_works(shelves: Cast, open_page: Open):
    page = open_page(shelves.root, PAGE)
    page.fill("[data-query]", QUERY)
    page.click("[data-retrieval-form] [type=submit]")
    page.wait_for_selector("[data-band=A]")
    page.check("[data-compare]")
    page.select_option("[name=b-fusion]", "keyword")
    page.fill("[name=b-passages]", "2")
    page.click("[data-retrieval-form] [type=submit]")
    page.wait_for_selector("[data-band=B]")
    assert parse_qs(urlsplit(page.url).query) == {
        "q": [QUERY], "compare": ["1"], "b-fusion": ["keyword"], "b-passages": ["2"],
    }  # fmt: skip
    assert "Not asked" in page.inner_text("[data-band=B] [data-stage=dense]")
    before, after = ranks(page, "fused", "A"), ranks(page, "fused", "B")
    for chunk, rank in after.items():
        hit = page.locator(f"[data-band=B] [data-stage=fused] [data-chunk='{chunk}']")
        told = hit.locator(".badge--accent").all_inner_texts()
        if chunk in before:
            assert told == ([] if before[chunk] == rank else [f"A: {before[chunk]}"])
    other = open_page(shelves.root, urlsplit(page.url)._replace(scheme="", netloc="").geturl())
    other.wait_for_selector("[data-band=B]")
    assert titles(other, "keyword", "B") == titles(page, "keyword", "B")


def test_filters_are_rows_kept_in_the_address_and_told_what_is_wrong_with_them(shelves: Cast, open_page: Open):
    Document.objects.filter(filename="leave.txt").update(tags=["hr"])
    page = open_page(shelves.root, f"{PAGE}?q={QUERY}&a-filter=tag:any_of:hr,staff&a-filter=colour:is:red", width=390)
    page.wait_for_selector(".hit")
    assert titles(page, "fused") == ["leave.txt"]
    # What an assistant has no setting for is left out, and not silently.
    left_out = page.get_attribute("[data-use]", "aria-describedby")
    assert "no part of an assistant's settings" in page.inner_text(f"#{left_out}")
    page.click("[data-settings] > summary")
    rows = page.locator("[data-configuration=a] .filter-row")
    assert rows.count() == 1
    # By keyboard alone: a row is added, filled, told what is wrong with it, and removed.
    page.locator("[data-configuration=a] [data-filter-add]").press("Enter")
    assert page.evaluate("document.activeElement.ariaLabel") == "Field"
    page.keyboard.type("Written")
    page.keyboard.press("Tab")
    page.keyboard.type("until")
    page.keyboard.press("Tab")
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-field-error]:visible")
    assert "“soon” is no date" in rows.nth(1).inner_text()
    assert page.evaluate("document.activeElement.value") == "soon"
    assert parse_qs(urlsplit(page.url).query)["a-filter"] == ["tag:any_of:hr,staff", "created:until:soon"]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert rows.count() == 1
    rows.locator("[data-filter-value]").fill("staff")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-status] >> text=Nothing was found")
    # On a phone the settings make room for what was found.
    assert not rows.first.is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.go_back()
    page.go_back()
    page.wait_for_selector(".hit")
    assert rows.locator("[data-filter-value]").input_value() == "hr, staff"


def test_it_is_searched_as_somebody_else(shelves: Cast, open_page: Open):
    page = open_page(shelves.root, f"{PAGE}?q=vault&as=mia@example.com")
    page.wait_for_selector(".hit")
    assert "Searched as mia@example.com." in page.inner_text("[data-status]")
    assert "vault" not in " ".join(titles(page, "fused"))
    page.fill("[name=as]", "nobody@example.com")
    page.click("[data-retrieval-form] [type=submit]")
    page.wait_for_selector("[data-error] [role=alert]")
    assert "Nobody who can sign in" in page.inner_text("[data-error]")
    assert not page.locator(".hit").count()


def test_it_is_used_by_keyboard_alone(shelves: Cast, open_page: Open):
    page = open_page(shelves.root, f"{PAGE}?q={QUERY}")
    page.wait_for_selector(".hit")
    page.focus("[data-stage=fused] .hit")
    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.dataset.chunk")
    assert page.locator("[data-stage=fused] .hit").nth(1).get_attribute("data-chunk") == second
    page.keyboard.press("Enter")
    assert page.is_visible("[data-chosen]")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.closest('.stage').dataset.stage") == "reranked"
    assert page.evaluate("document.activeElement.dataset.chunk") == second
    page.keyboard.press("Escape")
    assert not page.is_visible("[data-chosen]")
    page.locator("[data-stage=fused] .hits__more button").focus()
    page.keyboard.press("Enter")
    assert len(titles(page, "fused")) > 10
    assert page.evaluate("document.activeElement.querySelector('.hit__rank').textContent") == "11"


@pytest.mark.parametrize("width", [390, 1440])
def test_the_chosen_passage_covers_nothing_that_is_used(shelves: Cast, open_page: Open, width: int):
    page = open_page(shelves.root, f"{PAGE}?q={QUERY}", width=width)
    page.wait_for_selector(".hit")

    def is_covered() -> bool:
        return page.evaluate(
            "document.activeElement.getBoundingClientRect().bottom"
            " > document.querySelector('[data-chosen]').getBoundingClientRect().top"
        )

    hits = page.locator("[data-stage=dense] .hit")
    hits.nth(1).click()
    assert not is_covered()
    for _times in range(6):
        page.keyboard.press("ArrowDown")
        assert not is_covered()
    hits.nth(9).scroll_into_view_if_needed()
    hits.nth(9).click()
    assert not is_covered()


def test_wrong_settings_are_shown_though_they_are_folded(shelves: Cast, open_page: Open):
    page = open_page(shelves.root, f"{PAGE}?q={QUERY}&a-candidates=0")
    assert page.is_visible("[data-empty]")
    page.click("[data-retrieval-form] [type=submit]")
    assert page.evaluate("document.activeElement.name") == "a-candidates"
    assert not page.locator(".hit").count()


@pytest.mark.pages
def test_results_pass_axe_and_fit_every_width(shelves: Cast, open_page: Open):
    filters = "a-filter=tag:none_of:x,y&a-filter=custom.cost:exists:false"
    compared = f"{PAGE}?q={QUERY}&compare=1&b-fusion=dense&b-reranker=none&a-candidates=4&{filters}"
    page = open_page(shelves.root, compared, width=390)
    page.wait_for_selector("[data-band=B] .hit")
    page.click("[data-stage=fused] .hit >> nth=1")
    problems = violations(page) + too_wide(page, PAGE)
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{PAGE}?q={QUERY}&compare=1&{filters}&b-filter=created:is:soon")
    page.wait_for_selector("[data-field-error]:visible")
    problems += violations(page) + too_wide(page, "the filters")
    page.goto(f"{PAGE}?q={QUERY}&as=nobody@example.com")
    page.wait_for_selector("[data-error] [role=alert]")
    problems += violations(page, dark=False)
    Document.objects.all().delete()
    page.goto(f"{PAGE}?q={QUERY}")
    page.wait_for_selector(".empty")
    problems += violations(page, dark=False)
    assert problems == []
