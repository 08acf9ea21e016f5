"""``manage.py ask "QUESTION"``: answer a question on the command line, with its footnotes."""

import asyncio
import json
import sys
from argparse import ArgumentParser
from typing import Any

from channels.db import database_sync_to_async
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Role, User
from chat.errors import ChatError
from chat.events import AnswerDelta, AnswerStep, ChatEvent, MessagePayload, message_payload
from chat.schemas import answer_out
from chat.services import asking, running
from live.hub import current_hub


class Command(BaseCommand):
    """Ask a question; the answer streams, its citations follow as footnotes."""

    help = "Ask a question. Exit status 0 for an answer, 3 when the documents do not answer, 1 for a failure."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("question")
        parser.add_argument("--assistant", help="slug of the assistant; default: the default assistant")
        parser.add_argument("--user", help="e-mail of the user to ask as; default: the first admin")
        parser.add_argument("--json", action="store_true", help="print the answer as the API gives it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask and print."""
        user = _user(options["user"])
        try:
            payload = asyncio.run(self._ask(user, options))
        except ChatError as error:
            raise CommandError(error.message) from error
        if payload.status == "failed" and payload.error:
            raise CommandError(payload.error.message)
        if options["json"]:
            self.stdout.write(json.dumps(answer_out(payload).model_dump(mode="json"), ensure_ascii=False, indent=2))
        else:
            self._print_footnotes(payload)
        if payload.status == "refused":
            sys.exit(3)

    async def _ask(self, user: User, options: dict[str, Any]) -> MessagePayload:
        ask = database_sync_to_async(asking.question_ask_once)
        begun = await ask(user=user, slug=options["assistant"], text=options["question"])

        async def show(event: ChatEvent) -> None:
            if options["json"]:
                return
            if isinstance(event, AnswerStep) and self.stderr.isatty():
                self.stderr.write(f"\r{event.step.name} {event.step.ms:.0f} ms ", ending="")
            elif isinstance(event, AnswerDelta):
                if event.offset == 0 and self.stderr.isatty():
                    self.stderr.write("\r\033[K", ending="")
                self.stdout.write(event.text, ending="")
                self.stdout.flush()

        try:
            row = await running.answer_once(begun, show)
            return await database_sync_to_async(message_payload)(row, user)
        finally:
            await current_hub().close()

    def _print_footnotes(self, payload: MessagePayload) -> None:
        self.stdout.write("")
        seen = set()
        for citation in payload.citations:
            if citation.number in seen:
                continue
            seen.add(citation.number)
            page = f", page {citation.page}" if citation.page else ""
            quote = " ".join(citation.quote.split())
            self.stdout.write(f"[{citation.number}] {citation.title}{page}: “{quote}”")


def _user(email: str | None) -> User:
    if email:
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no user {email}.")
        return user
    admin = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk").first()
    if admin is None:
        raise CommandError("There is no admin yet. Start Footnote once with make up.")
    return admin
