"""Git: the files of a repository at the tip of one branch, over HTTP(S).

Only files that are wanted are kept, in a folder that may be lost at any time. A file is told apart by its path and
taken for changed when its blob is another. Fetching goes on beside the steps of the sync, which look in on it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Annotated, Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import AfterValidator, Field

from documents.connectors.base import (
    Busy,
    Changes,
    ConnectorBase,
    ConnectorKind,
    Cursor,
    Fetched,
    Gone,
    Item,
    ItemFailed,
    Label,
    Outcome,
    SourceFailed,
)
from documents.connectors.patterns import FileSettings, Include
from documents.errors import upload_too_large
from rag.errors import OutboundError
from rag.outbound.git import (
    GitListing,
    GitRequest,
    StillFetching,
    ask_tip,
    fetch_blobs,
    fetched_listing,
    kept_listing,
    open_blob,
)

LFS = b"version https://git-lfs.github.com/spec/"


def _http_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(_("Write an address that begins with https://, as a browser shows it."))
    if parts.username or parts.password:
        raise ValueError(_("Write user name and token into their own fields, not into the address."))
    return text


class GitSettings(FileSettings):
    """Which repository, which branch, which files."""

    url: Annotated[
        str,
        Field(min_length=1, max_length=1000),
        AfterValidator(_http_address),
        Label(
            gettext_lazy("Address"),
            gettext_lazy("As for git clone, over HTTPS."),
            placeholder="https://github.com/owner/name.git",
        ),
    ]
    branch: Annotated[
        str,
        Field(max_length=200),
        Label(gettext_lazy("Branch"), gettext_lazy("Empty: the one that the repository names as its own.")),
    ] = ""
    username: Annotated[
        str,
        Field(max_length=200),
        Label(gettext_lazy("User name"), gettext_lazy("For a private repository. Many servers take any word here.")),
    ] = ""
    token: Annotated[
        str,
        Field(max_length=2000),
        Label(
            gettext_lazy("Token or password"),
            gettext_lazy("One that may only read. Stored encrypted and never shown again."),
            secret=True,
        ),
    ] = ""
    include: Include = "*.md\n*.rst\n*.txt\n*.adoc\n*.html\n*.pdf\n*.docx"

    def destination(self) -> str:
        """The server."""
        return "://".join(urlsplit(self.url)[:2])


class GitConnector(ConnectorBase[GitSettings]):
    """Reads a repository."""

    def check(self) -> str:
        """Ask for the tip of the branch."""
        return _("The repository answers. Its branch stands at %(commit)s.") % {"commit": ask_tip(self._request())[:10]}

    def changes(self, cursor: Cursor) -> Changes:
        """All files of the tip, unless it is the commit in ``cursor``."""
        known = str(cursor.get("commit", ""))
        with _patiently():
            listing = fetched_listing(self._request(known=known))
        if listing.commit == known:
            return Changes([], cursor)
        items = [Item(path, path, revision=blob, hint={"blob": blob}) for path, blob in self._taken(listing)]
        return Changes(items, {"commit": listing.commit}, full=True)

    def fetch(self, item: Item, state: Mapping[str, Any], cursor: Cursor) -> Outcome:
        """The bytes of a file; the fetch that brings them brings all that is wanted of the branch."""
        if not self._wanted.takes(item.external_id):
            return Gone()
        blob = str(item.hint.get("blob", ""))
        file = self._opened(blob) or self._fetched(blob)
        if file.read(len(LFS)) == LFS:
            file.close()
            raise ItemFailed("git_lfs", _("The file lies in Git LFS, which is not followed."), 422)
        file.seek(0)
        return Fetched(file, filename=item.external_id.rsplit("/", 1)[-1])

    def _taken(self, listing: GitListing) -> list[tuple[str, str]]:
        return [(path, blob) for path, blob in listing.files if self._wanted.takes(path)]

    def _opened(self, blob: str) -> IO[bytes] | None:
        try:
            return open_blob(self._around.folder, blob, self._around.max_item_bytes)
        except OutboundError as error:
            raise upload_too_large(self._around.max_item_bytes // 2**20) from error

    def _fetched(self, blob: str) -> IO[bytes]:
        try:
            with _patiently():
                # Without a kept one the folder was lost since, though the tip may well be the same.
                listing = kept_listing(self._around.folder) or fetched_listing(self._request())
                wanted = dict.fromkeys(blob for _path, blob in self._taken(listing))
                if blob not in wanted:
                    raise _moved_on()
                fetch_blobs(self._request(blobs=tuple(wanted)))
        except OutboundError as error:
            # Of the repository as a whole, not of this file.
            raise SourceFailed(error.code, error.message, 502) from error
        file = self._opened(blob)
        if file is None:
            raise _moved_on()
        return file

    def _request(self, *, known: str = "", blobs: tuple[str, ...] = ()) -> GitRequest:
        wanted, around = self._wanted, self._around
        around.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return GitRequest(
            url=wanted.url, branch=wanted.branch, username=wanted.username, password=wanted.token,
            folder=str(around.folder), allow=around.policy.allow, known=known, blobs=blobs,
            max_bytes=around.max_item_bytes,
        )  # fmt: skip


@contextmanager
def _patiently() -> Iterator[None]:
    """Leave the worker to others while the fetch goes on."""
    try:
        yield
    except StillFetching as still:
        raise Busy(still.seconds, polite=True) from still


def _moved_on() -> ItemFailed:
    return ItemFailed("git_moved_on", _("The branch moved on meanwhile. The next sync takes the new file."), 502)


KIND = ConnectorKind(
    kind="git",
    title=gettext_lazy("Git repository"),
    summary=gettext_lazy("The files of one branch, as of its newest commit."),
    icon="branch",
    settings=GitSettings,
    open=GitConnector,
)
