"""Pages of one's own account."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import AccountsError
from accounts.forms import TokenForm
from accounts.languages import keep_in_browser
from accounts.models import APIToken, User
from accounts.services import language_choose, token_create, token_revoke


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Choose the language of all pages, and go back to the one where it was chosen; for everybody.

    Who is signed in finds the choice on other devices too, and this browser keeps it when they leave.
    """
    chosen = request.POST.get("language", "")
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    response = redirect(wanted if is_ours else "/")
    if chosen in dict(settings.LANGUAGES):
        if isinstance(request.user, User):
            language_choose(user=request.user, language=chosen)
        keep_in_browser(response, chosen)
    return response


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
