"""Files: uploads, the kept originals, and what the browser loads."""

from importlib.metadata import version

from config.env import env
from config.settings.base import BASE_DIR, DATA_DIR, DEBUG
from config.static_files import content_version

MAX_UPLOAD_MB = env.integer("MAX_UPLOAD_MB", 200, minimum=1, maximum=100_000)
MAX_UPLOAD_BYTES = MAX_UPLOAD_MB * 2**20

MEDIA_ROOT = DATA_DIR / "files"
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "uploads"
FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
DATA_UPLOAD_MAX_NUMBER_FILES = 100

STATIC_SOURCE = BASE_DIR / "static"
STATICFILES_DIRS = [STATIC_SOURCE]
# The browser keeps a file for good; a change in any gives all of them new addresses.
STATIC_VERSION = "changing" if DEBUG else content_version(STATIC_SOURCE, version("django"), version("django-ninja"))
STATIC_URL = f"/static/{STATIC_VERSION}/"
# Optional: `manage.py collectstatic` puts compressed copies there. Without them the files are served as they are.
STATIC_ROOT = BASE_DIR / "staticfiles" / STATIC_VERSION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedStaticFilesStorage",
        # Anybody may read these, unlike the originals: the image's user does not own them.
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
