"""The page with two columns, and the saving of a column's draft."""

from dataclasses import asdict
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from pydantic import ValidationError

from accounts.models import User
from accounts.permissions import admin_required
from chat.errors import ChatError
from chat.events import MAX_QUESTION_CHARS
from chat.forms import AnswerSettingsForm
from chat.models import MAX_PASSAGES, STEP_NAMES, Assistant, AssistantVersion, LanguageModel
from documents.models import DataSource
from playground.schemas import SaveIn
from playground.services import draft_save
from playground.views.edges import invalid_settings


@admin_required
@never_cache
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Two columns, each a version or a draft, and one question for both."""
    assistants = Assistant.objects.prefetch_related("versions__sources", "versions__model").select_related("published")
    data = {
        "assistants": [_assistant(row) for row in assistants],
        "models": [{"id": row.pk, "name": row.name, "kind": row.kind} for row in LanguageModel.objects.all()],
        "sources": [{"id": str(row.pk), "name": row.name} for row in DataSource.objects.listed()],
        "step_names": {name: str(words) for name, words in STEP_NAMES.items()},
        "max_passages": MAX_PASSAGES,
        "max_question_chars": MAX_QUESTION_CHARS,
    }
    columns = [
        {"name": name, "title": title, "settings": AnswerSettingsForm(auto_id=f"{name}-%s")}
        for name, title in (("a", _("Left")), ("b", _("Right")))
    ]
    return render(request, "playground/index.html", {"playground": data, "columns": columns})


@admin_required
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Save a column's draft as the next version; JSON in, JSON out."""
    try:
        body = SaveIn.model_validate_json(request.body)
        version = draft_save(user=cast(User, request.user), config=body.config, note=body.note, publish=body.publish)
    except ValidationError as error:
        return invalid_settings(error)
    except ChatError as error:
        return JsonResponse({"error": {"code": error.code, "message": error.message}}, status=error.status)
    return JsonResponse(
        {"assistant": body.config.assistant, "version": _version(version), "published": body.publish}, status=201
    )


def _assistant(row: Assistant) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "name": row.name,
        "published": row.published.number if row.published else None,
        "versions": [_version(version) for version in row.versions.all()],
    }


def _version(version: AssistantVersion) -> dict[str, Any]:
    sources = None if version.all_sources else [str(source.pk) for source in version.sources.all()]
    return {
        "number": version.number,
        "system_prompt": version.system_prompt,
        "model": version.model_id,
        "sources": sources,
        "passages": version.passages,
        "threshold": version.threshold,
        **asdict(version.search_settings),
        **asdict(version.question_settings),
        "note": version.note,
    }
