"""What lets a browser install Footnote: its manifest, its service worker, and the page that is shown without a network.

All three are for everybody, since browsers fetch them without a cookie, and hold no data.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

WORKER = Path(settings.STATIC_SOURCE) / "js" / "service_worker.js"
PAPER = "#faf9f5"
INK = "#1d2125"


@require_GET
def manifest(request: HttpRequest) -> JsonResponse:
    """Name, icons and colours of the installed application."""
    icons: list[dict[str, Any]] = [
        {"src": static(f"img/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any"}
        for size in (192, 512)
    ]
    icons.append(
        {"src": static("img/icon-maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"}
    )
    body = {
        "id": "/",
        "name": "Footnote",
        "short_name": "Footnote",
        "description": _("Chat with your company's documents; every sentence carries a footnote."),
        "lang": get_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": icons,
    }
    return JsonResponse(body, content_type="application/manifest+json")


@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker, told where this version's static files lie; asked for anew each time, so that a new one is found."""
    # While files change under one address, none of them may be kept.
    kept = "" if settings.DEBUG else settings.STATIC_URL
    head = f'const STATIC = "{kept}";\nconst OFFLINE = "{reverse("offline")}";\n'
    response = HttpResponse(head + WORKER.read_text(encoding="utf-8"), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """What is shown in place of any page while there is no connection."""
    response = render(request, "offline.html")
    response["Cache-Control"] = "no-cache"
    return response
