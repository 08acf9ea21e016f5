"""The catalogues in ``locale/``: found in the source, merged with what is translated, compiled, given to pages.

Each language has two: ``django`` of templates and Python, ``djangojs`` of scripts. ``extract`` and ``update`` need GNU
gettext; the application needs what ``compiled`` and ``script`` make, which stand in the repository for that reason.
"""

import gettext
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import makemessages

DOMAINS = ("django", "djangojs")
SOURCE_LANGUAGE = "en"
EXTENSIONS = {"django": ("html", "txt", "py"), "djangojs": ("js",)}
LEFT_OUT = (
    ".*", "bench", "demo", "docker", "docs", "locale", "node_modules", "scripts", "staticfiles", "tests", "var",
    "static/js/languages", "static/vendor",
)  # fmt: skip
"""What holds no sentences of the application, and the catalogues themselves."""

# What nobody filled in, and the time of a run, which would make a change of every one.
BLANKS = re.compile(
    r'^"(?:POT-Creation-Date|PO-Revision-Date): .*\n|^".*(?:PACKAGE VERSION|FULL NAME|LANGUAGE <LL@li\.org>).*\n|'
    r'^"Report-Msgid-Bugs-To: \\n"\n|^#, fuzzy\n|^#\n(?=(?:#, fuzzy\n)?msgid)|'
    r"^# (?:SOME DESCRIPTIVE TITLE|Copyright \(C\) YEAR|This file is distributed|FIRST AUTHOR).*\n",
    re.MULTILINE,
)
PLURALS = re.compile(r"plural=([^;]+);?")
HARMLESS = re.compile(r"[n0-9 ?:%&|=!<>()]+")


def languages() -> list[str]:
    """The languages that are translated, by their codes."""
    return [code for code, _name in settings.LANGUAGES if code != SOURCE_LANGUAGE]


def catalogue(language: str, domain: str) -> Path:
    """Where a catalogue stands; its compiled form has the same name with ``.mo``."""
    return Path(settings.LOCALE_PATHS[0], language, "LC_MESSAGES", f"{domain}.po")


def of_packages() -> list[Path]:
    """Catalogues that correct words of the packages, in the other folders of LOCALE_PATHS: written by hand."""
    return sorted(found for folder in settings.LOCALE_PATHS[1:] for found in Path(folder).rglob("*.po"))


def script(language: str) -> Path:
    """The module that gives a page the catalogue of scripts."""
    return Path(settings.STATIC_SOURCE, "js", "languages", f"{language}.js")


def extract(folder: Path) -> dict[str, Path]:
    """Find every marked string of the source; by domain a catalogue in ``folder`` that has all and translates none.

    Raises CommandError where GNU gettext is missing or finds a mistake.
    """
    found = {}
    folder.mkdir(parents=True, exist_ok=True)
    with _in_the_source():
        for domain in DOMAINS:
            extraction = _Extraction(folder)
            extraction.execute(
                locale=[SOURCE_LANGUAGE], exclude=[], all=False, domain=domain, extensions=EXTENSIONS[domain],
                symlinks=False, ignore_patterns=list(LEFT_OUT), use_default_ignore_patterns=True, no_wrap=False,
                no_location=True, add_location=None, no_obsolete=True, keep_pot=False, verbosity=0, no_color=True,
                force_color=False, skip_checks=True,
            )  # fmt: skip
            found[domain] = folder / SOURCE_LANGUAGE / "LC_MESSAGES" / f"{domain}.po"
    return found


def update(source: Path, target: Path, language: str) -> None:
    """Bring a catalogue in line with what was extracted: new strings come untranslated, those that are gone go.

    No translation is guessed from a similar string: one that nobody read is worse than English. Raises CommandError.
    """
    if not target.exists():
        django = makemessages.Command()
        django.domain, django.verbosity = target.stem, 0
        write(target, django.copy_plural_forms(source.read_text(encoding="utf-8"), language).encode())
    merged = _run("msgmerge", "--quiet", "--no-fuzzy-matching", "--no-location", str(target), str(source))
    kept = _run("msgattrib", "--no-obsolete", "-", given=merged).decode()
    write(target, _with_head(kept, language).encode())


def compiled(source: Path) -> bytes:
    """A catalogue in the form that is read at run time. Raises CommandError, for a placeholder that is wrong too."""
    return _run("msgfmt", "--check", "--no-hash", "--output-file=-", str(source))


def module(mo: bytes, name: str) -> str:
    """The module of a compiled catalogue; an address of its own, so that English pages load none and others theirs.

    An entry is a text or, by the language's rule of plurals, a list; a context stands before its text, as gettext has
    it, with U+0004 between. Raises ValueError for a rule that is no plain expression.
    """
    read = gettext.GNUTranslations(BytesIO(mo))
    texts: dict[str, str | list[str]] = {}
    entries: dict[str | tuple[str, int], str] = vars(read)["_catalog"]
    for key, text in sorted(entries.items(), key=str):
        if isinstance(key, tuple):
            forms = texts.setdefault(key[0], [])
            assert isinstance(forms, list)
            forms.append(text)
        elif key:
            texts[key] = text
    rule = PLURALS.search(read.info().get("plural-forms", ""))
    plural = rule[1].strip() if rule else "n != 1"
    if not HARMLESS.fullmatch(plural):
        raise ValueError(f"The rule of plurals in {name} is no plain expression: {plural}")
    words = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    return (
        f"/* Made of {name} by manage.py messages. */\n"
        f"globalThis.footnoteTexts = {{ plural: (n) => Number({plural}), texts: {words} }};\n"
    )


def write(path: Path, content: bytes) -> bool:
    """Write a file if that changes it; whether it did."""
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


class _Extraction(makemessages.Command):
    """Django's own search for strings, with a folder of ours for what it finds in place of ``locale/``."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def build_potfiles(self) -> list[str]:
        """Look through the source."""
        self.locale_paths = [str(self.folder)]
        self.default_locale_path = str(self.folder)
        found: list[str] = super().build_potfiles()
        return found


@contextmanager
def _in_the_source() -> Iterator[None]:
    """The search begins where the process stands."""
    before = Path.cwd()
    os.chdir(settings.BASE_DIR)
    try:
        yield
    finally:
        os.chdir(before)


def _with_head(text: str, language: str) -> str:
    """A catalogue whose head says the language, and neither when a program ran nor what nobody filled in."""
    head, rest = text.split("\n\n", 1)
    head = BLANKS.sub("", head)
    return head.replace('"Language: \\n"', f'"Language: {language}\\n"') + "\n\n" + rest


def _run(*words: str, given: bytes | None = None) -> bytes:
    try:
        done = subprocess.run(words, input=given, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise CommandError("GNU gettext is missing. On Debian: apt-get install gettext") from error
    except subprocess.CalledProcessError as error:
        raise CommandError(f"{words[0]} failed: {error.stderr.decode().strip()}") from error
    return done.stdout
