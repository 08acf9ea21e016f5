"""Addresses of the whole site; each app brings its own."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import health, installable
from config.api import api, openai_api

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("manifest.webmanifest", installable.manifest, name="manifest"),
    path("service-worker.js", installable.service_worker, name="service_worker"),
    path("offline/", installable.offline, name="offline"),
    path("api/v1/", api.urls),
    path("v1/", openai_api.urls),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("account/", include("accounts.urls")),
    path("", include("documents.urls")),
    path("", include("playground.urls")),
    path("", include("chat.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.internal"
