"""The installation itself: where its data lies, its address, its apps and pages."""

from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from config.env import SettingError, env

BASE_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "var")
DEBUG = env.boolean("DEBUG", default=False)
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, minimum=1, maximum=65535)
PUBLIC_URL = env.url("PUBLIC_URL", f"http://127.0.0.1:{PORT}", schemes=("http", "https"))

INSTALLED_APPS = [
    "accounts",
    "live",
    "documents",
    "chat",
    "playground",
    "config.apps.WiringConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "channels",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "ninja",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.errors.method_not_allowed_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # In the place of Django's own, which does not know who reads.
    "accounts.languages.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    # Django reads the files of a POST alone.
    "ninja.compatibility.files.fix_request_files_middleware",
]
NINJA_FIX_REQUEST_FILES_METHODS = {"PUT"}

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "chat.context_processors.sidebar",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

USE_I18N = True
USE_TZ = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("ar", _("Arabic"))]
# The second corrects words of the packages on our pages.
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "packages"]
FORMAT_MODULE_PATH = ["config.formats"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
TIME_ZONE = env.time_zone("TZ", "UTC")

# The first run makes these, and nothing overwrites them later.
ADMIN_EMAIL = env.text("ADMIN_EMAIL", "admin@example.com")
ADMIN_PASSWORD = env.secret("ADMIN_PASSWORD")
LLM_BASE_URL = env.url("LLM_BASE_URL", schemes=("http", "https"))
LLM_API_KEY = env.secret("LLM_API_KEY")
LLM_MODEL = env.text("LLM_MODEL")
if LLM_BASE_URL and not LLM_MODEL:
    raise SettingError("LLM_MODEL", "LLM_BASE_URL is set but no model is named. Set LLM_MODEL as well.")
# Whoever sets the server's address means it to be called, wherever it stands.
OUTBOUND_ALLOW_PRIVATE = [*env.hosts("OUTBOUND_ALLOW_PRIVATE"), *filter(None, [urlsplit(LLM_BASE_URL).hostname])]

# What the connector of folders may read; nothing without it.
FOLDER_ROOTS = env.folders("FOLDER_ROOTS")
