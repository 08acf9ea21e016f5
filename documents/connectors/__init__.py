"""The registry of connectors: each file of this package that has a KIND is one, with its settings, labels and code."""

import os
import pkgutil
import shutil
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import ValidationError

from documents.connectors.base import Connector, ConnectorKind, ConnectorSettings, Surroundings
from documents.errors import DocumentsError
from rag.outbound import OutboundPolicy

__all__ = [
    "CONNECTORS",
    "connector_kind",
    "forget",
    "found_connectors",
    "opened",
    "remembered",
    "settings_error",
    "surroundings",
]


def found_connectors() -> dict[str, ConnectorKind]:
    """The kinds that the files of this package offer, by the names of the files."""
    modules = [import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__)]
    return {
        module.KIND.kind: module.KIND for module in modules if isinstance(getattr(module, "KIND", None), ConnectorKind)
    }


CONNECTORS = found_connectors()


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
        entries = [entry for entry in os.scandir(_folder()) if not entry.name.startswith(".")]
        return [entry.name for entry in entries if entry.stat().st_mtime < oldest]
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
