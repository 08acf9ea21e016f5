"""``manage.py search "QUERY"``: the passages that answer, best first."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents.management.people import acting_user, add_user_argument
from documents.models import DataSource
from documents.rerankers import is_reranker
from documents.retrieval import (
    DEFAULT,
    FUSIONS,
    MAX_CANDIDATES,
    MAX_PASSAGES,
    RERANKERS,
    Retrieval,
    SearchSettings,
    search,
)
from documents.schemas import SearchOut

SETTINGS: tuple[tuple[str, type, str], ...] = (
    ("fusion", str, ", ".join(FUSIONS)),
    ("dense_weight", float, "weight of meaning where scores are added, 0 to 1"),
    ("candidates", int, f"passages taken from each side, 1 to {MAX_CANDIDATES}"),
    ("reranker", str, ", ".join(RERANKERS)),
    ("rerank_depth", int, f"passages to rerank, 1 to {MAX_CANDIDATES}"),
)
"""The settings of a search: name, type, and what may be said."""


class Command(BaseCommand):
    """Search the documents that a person may see."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("query")
        parser.add_argument("-k", type=int, default=8, metavar="N", help="passages to show; 8")
        parser.add_argument("--source", metavar="NAME", help="search in this data source only")
        for name, kind, values in SETTINGS:
            option = f"--{name.replace('_', '-')}"
            default = getattr(DEFAULT, name)
            parser.add_argument(option, type=kind, default=default, metavar="VALUE", help=f"{values}; {default}")
        parser.add_argument("--json", action="store_true", help="print what the API gives")
        add_user_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Search and print."""
        user = acting_user(options["user"])
        if not options["query"].strip():
            raise CommandError("The question is empty.")
        if not 1 <= options["k"] <= MAX_PASSAGES:
            raise CommandError(f"-k must be 1 to {MAX_PASSAGES}.")
        sources = None
        if options["source"]:
            source = DataSource.objects.visible_to(user).named(options["source"])
            if source is None:
                raise CommandError(f"There is no data source {options['source']}.")
            sources = [source.pk]
        try:
            settings = SearchSettings(**{name: options[name] for name, _kind, _values in SETTINGS})
        except ValueError as error:
            raise CommandError(f"{error}.") from error
        if not is_reranker(settings.reranker):
            raise CommandError(f"There is no reranker {settings.reranker}.")
        found = search(user=user, query=options["query"], limit=options["k"], sources=sources, settings=settings)
        if options["json"]:
            payload = SearchOut.of(found).model_dump(mode="json")
            self.stdout.write(json.dumps(payload, ensure_ascii=False, indent=2))
        else:
            self._print(found)

    def _print(self, found: Retrieval) -> None:
        for number, passage in enumerate(found.passages, start=1):
            place = f", page {passage.page}" if passage.page else ""
            heading = f" · {passage.heading}" if passage.heading else ""
            self.stdout.write(f"{number}. {passage.title} ({passage.filename}{place}){heading}  {passage.score:.3f}")
            read = passage.text if passage.edited_text is None else f"(edited) {passage.edited_text}"
            self.stdout.write("   " + " ".join(read.split()))
        count = len(found.passages)
        noun = "passage" if count == 1 else "passages"
        self.stdout.write(f"{count} {noun} in {sum(step.ms for step in found.steps):.0f} ms")
