"""``manage.py reembed``: embed everything again with another model, beside the set that is searched."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents.embedders import active_set
from documents.embeddings_schemas import EmbeddingSetOut
from documents.errors import DocumentsError
from documents.management.people import acting_user, add_user_argument
from documents.models import EmbedderKind, EmbeddingSet, SetState
from documents.services.embeddings import (
    EmbedderChoice,
    embedding_set_begin,
    embedding_set_cancel,
    embedding_set_switch_back,
)

POLL_S = 1.0


class Command(BaseCommand):
    """Begin, list, cancel a set of embeddings, or switch back to one."""

    help = "Embed all passages again with another model; the running worker does it while searches go on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--kind", choices=EmbedderKind.values, default=EmbedderKind.OPENAI.value)
        parser.add_argument("--base-url", default="", metavar="URL", help="of a server that speaks OpenAI's protocol")
        parser.add_argument("--model", default="", help="as the server calls it, or a folder in EMBEDDERS_DIR")
        parser.add_argument("--key-file", type=Path, metavar="FILE", help="holds the server's API key")
        parser.add_argument("--query-prefix", default="", metavar="TEXT", help="put before each question")
        parser.add_argument("--passage-prefix", default="", metavar="TEXT", help="put before each passage")
        parser.add_argument("--name", default="", help="what admins call the set; the model's name without one")
        parser.add_argument("--wait", action="store_true", help="wait until it is searched; status 1 when it is not")
        parser.add_argument("--timeout", type=float, default=86_400, metavar="SECONDS", help="how long to wait; 86400")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--list", action="store_true", help="only print the sets")
        instead.add_argument("--cancel", type=int, metavar="ID", help="stop a build, or remove a set")
        instead.add_argument("--switch-back", type=int, metavar="ID", help="search a set again that is still kept")
        add_user_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the one thing that was asked for."""
        user = acting_user(options["user"])
        active_set()
        if options["list"]:
            for row in EmbeddingSet.objects.all():
                self._print(EmbeddingSetOut.of(row))
            return
        try:
            if options["cancel"] is not None:
                embedding_set_cancel(user=user, set_id=options["cancel"])
                self.stdout.write("The set is being removed.")
                return
            if options["switch_back"] is not None:
                made = embedding_set_switch_back(user=user, set_id=options["switch_back"])
            else:
                made = embedding_set_begin(user=user, choice=_choice(options), name=options["name"])
        except DocumentsError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"Set {made.pk} is being built.")
        if options["wait"]:
            self._wait(made.pk, time.monotonic() + options["timeout"])

    def _wait(self, set_id: int, until: float) -> None:
        while time.monotonic() < until:
            row = EmbeddingSet.objects.filter(pk=set_id).first()
            if row is None or row.state == SetState.RETIRED:
                raise CommandError("The set was cancelled.")
            self._print(EmbeddingSetOut.of(row))
            if row.state == SetState.ACTIVE:
                return
            time.sleep(POLL_S)
        raise CommandError("The time to wait is over; the building goes on.")

    def _print(self, row: EmbeddingSetOut) -> None:
        left = f", about {row.seconds_left} s left" if row.seconds_left is not None else ""
        error = f"  {row.error.message}" if row.error else ""
        self.stdout.write(
            f"{row.id}  {row.name}  {row.state}  {row.done} of {row.total}, {row.dimensions} dimensions{left}{error}"
        )


def _choice(options: dict[str, Any]) -> EmbedderChoice:
    key = ""
    if options["key_file"]:
        try:
            key = options["key_file"].read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['key_file']} cannot be read ({error}).") from error
    return EmbedderChoice(
        options["kind"], options["base_url"], options["model"], key, options["query_prefix"], options["passage_prefix"]
    )
