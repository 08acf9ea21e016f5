"""The catalogues of all languages: complete, in line with the source, whole in their placeholders, and compiled."""

import gettext
import json
import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from config import catalogues
from tests.catalogue_files import Entry, read

BLANK = re.compile(r"%\((\w+)\)[a-z]|%[sd%]|\{\w*\}")
TAG = re.compile(r"</?[a-z][^>]*>")
EACH = [(language, domain) for language in catalogues.languages() for domain in catalogues.DOMAINS]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return catalogues.extract(tmp_path_factory.mktemp("source"))


def wrong_with(entry: Entry, forms: int) -> list[str]:
    """What is wrong with a translation, in words."""
    found = []
    wanted = forms if entry.plural else 1
    if len(entry.forms) != wanted or not all(entry.forms.values()):
        return ["not translated"]
    whole = entry.plural or entry.text
    for number, form in entry.forms.items():
        may_leave_out = bool(entry.plural) and number < wanted - 1  # "one file" needs no number
        for what, pattern in (("placeholders", BLANK), ("tags", TAG)):
            here, there = Counter(pattern.findall(form)), Counter(pattern.findall(whole))
            if not (here <= there if may_leave_out and what == "placeholders" else here == there):
                found.append(f"other {what}: {form}")
        if (form[:1].isspace(), form[-1:].isspace()) != (entry.text[:1].isspace(), entry.text[-1:].isspace()):
            found.append(f"other space around it: {form!r}")
    if entry.flags & {"fuzzy", "obsolete"}:
        found.append("fuzzy or obsolete")
    return found


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_everything_is_translated_with_its_placeholders_and_tags(language: str, domain: str) -> None:
    head, *entries = read(catalogues.catalogue(language, domain))
    assert f"Language: {language}\n" in head.forms[0]
    assert "fuzzy" not in head.flags
    rule = re.search(r"nplurals=(\d+)", head.forms[0])
    assert rule
    assert {entry.key: wrong for entry in entries if (wrong := wrong_with(entry, int(rule[1])))} == {}


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_a_catalogue_holds_what_the_source_says_and_nothing_else(
    source: dict[str, Path], language: str, domain: str
) -> None:
    _head, *wanted = read(source[domain])
    _head, *entries = read(catalogues.catalogue(language, domain))
    there, here = {entry.key for entry in wanted}, {entry.key for entry in entries}
    assert (sorted(there - here), sorted(here - there)) == ([], []), "make messages brings them in line"


@pytest.mark.parametrize(("language", "domain"), EACH)
def test_what_is_compiled_is_of_these_catalogues(language: str, domain: str) -> None:
    path = catalogues.catalogue(language, domain)
    made = catalogues.compiled(path)
    assert texts_of(path.with_suffix(".mo").read_bytes()) == texts_of(made), "make messages compiles them"
    if domain == "djangojs":
        script = catalogues.module(made, f"locale/{language}/LC_MESSAGES/{path.name}")
        assert catalogues.script(language).read_text(encoding="utf-8") == script


def test_what_is_compiled_of_packages_is_of_their_catalogues() -> None:
    for path in catalogues.of_packages():
        made = catalogues.compiled(path)
        assert texts_of(path.with_suffix(".mo").read_bytes()) == texts_of(made), "make messages compiles them"


def texts_of(mo: bytes) -> dict[object, str]:
    found: dict[object, str] = vars(gettext.GNUTranslations(BytesIO(mo)))["_catalog"]
    return {key: text for key, text in found.items() if key}


def test_a_second_run_changes_nothing(source: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / "de" / "django.po"
    catalogues.update(source["django"], target, "de")
    first = target.read_bytes()
    assert b"POT-Creation-Date" not in first
    assert b"#: " not in first
    catalogues.update(source["django"], target, "de")
    assert target.read_bytes() == first


def test_a_new_string_comes_untranslated_and_one_that_is_gone_goes(source: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / "ar" / "django.po"
    catalogues.update(source["django"], target, "ar")
    before = target.read_text()
    assert before.startswith('msgid ""\nmsgstr ""\n"Language: ar\\n"\n')
    before = f"# What the words mean.\n{before}"
    target.write_text(before.replace('msgid "Unnamed"\nmsgstr ""', 'msgid "Unnamed!"\nmsgstr "x"'))
    catalogues.update(source["django"], target, "ar")
    assert target.read_text() == before
    assert "nplurals=6" in before


def test_a_wrong_placeholder_is_a_mistake_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "django.po"
    head = 'msgid ""\nmsgstr "Language: de\\nContent-Type: text/plain; charset=UTF-8\\n"\n\n'
    path.write_text(head + '#, python-format\nmsgid "%(name)s is ready."\nmsgstr "%(nam)s ist bereit."\n')
    with pytest.raises(CommandError, match="nam"):
        catalogues.compiled(path)


def test_the_module_of_a_catalogue_holds_texts_contexts_and_plurals(tmp_path: Path) -> None:
    from tests.pseudo_language import write_catalogue

    path = tmp_path / "djangojs.mo"
    write_catalogue(path, {"Send": "Senden", "state\x04Open": "Offen", "%(n)s file\0%(n)s files": "eine\0%(n)s viele"})
    made = catalogues.module(path.read_bytes(), "x.po")
    texts = json.loads(made.split("texts: ", 1)[1].removesuffix(" };\n"))
    assert texts == {"Send": "Senden", "state\x04Open": "Offen", "%(n)s file": ["eine", "%(n)s viele"]}
    assert "plural: (n) => Number((n != 1))" in made


def test_a_rule_of_plurals_that_is_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests import pseudo_language

    monkeypatch.setattr(catalogues, "HARMLESS", re.compile("n"))
    path = tmp_path / "djangojs.mo"
    pseudo_language.write_catalogue(path, {"Send": "Senden"})
    with pytest.raises(ValueError, match="no plain expression"):
        catalogues.module(path.read_bytes(), "x.po")


def test_the_command_compiles_what_is_there_without_looking_at_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogues, "extract", None)
    written: list[Path] = []

    def write(path: Path, _content: bytes) -> bool:
        written.append(path)
        return False

    monkeypatch.setattr(catalogues, "write", write)
    call_command("messages", "--compile")
    assert len(written) == len(EACH) + len(catalogues.languages()) + len(catalogues.of_packages())
