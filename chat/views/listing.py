"""Lists of conversations: the sidebar's, drawn anew or further down, the archive, and what a search finds."""

from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import User
from chat.errors import ChatError
from chat.models import Conversation
from chat.models.conversation_search import Hit, search_conversations
from chat.models.sidebar import PAGE, folder_page, groups_by_day, loose_page, page_of, sidebar_of, zone_of
from chat.models.words import Marked
from chat.services.organising import folder_of
from chat.views.refusals import refusing

ZONE_COOKIE = "timezone"
ARCHIVE_PAGE = 50
RECENT = 8


@login_required
@never_cache
@require_GET
def sidebar(request: HttpRequest) -> HttpResponse:
    """The sidebar's list as it is now, with the first ``shown`` of those that stand by day."""
    shown = request.GET.get("shown", "")
    listed = sidebar_of(_user(request), _zone(request), int(shown) if shown.isdecimal() and len(shown) < 7 else PAGE)
    return render(request, "chat/_conversations.html", {"listed": listed})


@login_required
@never_cache
@require_GET
@refusing
def more(request: HttpRequest) -> HttpResponse:
    """What follows in the sidebar after ``cursor``: in ``folder``, else of those that stand by day."""
    user, folder_id, cursor = _user(request), _folder_id(request), request.GET.get("cursor", "")
    if folder_id is not None:
        folder = folder_of(user, folder_id)
        page = folder_page(user, folder, cursor)
        return render(request, "chat/_conversation_rows.html", {"page": page, "folder": folder})
    page = loose_page(user, cursor)
    groups = groups_by_day(page.rows, _zone(request))
    return render(request, "chat/_conversation_groups.html", {"groups": groups, "cursor": page.cursor})


@login_required
@never_cache
@require_GET
def archive(request: HttpRequest) -> HttpResponse:
    """The conversations in the archive, the one that came last first."""
    rows = Conversation.objects.visible_to(_user(request)).archived().select_related("folder")
    try:
        page = page_of(rows, "archived_at", request.GET.get("cursor", ""), ARCHIVE_PAGE)
    except ChatError:
        # A link that was cut off: the beginning is better than an error.
        page = page_of(rows, "archived_at", "", ARCHIVE_PAGE)
    is_first = not request.GET.get("cursor")
    return render(request, "chat/archive.html", {"page": page, "zone": zone_of(_zone(request)), "is_first": is_first})


@login_required
@never_cache
@require_GET
@refusing
def search(request: HttpRequest) -> HttpResponse:
    """Conversations that hold the words ``q``; without any, the latest ones."""
    user, text = _user(request), request.GET.get("q", "")
    if text.strip():
        return JsonResponse({"results": [_told(hit) for hit in search_conversations(user=user, text=text)]})
    rows = Conversation.objects.visible_to(user).listed()[:RECENT]
    recent = [Hit(row.pk, [(row.title, False)], False, row.updated_at, None, []) for row in rows]
    return JsonResponse({"results": [_told(hit) for hit in recent]})


def _told(hit: Hit) -> dict[str, Any]:
    address = reverse("chat:conversation", args=[hit.id])
    return {
        **asdict(hit),
        "title": _pieces(hit.title),
        "excerpt": _pieces(hit.excerpt),
        "url": f"{address}#message-{hit.message_id}" if hit.message_id else address,
    }


def _pieces(found: Marked) -> list[dict[str, Any]]:
    return [{"text": text, "match": is_match} for text, is_match in found]


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _zone(request: HttpRequest) -> str:
    return request.COOKIES.get(ZONE_COOKIE, "")


def _folder_id(request: HttpRequest) -> UUID | None:
    """The folder asked for; one that is no id is none of anybody's."""
    text = request.GET.get("folder", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        return UUID(int=0)
