"""What a page asks for about one answer, when somebody wants to see it."""

from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import User
from chat.events import passage_payloads
from chat.models import Message


@login_required
@never_cache
@require_GET
def passages(request: HttpRequest, message_id: UUID) -> JsonResponse:
    """The passages of an answer in one's own conversations, those of them that one may see now."""
    user = cast(User, request.user)
    answer = Message.objects.visible_to(user).answers().with_sources().filter(pk=message_id).first()
    if answer is None:
        raise Http404
    found = [passage.model_dump(mode="json") for passage in passage_payloads(answer, user)]
    return JsonResponse({"passages": found})
