"""What one does with an answer: say whether it helped, see what it read and what could be asked next."""

from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from chat.answering.suggesting import suggestions_after
from chat.errors import ChatError
from chat.events import feedback_payload, passage_payloads
from chat.forms import FeedbackForm
from chat.models import Message
from chat.services.feedback import feedback_give, feedback_take_back


@login_required
@require_POST
def feedback(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Say whether an answer helped, in place of what was said before; an empty ``verdict`` takes it back."""
    user = cast(User, request.user)
    form = FeedbackForm(request.POST)
    said = None
    try:
        if form.is_valid() and not form.cleaned_data["verdict"]:
            feedback_take_back(user=user, message_id=message_id)
        elif form.is_valid():
            said = feedback_give(
                user=user,
                message_id=message_id,
                is_good=form.cleaned_data["verdict"] == "good",
                reason=form.cleaned_data["reason"],
                comment=form.cleaned_data["comment"],
            )
        else:
            raise ChatError("invalid", " ".join(str(each) for errors in form.errors.values() for each in errors), 422)
    except ChatError as error:
        return JsonResponse({"error": {"code": error.code, "message": error.message}}, status=error.status)
    payload = feedback_payload(said)
    return JsonResponse({"feedback": payload.model_dump() if payload else None})


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


@login_required
@never_cache
@require_GET
def suggestions(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Up to three questions that the passages of an answer could answer next."""
    user = cast(User, request.user)
    answer = Message.objects.visible_to(user).answers().filter(pk=message_id).first()
    if answer is None:
        raise Http404
    return JsonResponse({"questions": suggestions_after(answer, user)})
