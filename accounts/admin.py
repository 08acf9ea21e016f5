"""Users, groups, tokens and the audit log in Django's admin."""

from typing import ClassVar, TypeVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import APIToken, AuditEntry, User
from accounts.services import audit

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
        (None, {"fields": ("email", "password", "name")}),
        (_("Rights"), {"fields": ("role", "is_active", "groups")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {"classes": ("wide",), "fields": ("email", "name", "role", "usable_password", "password1", "password2")},
        ),
    )

    def save_model(self, request: HttpRequest, obj: User, form: forms.Form, change: bool) -> None:
        """Save and say so in the audit log."""
        super().save_model(request, obj, form, change)
        actor = request.user if isinstance(request.user, User) else None
        action = "user.update" if change else "user.create"
        audit(actor=actor, action=action, target=obj, detail={"fields": sorted(form.changed_data)})

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete and say so in the audit log."""
        actor = request.user if isinstance(request.user, User) else None
        audit(actor=actor, action="user.delete", target=obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
        """Delete many, each with its own entry in the audit log."""
        for user in queryset:
            self.delete_model(request, user)


class ReadOnlyAdmin(admin.ModelAdmin[M]):
    """Rows to look at, not to touch."""

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
