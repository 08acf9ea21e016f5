"""Which language a page is in, how somebody chooses one, and what becomes of sentences from before."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as present
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts import languages
from accounts.languages import errors_in_readers_language, in_readers_language, language_for, language_of_socket
from accounts.models import User
from tests.pseudo_language import write_catalogue

GERMAN = {"accept-language": "de-CH,de;q=0.9,en;q=0.5"}
LOGIN = "/accounts/login/"


@pytest.fixture
def member(db: None) -> User:
    return User.objects.create_user("member@example.com", None)


def shown(page: Any) -> tuple[str, str]:
    """The language and the direction that a page says it has."""
    found = re.search(r'<html lang="([^"]+)"\s+dir="([^"]+)"', page.content.decode())
    assert found
    return found[1], found[2]


def choose(client: Client, language: str, wanted: str = LOGIN) -> Any:
    return client.post(reverse("accounts:language"), {"language": language, "next": wanted})


@pytest.mark.django_db
def test_a_page_is_in_the_language_that_the_browser_asks_for() -> None:
    assert shown(Client().get(LOGIN)) == ("en", "ltr")
    assert shown(Client().get(LOGIN, headers=GERMAN)) == ("de", "ltr")
    assert shown(Client().get(LOGIN, headers={"accept-language": "fi, ar;q=0.5"})) == ("ar", "rtl")
    assert shown(Client().get(LOGIN, headers={"accept-language": "fi"})) == ("en", "ltr")


@pytest.mark.django_db
def test_nobody_signed_in_chooses_and_comes_back_to_the_same_page() -> None:
    client = Client()
    wanted = f"{LOGIN}?next=/documents/"
    response = choose(client, "ar", wanted)
    assert (response.status_code, response["location"]) == (302, wanted)
    assert shown(client.get(wanted, headers=GERMAN)) == ("ar", "rtl")
    cookie = client.cookies["language"]
    assert (cookie["samesite"], int(cookie["max-age"]) > 300 * 24 * 3600) == ("Lax", True)


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", ["https://example.com/", "//example.com", "javascript:alert(1)", ""])
def test_the_choice_leads_to_no_other_site(wanted: str) -> None:
    assert choose(Client(), "de", wanted)["location"] == "/"


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["", "fi", "en-GB", "../de", "de\r\nX: y"])
def test_a_language_that_the_pages_do_not_have_is_not_chosen(language: str, member: User) -> None:
    client = Client()
    client.force_login(member)
    assert choose(client, language).status_code == 302
    assert "language" not in client.cookies
    assert User.objects.get().language == ""


@pytest.mark.django_db
def test_the_choice_wants_a_form_of_ours() -> None:
    client = Client(enforce_csrf_checks=True)
    assert choose(client, "de").status_code == 403
    assert client.get(reverse("accounts:language")).status_code == 405


def test_the_choice_follows_its_user_and_stays_when_they_leave(member: User) -> None:
    client, elsewhere = Client(), Client()
    client.force_login(member)
    choose(client, "de", "/")
    assert User.objects.get().language == "de"
    client.post(reverse("account_logout"))
    assert shown(client.get(LOGIN)) == ("de", "ltr")
    elsewhere.force_login(member)
    assert shown(elsewhere.get("/prompts/")) == ("de", "ltr")
    assert elsewhere.cookies["language"].value == "de"
    choose(elsewhere, "en", "/")
    client.force_login(member)
    assert shown(client.get("/prompts/")) == ("en", "ltr")
    assert client.cookies["language"].value == "en"


def test_somebody_who_chose_nothing_gets_no_cookie(member: User) -> None:
    client = Client()
    client.force_login(member)
    assert shown(client.get("/prompts/", headers=GERMAN)) == ("de", "ltr")
    assert "language" not in client.cookies


@pytest.mark.django_db
def test_only_pages_in_another_language_load_a_catalogue() -> None:
    assert "js/languages" not in Client().get(LOGIN).content.decode()
    page = Client().get(LOGIN, headers=GERMAN).content.decode()
    assert page.index("js/languages/de.js") < page.index("js/main.js")


@pytest.mark.django_db
def test_each_language_stands_there_by_its_own_name() -> None:
    page = Client().get(LOGIN).content.decode()
    found = re.findall(r'<button type="submit" name="language" value="(\w+)"[^>]*>([^<]+)</button>', page)
    assert found == [("en", "English"), ("de", "Deutsch"), ("ar", "العربيّة")]
    assert page.count('aria-current="true"') == 1


def test_a_socket_is_in_the_language_of_its_page() -> None:
    headers = [(b"accept-language", b"de")]
    nobody = {"user": AnonymousUser(), "headers": headers, "cookies": {}}
    assert language_of_socket(nobody) == "de"
    assert language_of_socket({**nobody, "cookies": {"language": "ar"}}) == "ar"
    assert language_of_socket({**nobody, "cookies": {"language": "ar"}, "user": User(language="en")}) == "en"
    assert language_of_socket({"headers": [(b"accept-language", b"*")]}) == "en"
    assert language_for(None, {"language": "x" * 5000}, "y" * 5000) == "en"


ENGINE = {
    "Unnamed": "Namenlos",
    "The model server %(what)s. Ask again in a moment.": "Der Modellserver %(what)s. Gleich noch einmal fragen.",
    "answered with status %(status)s": "antwortete mit Status %(status)s",
    "The model server %(what)s.": "Der Modellserver %(what)s!",
    "100 %% of the %(count)d files": "%(count)d Dateien zu 100 %%",
    "%(n)s of": "%(n)s von",
}


@pytest.fixture
def in_german(tmp_path: Path, settings: Any) -> Iterator[None]:
    """A German catalogue of a few sentences alone."""
    write_catalogue(tmp_path / "de" / "LC_MESSAGES" / "django.mo", ENGINE)
    settings.LOCALE_PATHS = [str(tmp_path)]
    forget()
    with translation.override("de"):
        yield
    forget()


def forget() -> None:
    languages._translated.cache_clear()
    languages._patterns.cache_clear()


@pytest.mark.usefixtures("in_german")
@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Unnamed", "Namenlos"),
        ("", ""),
        ("Said by nobody.", "Said by nobody."),
        ("The model server %(what)s.", "Der Modellserver %(what)s!"),
        (
            "The model server answered with status 503. Ask again in a moment.",
            "Der Modellserver antwortete mit Status 503. Gleich noch einmal fragen.",
        ),
        ("The model server said: 50 % of %(x)s (odd).", "Der Modellserver said: 50 % of %(x)s (odd)!"),
        ("100 % of the 12 files", "12 Dateien zu 100 %"),
        ("12 of", "12 of"),
    ],
)
def test_a_sentence_from_before_is_shown_in_the_readers_language(english: str, german: str) -> None:
    assert in_readers_language(english) == german
    with translation.override("en"):
        assert in_readers_language(english) == english


@pytest.mark.usefixtures("in_german")
def test_errors_in_an_event_are_translated_and_nothing_else() -> None:
    event = {"document": {"title": "Unnamed", "error": {"code": "x", "message": "Unnamed"}}, "error": None}
    told = json.loads(errors_in_readers_language(json.dumps(event, separators=(",", ":"))))
    assert told == {"document": {"title": "Unnamed", "error": {"code": "x", "message": "Namenlos"}}, "error": None}
    plain = '{"text":"\\"error\\":{"}'
    assert errors_in_readers_language(plain) is plain


def test_numbers_are_written_as_browsers_write_them() -> None:
    from django.contrib.humanize.templatetags.humanize import intcomma
    from django.template.defaultfilters import floatformat

    written = {}
    for code, _name in present.LANGUAGES:
        with translation.override(code):
            written[code] = (intcomma(1234567), floatformat(1.25, 2))
    # Intl.NumberFormat of "en", "de" and "ar-u-nu-latn" in Chromium says the same; see i18n.js.
    assert written == {"en": ("1,234,567", "1.25"), "de": ("1.234.567", "1,25"), "ar": ("1,234,567", "1.25")}
