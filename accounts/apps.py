"""App configuration."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, groups, API tokens and the audit log."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
