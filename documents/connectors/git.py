"""Git: the files of a repository at the tip of one branch, over HTTP(S).

Only the newest commit is fetched, into a bare repository that may be lost at any time. A file is told apart by its
path and taken for changed when its blob is another.
"""

import io
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import AfterValidator, Field

from documents.connectors.base import (
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
)
from documents.connectors.patterns import FileSettings, Include
from documents.errors import upload_too_large
from rag.outbound.git import GitRequest, GitTip, fetch_tip, read_blob

LFS = b"version https://git-lfs.github.com/spec/"


def _http_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("Write an address that begins with https://, as a browser shows it.")
    if parts.username or parts.password:
        raise ValueError("Write user name and token into their own fields, not into the address.")
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
        tip = self._tip("", again=True)
        count = sum(1 for path, _blob, _size in tip.files if self._wanted.takes(path))
        return _("The repository answers. Its branch holds %(count)d files to take in.") % {"count": count}

    def changes(self, cursor: Cursor) -> Changes:
        """All files of the tip, unless it is the commit in ``cursor``."""
        known = str(cursor.get("commit", ""))
        tip = self._tip(known)
        if tip.commit == known:
            return Changes([], cursor)
        items = [
            Item(path, path, revision=blob, hint={"blob": blob, "size": size})
            for path, blob, size in tip.files
            if self._wanted.takes(path)
        ]
        return Changes(items, {"commit": tip.commit}, full=True)

    def fetch(self, item: Item, state: Mapping[str, Any], cursor: Cursor) -> Outcome:
        """The bytes of a file, from the bare repository; fetched again when that was lost."""
        if not self._wanted.takes(item.external_id):
            return Gone()
        if int(item.hint.get("size", 0)) > self._around.max_item_bytes:
            raise upload_too_large(self._around.max_item_bytes // 2**20)
        blob = str(item.hint.get("blob", ""))
        data = read_blob(self._around.folder, blob)
        if data is None:
            self._tip("", again=True)
            data = read_blob(self._around.folder, blob)
        if data is None:
            raise ItemFailed("git_moved_on", _("The branch moved on meanwhile. The next sync takes the new file."), 502)
        if data.startswith(LFS):
            raise ItemFailed("git_lfs", _("The file lies in Git LFS, which is not followed."), 422)
        return Fetched(io.BytesIO(data), filename=item.external_id.rsplit("/", 1)[-1])

    def _tip(self, known: str, *, again: bool = False) -> GitTip:
        wanted, around = self._wanted, self._around
        around.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        request = GitRequest(
            url=wanted.url,
            branch=wanted.branch,
            username=wanted.username,
            password=wanted.token,
            folder=str(around.folder),
            allow=around.policy.allow,
            known=known,
            again=again,
        )
        return fetch_tip(request)


KIND = ConnectorKind(
    kind="git",
    title=gettext_lazy("Git repository"),
    summary=gettext_lazy("The files of one branch, as of its newest commit."),
    icon="steps",
    settings=GitSettings,
    open=GitConnector,
)
