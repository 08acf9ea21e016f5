"""Users, groups, tokens and the audit log in Django's admin."""

import json
from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db import models
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import APIToken, AuditEntry, User

DEEDS = {ADDITION: "admin.create", CHANGE: "admin.update", DELETION: "admin.delete"}

M = TypeVar("M", bound=models.Model)


class UserCreationForm(AdminUserCreationForm[User]):
    """A new user: address, name, role, password."""

    class Meta:
        model = User
        fields = ("email", "name", "role")


@admin.register(User)
class PeopleAdmin(UserAdmin[User]):
    """People, by e-mail address; rights come from the role and the groups alone."""

    add_form = UserCreationForm
    list_display = ("email", "name", "role", "is_active", "last_login")
    list_filter = ("role", "is_active", "groups")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ("groups",)
    readonly_fields = ("date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "language")}),
        (_("Rights"), {"fields": ("role", "is_active", "groups")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {"classes": ("wide",), "fields": ("email", "name", "role", "usable_password", "password1", "password2")},
        ),
    )


class ReadOnlyAdmin(admin.ModelAdmin[M]):
    """Rows to look at, not to touch."""

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> list[str]:
        """All fields, so that no form is made of them."""
        hidden = set(self.exclude or ())
        return [field.name for field in self.model._meta.fields if field.name not in hidden]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds these by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody changes these by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody deletes these by hand."""
        return False


@admin.register(APIToken)
class APITokenAdmin(ReadOnlyAdmin[APIToken]):
    """Who holds tokens, and when they were last used."""

    list_display = ("prefix", "name", "user", "scopes", "expires_at", "revoked_at", "last_used_at")
    search_fields = ("name", "user__email")
    exclude: ClassVar[tuple[str, ...]] = ("digest",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    """Everything that was done, newest first."""

    list_display = ("at", "actor_email", "action", "target_type", "target_name")
    list_filter = ("action", "target_type")
    search_fields = ("actor_email", "target_name", "target_id")
    date_hierarchy = "at"


@receiver(post_save, sender=LogEntry)
def audit_admin(sender: type[LogEntry], instance: LogEntry, created: bool, **_signal: Any) -> None:
    """Everything done in Django's admin, to whatever model, stands in the audit log too."""
    if not created:
        return
    kind = instance.content_type
    AuditEntry.objects.create(
        actor_id=instance.user_id,
        actor_email=User.objects.filter(pk=instance.user_id).values_list("email", flat=True).first() or "",
        action=DEEDS[instance.action_flag],
        target_type=f"{kind.app_label}.{kind.model}" if kind else "",
        target_id=instance.object_id or "",
        target_name=instance.object_repr[:250],
        detail={"fields": _fields(instance)},
    )


def _fields(entry: LogEntry) -> list[str]:
    """The fields that an entry says were changed."""
    try:
        changes = json.loads(entry.change_message or "[]")
    except ValueError:
        return []
    found = {field for change in changes for deed in change.values() for field in deed.get("fields", [])}
    return sorted(found)
