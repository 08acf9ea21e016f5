"""Requests of connectors: through the guarded client, with errors that a person understands."""

import email.utils
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
from django.utils.translation import gettext as _

from documents.connectors.base import Busy, ConnectorBase, ItemFailed, SourceFailed, Surroundings, Wanted
from rag.outbound import OutboundLimits, guarded_client

CONNECT_S = 5.0
READ_S = 15.0
TOTAL_S = 60.0
LONGEST_PAUSE_S = 3600.0
DEFAULT_PAUSE_S = 30.0
MAX_JSON_BYTES = 16 * 2**20


def client(around: Surroundings, *, total_s: float = TOTAL_S, max_bytes: int | None = None) -> httpx2.Client:
    """A guarded client whose answers are bounded by the size of one item, or by ``max_bytes``."""
    limits = OutboundLimits(max_bytes=max_bytes or around.max_item_bytes + 1, total_s=total_s)
    made = guarded_client(around.policy, timeout=httpx2.Timeout(READ_S, connect=CONNECT_S), limits=limits)
    made.headers["user-agent"] = "footnote"
    return made


class HttpConnector(ConnectorBase[Wanted]):
    """A connector with a guarded client, ``self._web``, for the time of one step."""

    def __init__(
        self, wanted: Wanted, around: Surroundings, *, total_s: float = TOTAL_S, max_bytes: int | None = None
    ) -> None:
        super().__init__(wanted, around)
        self._web = client(around, total_s=total_s, max_bytes=max_bytes)

    def close(self) -> None:
        """Close the connections."""
        self._web.close()


@contextmanager
def answering(
    web: httpx2.Client, method: str, url: str, *, headers: Mapping[str, str] | None = None, **options: Any
) -> Iterator[httpx2.Response]:
    """The streamed answer to one request; ItemFailed ``unreachable`` when none comes, Busy for 429 and 503."""
    try:
        with web.stream(method, url, headers=dict(headers or {}), **options) as response:
            if response.status_code in (429, 503):
                raise Busy(pause_of(response.headers.get("retry-after", "")))
            yield response
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        raise unreachable(url, error) from error


def pause_of(header: str) -> float:
    """The seconds that a Retry-After header asks for, within bounds."""
    seconds = DEFAULT_PAUSE_S
    if header.strip().isdigit():
        seconds = float(header.strip()[:9])
    elif header:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            seconds = DEFAULT_PAUSE_S
    return min(max(seconds, 1.0), LONGEST_PAUSE_S)


def unreachable(url: str, error: Exception) -> ItemFailed:
    """The error of a server that did not answer as one."""
    host = httpx2.URL(url).host
    if isinstance(error, httpx2.TimeoutException):
        return ItemFailed("timeout", _("%(host)s took too long to answer. Try again later.") % {"host": host}, 502)
    return ItemFailed("unreachable", _("%(host)s did not answer. Check the address.") % {"host": host}, 502)


def http_failed(response: httpx2.Response) -> ItemFailed:
    """The error of an answer that is no success."""
    status = response.status_code
    if status in (401, 403):
        return ItemFailed("access_denied", _("The other side refuses access (%(status)d).") % {"status": status}, 502)
    message = _("The other side answered with an error (%(status)d). Try again later.") % {"status": status}
    return ItemFailed(f"http_{status}", message, 502)


def source_failed(error: ItemFailed) -> SourceFailed:
    """The same reason, for the whole source."""
    return SourceFailed(error.code, error.message, error.status)


def modified_of(response: httpx2.Response) -> datetime | None:
    """When the answer's Last-Modified says the thing was changed."""
    try:
        return email.utils.parsedate_to_datetime(response.headers["last-modified"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
