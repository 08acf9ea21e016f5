"""``manage.py prepare``: makes an empty or older installation ready for use. Safe to run at any time, any often."""

import json
import os
import secrets
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from accounts.models import User
from accounts.services import ensure_first_admin
from chat.services.assistants import ensure_defaults
from config.supervision.gate import open_gate
from documents.demo import demo_questions, ensure_demo
from documents.models import DataSource, Document, Status

DATABASE_WAIT_S = 90.0
READY_WAIT_S = 120.0
POLL_S = 0.05
READY_POLL_S = 0.15


class Command(BaseCommand):
    """Migrate, make the first admin, the first assistant and the demo data source."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take ``--wait``: return only when a question can be asked, and say where."""
        parser.add_argument("--wait", action="store_true", help="wait until a question can be asked, and say where")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the database, let the waiting programs go on, fill in what a first start needs."""
        wait_for_database()
        call_command("migrate", interactive=False, verbosity=0)
        open_gate("prepared")
        admin, who = self.first_admin()
        ensure_defaults(
            llm_base_url=settings.LLM_BASE_URL,
            llm_api_key=settings.LLM_API_KEY,
            llm_model=settings.LLM_MODEL,
            suggestions=demo_questions(),
        )
        demo = ensure_demo(admin=admin)
        if options["wait"]:
            deadline = time.monotonic() + READY_WAIT_S
            wait_until_ready(deadline)
            self.wait_for_documents(demo, deadline)
            open_gate("ready")
            self.stdout.write(f"Ready: {settings.PUBLIC_URL}")
            self.stdout.write(who)

    def first_admin(self) -> tuple[User, str]:
        """Make the first admin unless there is one; return an admin and the line that says who can sign in."""
        password_file: Path = settings.DATA_DIR / "admin-password"
        password = settings.ADMIN_PASSWORD or stored_password(password_file)
        admin, made = ensure_first_admin(email=settings.ADMIN_EMAIL, password=password)
        if made and settings.ADMIN_PASSWORD:
            password_file.unlink(missing_ok=True)
        if password_file.exists():
            return admin, f"Sign in as {admin.email} with the password in {password_file}"
        return admin, f"Sign in as {admin.email}"

    def wait_for_documents(self, source: DataSource | None, deadline: float) -> None:
        """Return once every document of ``source`` is indexed or has failed; say what is left when time is up."""
        unfinished = Document.objects.filter(source=source).exclude(status__in=[Status.READY, Status.FAILED])
        while source is not None and unfinished.exists():
            if time.monotonic() > deadline:
                self.stderr.write(f"{unfinished.count()} documents of the demo are still being read.")
                return
            time.sleep(READY_POLL_S)


def stored_password(path: Path) -> str:
    """Return the password in ``path``; make one first, readable by its owner alone.

    It is written before the admin is made, so that a start broken off in between loses nothing.
    """
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(12) + "\n")
    return path.read_text(encoding="ascii").strip()


def wait_for_database() -> None:
    """Return once PostgreSQL answers; CommandError after DATABASE_WAIT_S seconds."""
    deadline = time.monotonic() + DATABASE_WAIT_S
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if time.monotonic() > deadline:
                raise CommandError(
                    f"PostgreSQL does not answer: {str(error).strip()}. Check DATABASE_URL, or the log of postgres."
                ) from error
            time.sleep(POLL_S)
        else:
            return


def wait_until_ready(deadline: float) -> None:
    """Return once /health/ready answers 200; CommandError with what is missing when time is up."""
    # Ourselves: a proxy from the environment has no business here.
    opener = build_opener(ProxyHandler({}))
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.HOST, settings.HOST)  # noqa: S104 - replaced
    address = f"http://{host}:{settings.PORT}/health/ready"
    missing = "The web process does not answer."
    while time.monotonic() < deadline:
        try:
            with opener.open(address, timeout=5):
                return
        except URLError as error:
            body = getattr(error, "fp", None)
            if body is not None:
                missing = " ".join(json.loads(body.read()).get("missing", []))
        except (OSError, ValueError):
            missing = "The web process does not answer."
        time.sleep(READY_POLL_S)
    raise CommandError(f"Not ready after {READY_WAIT_S:.0f} s. {missing}")
