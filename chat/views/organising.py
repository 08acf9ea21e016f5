"""What one does with conversations and folders in the sidebar; each answers in JSON."""

from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from chat.errors import ChatError
from chat.models import Conversation, Folder
from chat.services import organising
from chat.views.refusals import refusing


@login_required
@require_POST
@refusing
def move(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Put a conversation into the folder ``folder``, an empty one for outside of all."""
    folder_id = _folder_id(request.POST.get("folder", ""))
    moved = organising.conversation_move(user=_user(request), conversation_id=conversation_id, folder_id=folder_id)
    return _told(moved)


@login_required
@require_POST
@refusing
def pin(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Keep a conversation on top, or no longer: ``on``."""
    is_pinned = _is_on(request)
    return _told(organising.conversation_pin(user=_user(request), conversation_id=conversation_id, is_pinned=is_pinned))


@login_required
@require_POST
@refusing
def archive(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Put a conversation into the archive, or back: ``on``."""
    user, is_archived = _user(request), _is_on(request)
    return _told(organising.conversation_archive(user=user, conversation_id=conversation_id, is_archived=is_archived))


@login_required
@require_POST
@refusing
def folder_new(request: HttpRequest) -> HttpResponse:
    """Make a folder of this ``name``."""
    return _folder(organising.folder_create(user=_user(request), name=request.POST.get("name", "")), 201)


@login_required
@require_POST
@refusing
def folder_rename(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Give a folder another ``name``."""
    name = request.POST.get("name", "")
    return _folder(organising.folder_rename(user=_user(request), folder_id=folder_id, name=name))


@login_required
@require_POST
@refusing
def folder_open(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """List what is in a folder, or its name alone: ``on``."""
    return _folder(organising.folder_open(user=_user(request), folder_id=folder_id, is_open=_is_on(request)))


@login_required
@require_POST
@refusing
def folder_delete(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Delete a folder; its conversations stay."""
    organising.folder_delete(user=_user(request), folder_id=folder_id)
    return HttpResponse(status=204)


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _is_on(request: HttpRequest) -> bool:
    value = request.POST.get("on", "true")
    if value not in ("true", "false"):
        raise ChatError("invalid_value", _("It is not clear what shall be done. Load the page again."), 422)
    return value == "true"


def _folder_id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise ChatError("invalid_value", _("It is not clear what shall be done. Load the page again."), 422) from error


def _told(row: Conversation) -> JsonResponse:
    return JsonResponse(
        {
            "id": str(row.pk),
            "folder": str(row.folder_id) if row.folder_id else None,
            "pinned": row.pinned_at is not None,
            "archived": row.archived_at is not None,
        }
    )


def _folder(folder: Folder, status: int = 200) -> JsonResponse:
    return JsonResponse({"id": str(folder.pk), "name": folder.name, "open": folder.is_open}, status=status)
