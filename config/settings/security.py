"""Keys, cookies, hosts and what a page may load."""

from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from config.env import env
from config.keys import stored_key
from config.settings.base import DATA_DIR, PUBLIC_URL

SECRET_KEY = env.secret("SECRET_KEY") or stored_key(DATA_DIR / "secret-key")
# Seals the API keys of models in the database: 32 bytes in URL-safe base64.
ENCRYPTION_KEY = env.secret("ENCRYPTION_KEY") or stored_key(DATA_DIR / "encryption-key")

PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or "localhost"
BEHIND_TLS = PUBLIC_URL.startswith("https://")

ALLOWED_HOSTS = list(dict.fromkeys([PUBLIC_HOST, "localhost", "127.0.0.1", "[::1]", *env.listing("ALLOWED_HOSTS")]))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SECURE = BEHIND_TLS
LANGUAGE_COOKIE_SECURE = BEHIND_TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if BEHIND_TLS else 0
# Nothing but the proxy that ends TLS may set this header; without one it is ignored.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "worker-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
    }
}
