"""What a data source needs to reach the outside: its settings checked, its secrets kept apart, its schedule."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import ValidationError

from accounts.models import User
from documents.connectors import connector_kind, settings_error
from documents.errors import DocumentsError, permission_denied
from documents.models import DataSource, SourceItem, SourceKind

LONGEST_MINUTES = 60 * 24 * 31


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings that the connector of ``kind`` accepts; ``secrets`` apart, neither shown nor logged."""

    kind: str
    settings: dict[str, Any]
    secrets: dict[str, Any]

    @property
    def values(self) -> dict[str, Any]:
        """All of them, for the connector."""
        return {**self.settings, **self.secrets}

    @property
    def detail(self) -> dict[str, Any]:
        """What the audit log may tell."""
        return {
            "kind": self.kind,
            "settings": self.settings,
            "secrets": sorted(k for k, v in self.secrets.items() if v),
        }


def configured(*, user: User, kind: str, values: Mapping[str, Any], stored: DataSource | None = None) -> Configuration:
    """The configuration that ``values`` make; a secret that is left out stays as it is ``stored``.

    A secret belongs to the place it was given for: it does not follow the settings to another server. Raises
    DocumentsError: ``unknown_kind``, ``permission_denied``, ``invalid_settings``.
    """
    found = connector_kind(kind)
    if found.admins_only and not user.is_admin:
        raise permission_denied()
    names = found.secret_names()
    given = {name: value for name, value in values.items() if name not in names or value not in (None, "")}
    try:
        parsed = found.settings.model_validate(given)
        kept = _stored_secrets(stored, parsed.destination()) if stored is not None else {}
        parsed = found.settings.model_validate({**kept, **given})
    except ValidationError as error:
        raise settings_error(found, error) from error
    everything = parsed.model_dump(mode="json")
    secrets = {name: everything.pop(name) for name in names}
    return Configuration(kind, everything, secrets)


def _stored_secrets(source: DataSource, destination: str) -> dict[str, Any]:
    secrets: dict[str, Any] = json.loads(source.secrets) if source.secrets else {}
    try:
        before = connector_kind(source.kind).settings.model_validate({**source.settings, **secrets})
    except ValidationError:
        return {}
    return secrets if before.destination() == destination else {}


def configure(source: DataSource, configuration: Configuration) -> bool:
    """Put a configuration into the row, unsaved; whether it changes what the source gives."""
    secrets = json.dumps(configuration.secrets) if any(configuration.secrets.values()) else ""
    changes = (source.settings, source.secrets) != (configuration.settings, secrets)
    source.settings, source.secrets = configuration.settings, secrets
    if changes:
        source.cursor = {}
    return changes


def forget_revisions(source: DataSource) -> None:
    """With other settings the same item may give other bytes: all are fetched once more, and compared by hash."""
    SourceItem.objects.filter(source=source).update(revision="", state={})
    source.sync_runs.unfinished().update(stop_requested=True)


def schedule(source: DataSource, minutes: int | None) -> None:
    """Put a schedule into the row, unsaved: every so many minutes from now on, or never.

    Raises DocumentsError ``invalid_schedule``.
    """
    if minutes is not None:
        if source.kind == SourceKind.UPLOAD:
            raise DocumentsError("invalid_schedule", _("Uploads have no schedule. Leave it out."), 422)
        shortest = connector_kind(source.kind).shortest_minutes
        if not shortest <= minutes <= LONGEST_MINUTES:
            message = _("Sync every %(shortest)d to %(longest)d minutes, or not at all.")
            raise DocumentsError("invalid_schedule", message % {"shortest": shortest, "longest": LONGEST_MINUTES}, 422)
    if minutes != source.sync_minutes:
        source.sync_minutes = minutes
        source.next_sync_at = timezone.now() + timedelta(minutes=minutes) if minutes else None
