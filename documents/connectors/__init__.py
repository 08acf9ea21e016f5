"""The registry of connectors: one file each, which holds its settings, its labels and its code."""

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import ValidationError

from documents.connectors import folder, git, notion, postgres, s3, website
from documents.connectors.base import Connector, ConnectorKind, ConnectorSettings, Surroundings
from documents.errors import DocumentsError
from rag.outbound import OutboundPolicy

__all__ = ["CONNECTORS", "connector_kind", "forget", "opened", "remembered", "settings_error", "surroundings"]

CONNECTORS: dict[str, ConnectorKind] = {
    each.kind: each for each in (folder.KIND, website.KIND, git.KIND, s3.KIND, postgres.KIND, notion.KIND)
}


def connector_kind(kind: str) -> ConnectorKind:
    """The connector of this name; DocumentsError ``unknown_kind``."""
    if kind not in CONNECTORS:
        raise DocumentsError("unknown_kind", _("There is no such kind of data source. Choose one of the list."), 422)
    return CONNECTORS[kind]


def surroundings(key: str) -> Surroundings:
    """What the connector of the source with this key may use."""
    policy = OutboundPolicy(allow=tuple(settings.OUTBOUND_ALLOW_PRIVATE))
    return Surroundings(policy, _folder() / key, settings.MAX_UPLOAD_BYTES)


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "sync"


def forget(key: str) -> None:
    """Remove what the connector of the source with this key left on this machine."""
    shutil.rmtree(_folder() / key, ignore_errors=True)


def remembered() -> list[str]:
    """The keys of sources whose connectors left something on this machine more than an hour ago."""
    oldest = time.time() - 3600
    try:
        return [entry.name for entry in os.scandir(_folder()) if entry.stat().st_mtime < oldest]
    except FileNotFoundError:
        return []


def opened(kind: str, values: Mapping[str, Any], key: str) -> Connector:
    """The connector of a source, ready for one step; ``values`` are its settings with the secrets among them.

    Raises DocumentsError ``unknown_kind`` or ``invalid_settings``.
    """
    found = connector_kind(kind)
    try:
        parsed: ConnectorSettings = found.settings.model_validate(dict(values))
    except ValidationError as error:
        raise settings_error(found, error) from error
    return found.open(parsed, surroundings(key))


def settings_error(kind: ConnectorKind, error: ValidationError) -> DocumentsError:
    """What is wrong with settings, in one sentence that names the fields and none of their values."""
    labels = kind.labels()
    problems = []
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(each["loc"][0]) if each["loc"] else ""
        label = str(labels[name].text) if name in labels else name
        problems.append(f"{label}: {each['msg'].removeprefix('Value error, ')}" if label else each["msg"])
    message = _("The settings cannot be used. %(problems)s") % {"problems": "; ".join(problems)[:400]}
    return DocumentsError("invalid_settings", message, 422)
