"""Writes: the first admin, API tokens, the audit log."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import AccountsError, permission_denied
from accounts.models import APIToken, AuditEntry, Role, Scope, User, token_digest

TOKEN_PREFIX = "fn_"  # noqa: S105 - makes a leaked token easy to find by secret scanners


def audit(*, actor: User | None, action: str, target: models.Model, detail: dict[str, Any] | None = None) -> None:
    """Record that ``actor`` did ``action`` ("document.delete") to ``target``; call it inside the deed's transaction.

    ``detail`` is JSON and never holds a secret. Without an actor the entry is the system's own.
    """
    AuditEntry.objects.create(
        actor=actor,
        actor_email=actor.email if actor else "system",
        action=action,
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        target_name=str(target)[:250],
        detail=detail or {},
    )


def ensure_first_admin(*, email: str, password: str) -> tuple[User, bool]:
    """The first admin, made when no admin exists yet; the flag says whether this call made one."""
    with transaction.atomic():
        admin = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk").first()
        if admin:
            return admin, False
        admin = User.objects.filter(email__iexact=email).first()
        if admin:
            admin.role = Role.ADMIN
            admin.is_active = True
            admin.save()
        else:
            admin = User.objects.create_superuser(email, password, name=_("Admin"))
        audit(actor=None, action="user.first_admin", target=admin)
        return admin, True


def token_create(
    *, user: User, name: str, scopes: Sequence[str], expires_at: datetime | None = None
) -> tuple[APIToken, str]:
    """Make an API token; the second value is the token itself, which cannot be had again.

    Raises AccountsError: ``token_scopes`` for none or unknown scopes, ``token_expired`` for a date in the past,
    ``permission_denied`` when the user may not do what a scope stands for.
    """
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(Scope.values):
        raise AccountsError("token_scopes", _("Choose at least one of the scopes read, write and admin."), 422)
    if (Scope.ADMIN in wanted and not user.is_admin) or (Scope.WRITE in wanted and not user.is_editor):
        raise permission_denied()
    if expires_at and expires_at <= timezone.now():
        raise AccountsError("token_expired", _("Choose an expiry date that lies ahead."), 422)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = APIToken.objects.create(
            user=user,
            name=name.strip()[:100] or _("Unnamed"),
            prefix=token[:9],
            digest=token_digest(token),
            scopes=wanted,
            expires_at=expires_at,
        )
        audit(actor=user, action="token.create", target=row, detail={"scopes": wanted})
    return row, token


def token_revoke(*, user: User, token_id: int) -> None:
    """Make a token of one's own unusable at once; AccountsError ``not_found`` for any other."""
    with transaction.atomic():
        row = APIToken.objects.select_for_update().filter(user=user, pk=token_id).first()
        if row is None:
            raise AccountsError("not_found", _("There is no such token."), 404)
        if row.revoked_at is None:
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at"])
            audit(actor=user, action="token.revoke", target=row)


def language_choose(*, user: User, language: str) -> None:
    """Keep the language that somebody wants to read; empty for what their browser asks for."""
    User.objects.filter(pk=user.pk).update(language=language)
    user.language = language


def default_scopes(user: User) -> list[str]:
    """Every scope that the user's role allows."""
    if user.is_admin:
        return list(Scope.values)
    return [Scope.READ, Scope.WRITE] if user.is_editor else [Scope.READ]
