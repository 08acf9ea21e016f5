"""Which language somebody reads: what they chose, what this browser was told, what it asks for, in that order.

The same holds for pages and for sockets. What was put into words before a reader was known, by a worker or by the
engine, is kept in English and put into theirs by ``in_readers_language`` when it is shown.
"""

import gettext
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation import get_language_info, get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from accounts.models import User

FEWEST_LETTERS, FEWEST_OF_A_PART = 9, 4
"""Of a pattern's own: one with fewer would be found in sentences that it did not make."""

BLANK = re.compile(r"%\((\w+)\)[sd]")
ESCAPED_BLANK = re.compile(r"%\\\((\w+)\\\)[sd]")


class LanguageMiddleware(LocaleMiddleware):
    """Django's, which asks the reader's row first. Stands behind what finds out who reads."""

    def process_request(self, request: HttpRequest) -> None:
        """Let the request be answered in the reader's language."""
        found = language_for(_row_of(request), request.COOKIES, request.headers.get("Accept-Language", ""))
        translation.activate(found)
        request.LANGUAGE_CODE = found

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Keep the choice in this browser, for the pages before one signs in."""
        reader = _row_of(request)
        known = reader.language if reader else ""
        name = settings.LANGUAGE_COOKIE_NAME
        if known and request.COOKIES.get(name) != known and name not in response.cookies:
            keep_in_browser(response, known)
        return super().process_response(request, response)


def language_for(user: User | AnonymousUser | None, cookies: Mapping[str, str], accepted: str) -> str:
    """The code of a language that the pages have; ``accepted`` is the header Accept-Language."""
    chosen = user.language if isinstance(user, User) else ""
    wishes = [chosen, cookies.get(settings.LANGUAGE_COOKIE_NAME, "")]
    wishes += [code for code, _weight in parse_accept_lang_header(accepted)]
    for wish in wishes:
        if wish == "*":
            break
        try:
            return get_supported_language_variant(wish)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


def language_of_socket(scope: Mapping[str, Any]) -> str:
    """The language of the page that a socket belongs to."""
    accepted = dict(scope.get("headers", ())).get(b"accept-language", b"")
    return language_for(scope.get("user"), scope.get("cookies", {}), str(accepted, "latin-1"))


def language_name(code: str) -> str:
    """What the reader calls a language, by its ISO 639-1 code; the code where that is not known."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def keep_in_browser(response: HttpResponseBase, language: str) -> None:
    """Remember a choice in a cookie, for a year."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )


def _row_of(request: HttpRequest) -> User | None:
    try:
        reader = getattr(request, "user", None)
        return reader if isinstance(reader, User) else None
    except DatabaseError:
        # Whether that matters is for the page to say; some need no database.
        return None


def in_readers_language(sentence: str) -> str:
    """An English sentence of ours, whole or with its blanks filled in, as the catalogue has it; else as it is."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    if not sentence or language == settings.LANGUAGE_CODE:
        return sentence
    return _translated(sentence, language)


def errors_in_readers_language(payload: str) -> str:
    """JSON of an event with the ``message`` of each ``error`` in it; JSON without one costs a look at it."""
    if '"error":{' not in payload or translation.get_language() == settings.LANGUAGE_CODE:
        return payload
    return json.dumps(json.loads(payload, object_hook=_with_error), ensure_ascii=False, separators=(",", ":"))


def _with_error(part: dict[str, Any]) -> dict[str, Any]:
    error = part.get("error")
    if isinstance(error, dict) and "message" in error:
        error["message"] = in_readers_language(error["message"])
    return part


@lru_cache(maxsize=4096)
def _translated(sentence: str, language: str, fewest: int = FEWEST_LETTERS) -> str:
    whole = translation.gettext(sentence) if sentence else ""
    if whole != sentence:
        return whole
    for letters, beginning, pattern, text in _patterns(language):
        if letters >= fewest and sentence.startswith(beginning) and (found := pattern.fullmatch(sentence)):
            # What stands in a blank may be a part that the engine put there: "answered with status 503".
            return text % {
                name: _translated(value, language, FEWEST_OF_A_PART) for name, value in found.groupdict().items()
            }
    return sentence


@lru_cache(maxsize=16)
def _patterns(language: str) -> list[tuple[int, str, "re.Pattern[str]", str]]:
    """The texts with blanks, those with most letters of their own first.

    Each with the number of these, what it begins with, a pattern for it when it is filled in, and the translation.
    """
    path = Path(settings.LOCALE_PATHS[0], translation.to_locale(language), "LC_MESSAGES", "django.mo")
    if not path.exists():
        return []
    with path.open("rb") as file:
        entries = vars(gettext.GNUTranslations(file))["_catalog"]
    found = []
    for msgid, text in entries.items():
        own = BLANK.sub("", msgid) if isinstance(msgid, str) and "%(" in msgid else ""
        letters = sum(letter.isalpha() for letter in own)
        if letters >= FEWEST_OF_A_PART and "%(" not in own:
            beginning = msgid.partition("%(")[0].replace("%%", "%")
            # What was written into the blanks is text by now.
            found.append((letters, beginning, _pattern(msgid), BLANK.sub(r"%(\1)s", text)))
    return sorted(found, key=lambda each: each[0], reverse=True)


def _pattern(msgid: str) -> "re.Pattern[str]":
    seen: set[str] = set()

    def blank(found: "re.Match[str]") -> str:
        name = found[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>.+?)"

    return re.compile(ESCAPED_BLANK.sub(blank, re.escape(msgid.replace("%%", "%"))), re.DOTALL)
