"""``manage.py messages``: brings the catalogues of all languages in line with the source and compiles them."""

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config import catalogues


class Command(BaseCommand):
    """Extract, merge, compile, and write the modules of the scripts' catalogues. A second run changes nothing."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take ``--compile``: leave the catalogues as they are, and compile them."""
        parser.add_argument("--compile", action="store_true", help="compile the catalogues as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do so, and name each file that changed."""
        if not options["compile"]:
            with tempfile.TemporaryDirectory() as folder:
                found = catalogues.extract(Path(folder))
                for language in catalogues.languages():
                    for domain, source in found.items():
                        catalogues.update(source, catalogues.catalogue(language, domain), language)
        for language in catalogues.languages():
            for domain in catalogues.DOMAINS:
                self.compile(language, domain)
        for source in catalogues.of_packages():
            self.put(source.with_suffix(".mo"), catalogues.compiled(source))

    def compile(self, language: str, domain: str) -> None:
        """Write what the application reads of one catalogue."""
        source = catalogues.catalogue(language, domain)
        mo = catalogues.compiled(source)
        self.put(source.with_suffix(".mo"), mo)
        if domain == "djangojs":
            name = f"locale/{language}/LC_MESSAGES/{source.name}"
            self.put(catalogues.script(language), catalogues.module(mo, name).encode())

    def put(self, path: Path, content: bytes) -> None:
        """Write a file if that changes it, and say so."""
        if catalogues.write(path, content):
            self.stdout.write(str(path))
