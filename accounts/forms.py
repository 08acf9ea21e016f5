"""What may come in on the account pages."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Scope, User
from accounts.services import default_scopes

LIFETIMES = (("30", _("30 days")), ("90", _("90 days")), ("365", _("One year")), ("", _("Never")))


class TokenForm(forms.Form):
    """A new API token: its name, what it may do, how long it lives."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What will use it, so that you know it again."))
    scopes = forms.MultipleChoiceField(
        label=pgettext_lazy("what a token may do", "May"), widget=forms.CheckboxSelectMultiple
    )
    lifetime = forms.ChoiceField(label=_("Expires after"), choices=LIFETIMES, required=False, initial="90")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = default_scopes(user)
        choices = [(value, label) for value, label in Scope.choices if value in allowed]
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = choices
        field.initial = [Scope.READ]

    def service_arguments(self) -> dict[str, Any]:
        """Keyword arguments for ``token_create``."""
        days = self.cleaned_data["lifetime"]
        expires_at = timezone.now() + timedelta(days=int(days)) if days else None
        return {"name": self.cleaned_data["name"], "scopes": self.cleaned_data["scopes"], "expires_at": expires_at}
