"""Links to conversations: the dialog that makes and revokes them, and the page that one leads to."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from chat.errors import ChatError
from chat.models import SharedLink
from chat.services import sharing
from chat.services.conversations import conversation_of


@login_required
@never_cache
@require_GET
def links(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """JSON ``{"refusal", "links"}``: why the branch that is shown cannot be shared, or null; links that still work."""
    try:
        conversation = conversation_of(cast(User, request.user), conversation_id)
    except ChatError as error:
        raise Http404(error.message) from error
    refusal = sharing.why_not(conversation)
    rows = [_link(row) for row in sharing.live_links(conversation)]
    return JsonResponse({"refusal": refusal.message if refusal else None, "links": rows})


@login_required
@require_POST
def share(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Make a link that works for ``days``; JSON of it with its address, which is told this once."""
    user = cast(User, request.user)
    try:
        link, token = sharing.link_create(user=user, conversation_id=conversation_id, days=_days(request))
    except ChatError as error:
        return _refused(error)
    address = request.build_absolute_uri(reverse("chat:shared", args=[token]))
    return JsonResponse({**_link(link), "address": address})


@login_required
@require_POST
def revoke(request: HttpRequest, link_id: int) -> HttpResponse:
    """Make a link useless at once."""
    try:
        sharing.link_revoke(user=cast(User, request.user), link_id=link_id)
    except ChatError as error:
        return _refused(error)
    return JsonResponse({"id": link_id})


@login_required
@never_cache
@require_GET
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """What a link shows, to be read alone."""
    user = cast(User, request.user)
    try:
        opened = sharing.link_open(user=user, token=token)
    except ChatError as error:
        return _gone(request, error)
    payloads = [each.payload.model_dump(mode="json") for each in opened.messages]
    context = {
        "link": opened.link,
        "token": token,
        "is_own": opened.link.conversation.user_id == user.pk,
        "thread": {
            "messages": payloads,
            "withheld": [str(each.payload.id) for each in opened.messages if each.withheld],
        },
    }
    return render(request, "chat/shared.html", context)


@login_required
@require_POST
def copy(request: HttpRequest, token: str) -> HttpResponse:
    """Begin a conversation of one's own with what the link shows."""
    try:
        made = sharing.link_copy(user=cast(User, request.user), token=token)
    except ChatError as error:
        return _gone(request, error)
    messages.success(request, _("This is your own copy. Ask on."))
    return redirect("chat:conversation", conversation_id=made.pk)


def _days(request: HttpRequest) -> int:
    """What the form asks for; 0, which no link has, for anything that is no number."""
    text = request.POST.get("days", str(sharing.DEFAULT_DAYS))
    return int(text) if text in map(str, sharing.DAYS) else 0


def _link(row: SharedLink) -> dict[str, Any]:
    day = date_format(localtime(row.expires_at), "DATETIME_FORMAT")
    opened = ngettext("opened %(n)d time", "opened %(n)d times", row.opened) % {"n": row.opened}
    return {
        "id": row.pk,
        "made": _("Made on %(day)s") % {"day": date_format(localtime(row.created_at), "DATE_FORMAT")},
        "expires": _("works until %(day)s") % {"day": day},
        "opened": opened if row.opened else _("not opened yet"),
    }


def _refused(error: ChatError) -> HttpResponse:
    return JsonResponse({"error": {"code": error.code, "message": error.message}}, status=error.status)


def _gone(request: HttpRequest, error: ChatError) -> HttpResponse:
    return render(request, "chat/shared_gone.html", {"message": error.message}, status=error.status)
