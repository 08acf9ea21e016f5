"""Pages by role. A page one may not see does not exist for one."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import User

View = Callable[..., HttpResponse]


def _role_required(view: View, allowed: Callable[[User], bool]) -> View:
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not isinstance(request.user, User) or not allowed(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(checked)


def admin_required(view: View) -> View:
    """For admins; others get 404, strangers the sign-in page."""
    return _role_required(view, lambda user: user.is_admin)


def editor_required(view: View) -> View:
    """For editors and admins; others get 404, strangers the sign-in page."""
    return _role_required(view, lambda user: user.is_editor)
