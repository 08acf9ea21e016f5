"""S3: the objects of a bucket, at Amazon or any server that speaks its protocol.

Two requests are needed, ListObjectsV2 and GetObject, signed with AWS Signature Version 4
(docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html) and sent by the guarded client.
"""

import hashlib
import hmac
import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, unquote_plus, urlsplit

import httpx2
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import AfterValidator, Field

from documents.connectors.base import (
    Changes,
    ConnectorKind,
    Cursor,
    Fetched,
    Gone,
    Item,
    ItemFailed,
    Label,
    Outcome,
    SourceFailed,
    Surroundings,
    spooled,
)
from documents.connectors.http import HttpConnector, answering, http_failed, modified_of, source_failed
from documents.connectors.patterns import PatternSettings

LIST_BYTES = 16 * 2**20
OBJECT_S = 300.0
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def _endpoint(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ValueError(_("Write the server's address, as in https://s3.example.com."))
    return text.rstrip("/")


class S3Settings(PatternSettings):
    """Which bucket, and which objects."""

    endpoint: Annotated[
        str,
        Field(max_length=500),
        AfterValidator(_endpoint),
        Label(
            gettext_lazy("Server"),
            gettext_lazy("Of MinIO, R2 or another one that speaks S3. Empty: Amazon."),
            placeholder="https://s3.example.com",
        ),
    ] = ""
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$"), Label(gettext_lazy("Region"))] = "us-east-1"
    bucket: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$"), Label(gettext_lazy("Bucket"))]
    access_key: Annotated[
        str,
        Field(max_length=200),
        Label(gettext_lazy("Access key"), gettext_lazy("One that may list and read this bucket. Empty: a public one.")),
    ] = ""
    secret_key: Annotated[
        str,
        Field(max_length=500),
        Label(gettext_lazy("Secret key"), gettext_lazy("Stored encrypted and never shown again."), secret=True),
    ] = ""
    path_prefix: Annotated[
        str,
        Field(max_length=1000),
        Label(
            gettext_lazy("Begins with"),
            gettext_lazy("Only objects whose names begin so."),
            placeholder="reports/",
            chooses=True,
        ),
    ] = ""

    def destination(self) -> str:
        """The server, and the key that the secret belongs to."""
        return f"{self.access_key}@{self.server()}"

    def server(self) -> str:
        """The address to call."""
        return self.endpoint or f"https://s3.{self.region}.amazonaws.com"


class S3Connector(HttpConnector[S3Settings]):
    """Reads a bucket."""

    def __init__(self, wanted: S3Settings, around: Surroundings) -> None:
        super().__init__(wanted, around, total_s=OBJECT_S, max_bytes=max(around.max_item_bytes + 1, LIST_BYTES))

    def check(self) -> str:
        """List the first objects."""
        found = self.changes({})
        more = _(" or more") if found.more else ""
        return _("The bucket can be read. It holds %(count)d%(more)s objects to take in.") % {
            "count": len(found.items), "more": more,
        }  # fmt: skip

    def changes(self, cursor: Cursor) -> Changes:
        """The objects behind the token in ``cursor``, up to a thousand."""
        query = {"list-type": "2", "max-keys": "1000", "encoding-type": "url"}
        if self._wanted.path_prefix:
            query["prefix"] = self._wanted.path_prefix
        if token := cursor.get("token"):
            query["continuation-token"] = str(token)
        try:
            with self._signed("", query) as response:
                text = b"".join(response.iter_bytes()).decode("utf-8", "replace")
                if response.status_code != 200:
                    raise _list_failed(response, text)
        except ItemFailed as error:
            raise source_failed(error) from error
        coded = _part(text, "EncodingType") == "url"
        entries = re.findall(r"<Contents>(.*?)</Contents>", text, re.DOTALL)
        items = [item for entry in entries if (item := self._item(entry, coded)) is not None]
        following = _part(text, "NextContinuationToken")
        if _part(text, "IsTruncated") == "true" and following:
            return Changes(items, {"token": following}, more=True)
        return Changes(items, {}, full=True)

    def fetch(self, item: Item, state: Mapping[str, Any], cursor: Cursor) -> Outcome:
        """An object's bytes, unless it is gone."""
        key = item.external_id
        if not self._takes(key):
            return Gone()
        with self._signed(key, {}) as response:
            if response.status_code == 404:
                return Gone()
            if response.status_code != 200:
                raise http_failed(response)
            content = spooled(response.iter_bytes(), self._around.max_item_bytes)
        return Fetched(content, key.rsplit("/", 1)[-1], item.address, modified_of(response))

    def _takes(self, key: str) -> bool:
        return key.startswith(self._wanted.path_prefix) and self._wanted.takes(key)

    def _item(self, entry: str, coded: bool) -> Item | None:
        key = _part(entry, "Key")
        key = unquote_plus(key) if coded else key
        if not key or key.endswith("/") or not self._takes(key):
            return None
        revision = f"{_part(entry, 'ETag').strip(chr(34))}-{_part(entry, 'Size')}"
        address = f"s3://{self._wanted.bucket}/{key}"
        return Item(key, key, revision=revision, address=address, modified_at=_moment(_part(entry, "LastModified")))

    def _signed(self, key: str, query: Mapping[str, str]) -> Any:
        """A signed GET of an object, or of the bucket for an empty key."""
        server = urlsplit(self._wanted.server())
        # Encoded here and sent as it is: the signature covers these very characters.
        path = f"{server.path}/{self._wanted.bucket}" + (f"/{_quoted(key, '/')}" if key else "")
        asked = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(query.items()))
        headers = {}
        if self._wanted.access_key:
            wanted = self._wanted
            headers = authorization(
                host=server.netloc, path=path, query=asked, region=wanted.region, access_key=wanted.access_key,
                secret_key=wanted.secret_key, now=datetime.now(UTC),
            )  # fmt: skip
        address = f"{server.scheme}://{server.netloc}{path}" + (f"?{asked}" if asked else "")
        return answering(self._web, "GET", address, headers=headers)


def authorization(
    *, host: str, path: str, query: str, region: str, access_key: str, secret_key: str, now: datetime,
    further: Mapping[str, str] | None = None,
) -> dict[str, str]:  # fmt: skip
    """The headers that sign a GET without a body; ``path`` and ``query`` encoded and sorted as they are sent."""
    moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    signed = {"host": host, **(further or {}), "x-amz-content-sha256": EMPTY_SHA256, "x-amz-date": moment}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = f"GET\n{path}\n{query}\n{lines}\n{names}\n{EMPTY_SHA256}"
    scope = f"{day}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"AWS4-HMAC-SHA256 Credential={access_key}/{scope},SignedHeaders={names},Signature={signature}"
    return {"authorization": credential, "x-amz-content-sha256": EMPTY_SHA256, "x-amz-date": moment}


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=f"{safe}-_.~")


def _part(text: str, name: str) -> str:
    """The text of the first element of this name; the answers nest no further, so no XML parser is needed."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return html.unescape(found[1]) if found else ""


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _list_failed(response: httpx2.Response, text: str) -> SourceFailed:
    code = _part(text, "Code")[:100] or str(response.status_code)
    if response.status_code in (401, 403):
        message = _("The server refuses access (%(code)s). Check the keys and what they may do.")
        return SourceFailed("access_denied", message % {"code": code}, 502)
    if response.status_code == 404:
        return SourceFailed("bucket_missing", _("There is no such bucket. Check its name and the server."), 422)
    message = _("The server answered with an error (%(code)s). Check server and region.")
    return SourceFailed("s3_failed", message % {"code": code}, 502)


KIND = ConnectorKind(
    kind="s3",
    title=gettext_lazy("S3 bucket"),
    summary=gettext_lazy("Objects of a bucket at Amazon, or at any server that speaks S3."),
    icon="bucket",
    settings=S3Settings,
    open=S3Connector,
)
