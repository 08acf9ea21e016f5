"""Choosing the language of the pages, as somebody would, and what the scripts of a page then say."""

import gettext
from typing import Any

import pytest

from accounts.models import User
from config import catalogues
from tests.browser.conftest import Open
from tests.chat.conftest import Cast
from tests.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.journeys]
I18N = """const i18n = await import(document.querySelector('script[src$="js/main.js"]').src.replace("main", "i18n"));"""
TEXT = f"async (text) => {{ {I18N} return i18n.gettext(text); }}"
WRITTEN = f"async () => {{ {I18N} return [i18n.formatNumber(1234567), i18n.decimals(2)(1.25)]; }}"
COUNTED = f"""async ([one, many, counts]) => {{
  {I18N}
  return counts.map((count) => i18n.ngettext(one, many, count));
}}"""
NUMBERS = {"en": ["1,234,567", "1.25"], "de": ["1.234.567", "1,25"], "ar": ["1,234,567", "1.25"]}


def texts(language: str, domain: str) -> gettext.GNUTranslations:
    """The catalogue that a page must follow."""
    with catalogues.catalogue(language, domain).with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def is_in(page: Any, language: str, direction: str = "ltr") -> None:
    """Wait until the page says that it is in a language, and in its direction."""
    page.wait_for_selector(f"html[lang={language}][dir={direction}]")


def test_one_chooses_before_signing_in_by_keyboard_and_without_scripts(
    library: Cast, browser: Any, server: Server
) -> None:
    context = browser.new_context(base_url=server.url, java_script_enabled=False, service_workers="block")
    page = context.new_page()
    page.goto("/accounts/login/?next=/prompts/")
    is_in(page, "en")
    page.locator("[data-language-switch] [value=de]").focus()
    page.keyboard.press("Enter")
    is_in(page, "de")
    assert page.url.endswith("/accounts/login/?next=/prompts/")
    assert page.locator("[data-language-switch] [aria-current=true]").inner_text() == "Deutsch"
    page.fill("input[name=login]", library.mia.email)
    page.fill("input[name=password]", "x")
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/prompts/")
    is_in(page, "de")
    prompts = texts("de", "django").gettext("Prompts")
    assert page.locator("h1").inner_text() == prompts
    assert User.objects.get(pk=library.mia.pk).language == ""
    context.close()


def test_the_choice_in_the_menu_turns_the_page_and_follows_its_user(library: Cast, open_page: Open) -> None:
    page = open_page(library.mia, "/")
    page.click("[popovertarget=user-menu]")
    page.click("#user-menu [data-language-switch] [value=ar]")
    is_in(page, "ar", "rtl")
    arabic = texts("ar", "djangojs")
    assert page.evaluate(TEXT, "Copied.") == arabic.gettext("Copied.") != "Copied."
    assert page.evaluate("getComputedStyle(document.querySelector('.sidebar')).direction") == "rtl"
    left = page.locator(".sidebar").bounding_box()["x"]
    assert left > page.viewport_size["width"] / 2
    elsewhere = open_page(library.mia, "/prompts/", fresh=True)
    is_in(elsewhere, "ar", "rtl")
    elsewhere.click("[popovertarget=user-menu]")
    elsewhere.click("#user-menu form[action*=logout] button")
    elsewhere.wait_for_url("**/accounts/login/**")
    is_in(elsewhere, "ar", "rtl")


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_scripts_count_and_write_numbers_as_the_language_does(
    library: Cast, open_page: Open, server: Server, language: str
) -> None:
    library.mia.language = language
    library.mia.save()
    page = open_page(library.mia, "/prompts/")
    assert page.evaluate(WRITTEN) == NUMBERS[language]
    loaded = page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    assert [each.rsplit("/", 1)[1] for each in loaded if "/js/languages/" in each] == (
        [] if language == "en" else [f"{language}.js"]
    )
    counts = [0, 1, 2, 3, 11, 100, 101]
    one, many = "%(n)s passage", "%(n)s passages"
    found = page.evaluate(COUNTED, [one, many, counts])
    if language == "en":
        assert found == [one if count == 1 else many for count in counts]
    else:
        read = texts(language, "djangojs")
        assert found == [read.ngettext(one, many, count) for count in counts]


def test_a_page_asks_and_refuses_in_german(library: Cast, open_page: Open) -> None:
    library.mia.language = "de"
    library.mia.save()
    page = open_page(library.mia, "/")
    page.fill("[data-composer-input]", "How old is the harbour master's cat?")
    page.press("[data-composer-input]", "Enter")
    page.wait_for_selector(".answer[data-status=refused]")
    said = texts("de", "django").gettext("The documents do not answer this.")
    assert said in page.locator(".answer").inner_text()
