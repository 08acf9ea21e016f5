"""Addresses of the whole site; each app brings its own."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
]
for app in ("accounts", "documents", "playground", "chat"):
    if find_spec(app) and find_spec(f"{app}.urls"):
        urlpatterns.append(path("account/" if app == "accounts" else "", include(f"{app}.urls")))
