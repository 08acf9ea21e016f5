"""Pages of one's own account."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import AccountsError
from accounts.forms import TokenForm
from accounts.models import APIToken, User
from accounts.services import token_create, token_revoke


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """One's API tokens, and a form for another; the new token is shown in this one response only."""
    user = cast(User, request.user)
    form = TokenForm(request.POST or None, user=user)
    new_token = None
    if request.method == "POST" and form.is_valid():
        _row, new_token = token_create(user=user, **form.service_arguments())
        form = TokenForm(user=user)
    rows = APIToken.objects.filter(user=user)
    usable = set(rows.usable().values_list("pk", flat=True))
    context = {"tokens": rows, "usable": usable, "form": form, "new_token": new_token}
    return render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def token_revoke_view(request: HttpRequest, token_id: int) -> HttpResponse:
    """Revoke a token of one's own."""
    try:
        token_revoke(user=cast(User, request.user), token_id=token_id)
    except AccountsError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The token no longer works."))
    return redirect("accounts:tokens")
