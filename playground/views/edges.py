"""What the views of the playground share: how wrong settings are told."""

from django.http import JsonResponse
from django.utils.translation import gettext as _
from pydantic import ValidationError


def invalid_settings(error: ValidationError) -> JsonResponse:
    """A 422 that names the settings which are wrong."""
    fields = ", ".join(str(problem["loc"][-1]) for problem in error.errors() if problem["loc"])
    message = _("Check these settings: %(fields)s.") % {"fields": fields}
    return JsonResponse({"error": {"code": "invalid_settings", "message": message}}, status=422)
