"""Writes: the prompt library."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from chat.errors import ChatError, not_found
from chat.models import SavedPrompt

MOST_PROMPTS = 500
"""Of one person."""


def prompt_save(*, user: User, prompt: SavedPrompt | None, title: str, text: str, shared: bool) -> SavedPrompt:
    """Keep a prompt, or change one that the user may change; only editors and admins share with everyone.

    ChatError: ``not_found``, ``prompt_empty``, ``prompt_title_taken``, ``too_many_prompts``.
    """
    title, text = " ".join(title.replace("\x00", "").split())[:100], text.replace("\x00", "").strip()
    if not title or not text:
        raise ChatError("prompt_empty", _("A prompt needs a title and a text."), 422)
    try:
        with transaction.atomic():
            row = SavedPrompt(owner=user) if prompt is None else _held(user, prompt.pk)
            if prompt is None and user.prompts.count() >= MOST_PROMPTS:
                message = _("You keep %(most)d prompts already. Delete some first.")
                raise ChatError("too_many_prompts", message % {"most": MOST_PROMPTS}, 409)
            before = row.shared
            row.title, row.text = title, text
            if user.is_editor:
                row.shared = shared
            row.save()
            if row.shared or before:
                audit(actor=user, action="prompt.share" if row.shared else "prompt.unshare", target=row)
            return row
    except IntegrityError as error:
        message = _("There is a prompt with this title already. Choose another one.")
        raise ChatError("prompt_title_taken", message, 409) from error


def prompt_delete(*, user: User, prompt_id: int) -> None:
    """Delete a prompt that the user may change; ChatError ``not_found``."""
    with transaction.atomic():
        row = _held(user, prompt_id)
        if row.shared:
            audit(actor=user, action="prompt.delete", target=row)
        row.delete()


def _held(user: User, prompt_id: int) -> SavedPrompt:
    row = SavedPrompt.objects.editable_by(user).select_for_update(of=("self",)).filter(pk=prompt_id).first()
    if row is None:
        raise not_found(_("prompt"))
    return row
