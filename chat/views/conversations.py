"""The chat page, and what one does to a conversation from its row in the sidebar."""

import contextlib
import re
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from chat.errors import ChatError
from chat.events import MAX_QUESTION_CHARS, MOST_SCOPE
from chat.models import Assistant, ConversationFiles, Message
from chat.services import conversations
from chat.views.refusals import refusing
from chat.views.welcome import has_first_steps
from documents.models import Document
from documents.services import MOST_FILES

PASSAGE = re.compile(r'<passage number="(\d{1,6})"[^<>]*>')
"""How a prompt begins a passage, with the labels of its document (``rag.prompts``)."""


@login_required
@never_cache
@require_GET
@gzip_page
def page(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """The chat page; its messages come over the socket.

    It is sent compressed, in a length that varies, so that nobody who hears it can guess what it holds.
    """
    user = cast(User, request.user)
    conversation = None
    if conversation_id:
        try:
            conversation = conversations.conversation_of(user, conversation_id)
        except ChatError as error:
            raise Http404(error.message) from error
    assistants = [_assistant(row) for row in Assistant.objects.visible_to(user).select_related("published")]
    slug = conversation.assistant.slug if conversation and conversation.assistant else None
    context = {
        "conversation": conversation,
        "assistants": assistants,
        "chosen": next((each for each in assistants if each["slug"] == slug), assistants[0] if assistants else None),
        "max_question_chars": MAX_QUESTION_CHARS,
        "first_steps": conversation is None and has_first_steps(user),
        "composer": _composer(user, conversation_id, request.GET.get("document", "")),
        "has_documents": Document.objects.visible_to(user).exists(),
    }
    return render(request, "chat/conversation.html", context)


@login_required
@require_POST
@refusing
def rename(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Give a conversation another title."""
    user, title = cast(User, request.user), request.POST.get("title", "")
    row = conversations.conversation_rename(user=user, conversation_id=conversation_id, title=title)
    return JsonResponse({"id": str(row.pk), "title": row.title})


@login_required
@require_POST
@refusing
def delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Delete a conversation; the page asks for it when the time to undo is over."""
    conversations.conversation_delete(user=cast(User, request.user), conversation_id=conversation_id)
    return HttpResponse(status=204)


@login_required
@never_cache
@require_GET
def trace(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """The panel beside an answer: its steps with input, output and time. For whoever asked, and admins."""
    user = cast(User, request.user)
    answers = Message.objects.answers() if user.is_admin else Message.objects.answers().filter(asked_by=user)
    answer = answers.with_sources().prefetch_related("steps").filter(pk=message_id).first()
    if answer is None:
        raise Http404
    steps = list(answer.steps.all())
    visible = set(
        Document.objects.openable_by(user)
        .filter(pk__in=[passage.document_id for passage in answer.passages.all()])
        .values_list("pk", flat=True)
    )
    passages = [passage for passage in answer.passages.all() if passage.document_id in visible]
    longest = max((step.ms for step in steps), default=0.0)
    context = {
        "answer": answer,
        "steps": steps,
        "passages": passages,
        "longest_ms": longest,
        "total_ms": sum(step.ms for step in steps),
        "prompt": _prompt(steps, {passage.rank: passage.quote for passage in passages}),
        "prompt_at": max((step.ordinal for step in steps if step.name == "prompt"), default=None),
    }
    return render(request, "chat/_trace.html", context)


def _composer(user: User, conversation_id: UUID | None, document: str) -> dict[str, Any]:
    """What the composer begins with: its limits, the conversation's files, the document that is to be asked about."""
    kept = ConversationFiles.objects.filter(conversation=conversation_id).values_list("source_id", flat=True)
    files = kept.first() if conversation_id else None
    scope: list[dict[str, str]] = []
    with contextlib.suppress(ValueError):
        wanted = Document.objects.visible_to(user).filter(pk=UUID(document)) if document else []
        scope = [{"kind": "document", "id": str(row.pk), "name": str(row)} for row in wanted]
    return {
        "files": str(files) if files else None,
        "scope": scope,
        "most_files": MOST_FILES,
        "most_scope": MOST_SCOPE,
        "max_mb": settings.MAX_UPLOAD_MB,
        "max_bytes": settings.MAX_UPLOAD_BYTES,
    }


def _assistant(row: Assistant) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "name": row.name,
        "description": row.description,
        "is_default": row.is_default,
        "suggestions": [line.strip() for line in row.suggestions.splitlines() if line.strip()][:6],
    }


def _prompt(steps: list[Any], texts: dict[int, str]) -> list[dict[str, str]]:
    """The prompt as the model got it, with the passages that the reader may see filled in; of others not the title."""
    step = next((step for step in reversed(steps) if step.name == "prompt"), None)
    messages: list[dict[str, str]] = list(step.output.get("messages", [])) if step else []
    filled = []
    for message in messages:
        content = PASSAGE.sub(
            lambda found: found[0] if int(found[1]) in texts else f'<passage number="{found[1]}">', message["content"]
        )
        for rank, text in texts.items():
            content = content.replace(f"{{{{passage {rank}}}}}", text)
        filled.append({"role": message["role"], "content": content})
    return filled
