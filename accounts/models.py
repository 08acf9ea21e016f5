"""Rows: users with a role, API tokens kept as digests, the audit log."""

import hashlib
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do; each role includes the ones before it."""

    MEMBER = "member", _("Member: asks questions")
    EDITOR = "editor", _("Editor: uploads documents and keeps data sources")
    ADMIN = "admin", _("Admin: does everything")


def languages() -> list[tuple[str, str]]:
    """The languages that the pages have. A function, so that one more of them is no migration."""
    return [(code, str(name)) for code, name in settings.LANGUAGES]


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save a new user; without a password the account can only be entered through another provider."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save a new admin; Django's ``createsuperuser`` calls this."""
        return self.create_user(email, password, **{**fields, "role": Role.ADMIN})

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user whatever the case of the address."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who can sign in. The e-mail address is the name to sign in with."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    is_active = models.BooleanField(_("active"), default=True)
    language = models.CharField(_("language"), max_length=10, blank=True, choices=languages)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("email",)

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep Django's own superuser flag in step with the role, the one place where rights are decided."""
        self.is_superuser = self.is_admin
        super().save(*args, **kwargs)

    @property
    def is_admin(self) -> bool:
        """Edits assistants, models, people and every data source."""
        return self.role == Role.ADMIN

    @property
    def is_editor(self) -> bool:
        """Uploads documents and keeps data sources; admins do too."""
        return self.role in (Role.EDITOR, Role.ADMIN)

    @property
    def is_staff(self) -> bool:
        """May enter Django's admin."""
        return self.is_admin


class Scope(models.TextChoices):
    """What an API token may do, never more than its user."""

    READ = "read", _("Read: search, ask, list documents")
    WRITE = "write", _("Write: upload and delete documents")
    ADMIN = "admin", _("Admin: data sources, assistants, models")


def token_digest(token: str) -> str:
    """SHA-256 of a token in hex. A token holds 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


class APITokenQuerySet(models.QuerySet["APIToken"]):
    """Reads of API tokens."""

    def usable(self) -> "APITokenQuerySet":
        """Tokens neither revoked nor expired, of users who may still sign in."""
        unexpired = models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=timezone.now())
        return self.filter(unexpired, revoked_at__isnull=True, user__is_active=True)

    def for_token(self, token: str) -> "APITokenQuerySet":
        """The usable row of this token, if there is one."""
        return self.usable().filter(digest=token_digest(token)).select_related("user")


class APIToken(models.Model):
    """A key for the API. The token itself is shown once and never stored."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope))
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = APITokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"


class AuditEntry(models.Model):
    """One thing somebody did. Written in the transaction of the deed; never changed."""

    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    actor_email = models.CharField(max_length=254)
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=60)
    target_name = models.CharField(max_length=250)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.actor_email} {self.action} {self.target_name}"
