"""The servers behind the application: PostgreSQL, Valkey and Celery."""

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from kombu import Queue

from config.embedded.postgres import DATABASE, USER
from config.embedded.sockets import postgres_socket_folder, valkey_socket
from config.env import env
from config.settings.base import DATA_DIR

DATABASE_URL = env.secret_url("DATABASE_URL", schemes=("postgres", "postgresql"))
REDIS_URL = env.secret_url("REDIS_URL", schemes=("redis", "rediss", "unix"))
EMBEDDED_DATABASE = not DATABASE_URL
EMBEDDED_VALKEY = not REDIS_URL
if EMBEDDED_VALKEY:
    REDIS_URL = f"unix://{valkey_socket(DATA_DIR)}?db=0"

# Connections a process keeps open and shares among its requests; the web process asks for some, others do not.
DATABASE_POOL_SIZE = env.integer("DATABASE_POOL_SIZE", 0, minimum=0, maximum=500)


def database(url: str) -> dict[str, Any]:
    """Return Django's description of the database at ``url``; the embedded one for an empty string."""
    described: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "CONN_HEALTH_CHECKS": True}
    options: dict[str, Any] = {"connect_timeout": 5}
    if url:
        parts = urlsplit(url)
        options |= dict(parse_qsl(parts.query))
        described |= {
            "NAME": unquote(parts.path.lstrip("/")) or "footnote",
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": options.pop("host", None) or parts.hostname or "",
            "PORT": str(options.pop("port", None) or parts.port or ""),
        }
    else:
        described |= {"NAME": DATABASE, "USER": USER, "HOST": str(postgres_socket_folder(DATA_DIR)), "PORT": "5432"}
    if DATABASE_POOL_SIZE:
        options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 10}
    else:
        described["CONN_MAX_AGE"] = 60
    # Test databases of several runs on one server need names of their own.
    described["TEST"] = {"NAME": os.environ.get("PYTEST_DATABASE_NAME") or None}
    return described | {"OPTIONS": options}


def celery_broker(url: str) -> str:
    """Return Valkey's address as Celery writes it: sockets have another scheme there."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    number = dict(parse_qsl(parts.query)).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={number}"


DATABASES = {"default": database(DATABASE_URL)}

# Limits on signing in hold for all processes together.
CACHES = {"default": {"BACKEND": "config.cache.SharedCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "cache"}}

# Folders with embedding models that admins may choose from.
EMBEDDERS_DIR = env.path("EMBEDDERS_DIR", DATA_DIR / "embedders")
# Folders with rerankers that admins may choose from.
RERANKERS_DIR = env.path("RERANKERS_DIR", DATA_DIR / "rerankers")
# How long the embeddings that were searched before are kept after a switch.
KEEP_EMBEDDINGS_HOURS = env.integer("KEEP_EMBEDDINGS_HOURS", 24, minimum=1, maximum=8760)

# Processes that serve pages and write answers; 0 means as many as fit (config/management/commands/web.py).
WEB_PROCESSES = env.integer("WEB_PROCESSES", 0, minimum=0, maximum=64)
WORKER_CONCURRENCY = env.integer("WORKER_CONCURRENCY", min(2, os.cpu_count() or 1), minimum=1, maximum=64)
CELERY_BROKER_URL = celery_broker(REDIS_URL)
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TASK_SOFT_TIME_LIMIT = 3300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = WORKER_CONCURRENCY
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Longer than the longest task, or Valkey would hand a running one to a second worker.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 2 * CELERY_TASK_TIME_LIMIT,
    "socket_connect_timeout": 5,
    "socket_timeout": 5,
    "socket_keepalive": True,
}
CELERY_TIMEZONE = "UTC"
# How long a stopped worker waits for its tasks before it gives them back to the queue.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 3.0
# The worker takes from its queues in turn: a long sync costs a person's upload one step, not all of them.
CELERY_TASK_QUEUES = [Queue("celery"), Queue("sync")]
CELERY_TASK_ROUTES = {
    "documents.tasks.sync_step": {"queue": "sync"},
    "documents.tasks.look_at_sources": {"queue": "sync"},
}
CELERY_BEAT_SCHEDULE = {
    "call-ingest-workers": {"task": "documents.tasks.call_workers", "schedule": 10.0},
    "queue-due-syncs": {"task": "documents.tasks.queue_due_syncs", "schedule": 10.0},
    "look-at-sources": {"task": "documents.tasks.look_at_sources", "schedule": 10.0},
    "tend-words": {"task": "documents.tasks.tend_words", "schedule": 20.0},
    "build-embedding-sets": {"task": "documents.tasks.tend_embedding_sets", "schedule": 10.0},
    "mark-interrupted-answers": {"task": "chat.mark_interrupted", "schedule": 10.0},
    "sweep-files-of-chats": {"task": "chat.sweep_files", "schedule": 3600.0},
    "sweep-bytes": {"task": "documents.tasks.sweep_bytes", "schedule": 3600.0},
    "sweep-sync-folders": {"task": "documents.tasks.sweep_sync_folders", "schedule": 3600.0},
}
