"""The process that speaks to a Git server: it lists the tip of a branch, or brings the blobs that are wanted.

From a server that can leave blobs out (partial clone: GitHub, GitLab, Gitea and others) it takes the trees first and
then the wanted blobs, some hundreds at a time, so that what nobody wants is never sent, and little is lost with the
process. From another one it takes the newest commit as a whole. Nothing of the repository is run: there is no working
tree, no hook, no submodule, no filter. Credentials come in through standard input and go out in a header.
"""

import base64
import contextlib
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from rag.errors import OutboundError
from rag.errors import marked as _
from rag.outbound import OutboundLimits, OutboundPolicy, guarded_client
from rag.outbound.git import ASK_S, TOO_LARGE, GitRequest, kept_listing

MEMORY_BYTES = 2 * 2**30
MAX_PACK_BYTES = 512 * 2**20
TOTAL_S = 1800.0
"""The longest that one answer of the server takes."""

MAX_FILES = 300_000
REGULAR = 0o100000
BLOBS_AT_ONCE = 200
ABANDONED_S = 300.0
"""So long after the last question nobody waits for this process any more."""


class Abandoned(Exception):
    """Nobody asks any more, or the folder is gone."""


class _Answer:
    """The part of urllib3's response that dulwich looks at."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.content_type: str | None = response.headers.get("content-type")
        self.redirect_location = str(response.url) if response.history else ""

    def close(self) -> None:
        self.response.close()


def _client(request: GitRequest, total_s: float, alive: Callable[[], None]) -> Any:
    """A dulwich client whose every request goes through the guarded client."""
    from dulwich.client import AbstractHttpGitClient, HTTPUnauthorized
    from dulwich.errors import GitProtocolError, NotGitRepository

    limits = OutboundLimits(max_bytes=MAX_PACK_BYTES, total_s=total_s)
    web = guarded_client(OutboundPolicy(allow=request.allow), limits=limits, follow_redirects=True)
    own = urlsplit(request.url)

    class Guarded(AbstractHttpGitClient):
        can_filter = False

        def _http_request(  # type: ignore[override]
            self, url: str, headers: dict[str, str] | None = None, data: Any = None, raise_for_status: bool = True
        ) -> tuple[_Answer, Callable[[int], bytes]]:
            sent = {**(headers or {}), "accept-encoding": "identity", "user-agent": "git/2.40 (footnote)"}
            if request.password and urlsplit(url)[:2] == own[:2]:
                login = f"{request.username or 'token'}:{request.password}"
                sent["authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
            body = data if data is None or isinstance(data, bytes) else b"".join(data)
            made = web.build_request("POST" if body is not None else "GET", url, headers=sent, content=body)
            response = web.send(made, stream=True)
            if raise_for_status and response.status_code != 200:
                response.close()
                if response.status_code in (401, 403):
                    raise HTTPUnauthorized(None, url)
                if response.status_code == 404:
                    raise NotGitRepository
                raise GitProtocolError(f"unexpected http resp {response.status_code}")
            return _Answer(response), _reader(response.iter_bytes(), alive)

        def _discover_references(self, *given: Any, **options: Any) -> Any:
            found = super()._discover_references(*given, **options)
            offers = [each.partition(b"=")[2].split() for each in found[1] if each.startswith(b"fetch=")]
            self.can_filter = any(b"filter" in each for each in offers)
            return found

    client = Guarded(request.url)
    client.dumb = False
    return client


def _reader(blocks: Iterator[bytes], alive: Callable[[], None]) -> Callable[[int], bytes]:
    """Reading up to so many bytes from blocks of any size."""
    held = bytearray()

    def read(size: int = -1) -> bytes:
        while size < 0 or len(held) < size:
            block = next(blocks, None)
            if block is None:
                break
            alive()
            held.extend(block)
        taken = bytes(held if size < 0 else held[:size])
        del held[: len(taken)]
        return taken

    return read


def _tip(client: Any, request: GitRequest) -> bytes:
    from dulwich.refs import Ref

    name = Ref(f"refs/heads/{request.branch}".encode()) if request.branch else Ref(b"HEAD")
    tip: bytes | None = client.get_refs(b"").refs.get(name)
    if tip is None:
        raise OutboundError("git_branch", _("The repository has no such branch, or nothing was committed to it yet."))
    return tip


class _Fetch:
    """One fetch into the request's folder."""

    def __init__(self, request: GitRequest) -> None:
        self._request = request
        self._folder = Path(request.folder)
        self._begun_in = self._folder.stat()
        self._client = _client(request, TOTAL_S, self._alive)

    def run(self) -> None:
        """Fetch what the request asks for, and write the answer down, unless nobody waits for it."""
        with contextlib.suppress(Abandoned):
            answer = _told(self._blobs if self._request.blobs else self._listing)
            self._alive()
            _put(self._folder / "answer.json", json.dumps({"key": self._request.key(), **answer}).encode())

    def _listing(self) -> dict[str, Any]:
        """Write the files of the tip down."""
        tip = _tip(self._client, self._request)
        if tip.decode() == self._request.known:
            return {"commit": self._request.known}
        self._forget_repository()
        with self._repository() as repository:
            self._get(repository, [tip], depth=1, filter_spec=b"blob:none" if self._client.can_filter else None)
            files = list(_files(repository, tip))
        _put(self._folder / "listing.json", json.dumps({"commit": tip.decode(), "files": files}).encode())
        self._prune({blob for _path, blob in files})
        return {"commit": tip.decode()}

    def _blobs(self) -> dict[str, Any]:
        """Bring the wanted blobs, and say which of them are not to be had."""
        listing = kept_listing(self._folder)
        with self._repository() as repository:
            self._keep(repository, self._wanted())
            _tip(self._client, self._request)
            if self._client.can_filter:
                self._in_batches(repository)
            if self._wanted() and listing is not None:
                # A server that names its offers and then refuses, or that sends whole commits only.
                self._get(repository, [listing.commit.encode()], depth=1, filter_spec=None)
                self._keep(repository, self._wanted())
        self._forget_repository()
        return {"missing": self._wanted()}

    def _in_batches(self, repository: Any) -> None:
        from dulwich.errors import GitProtocolError, HangupException

        wanted = self._wanted()
        with contextlib.suppress(GitProtocolError, HangupException):
            for first in range(0, len(wanted), BLOBS_AT_ONCE):
                self._bring(repository, wanted[first : first + BLOBS_AT_ONCE])
                (self._folder / "starts").unlink(missing_ok=True)

    def _bring(self, repository: Any, batch: list[str]) -> None:
        """Fetch and keep a batch; one that is too large as a whole in halves."""
        try:
            self._get(repository, [blob.encode() for blob in batch], depth=None, filter_spec=None)
        except OutboundError as error:
            if error.code != "outbound_too_large":
                raise
            if len(batch) == 1:
                _put(self._folder / "blobs" / f"{batch[0]}{TOO_LARGE}", str(MAX_PACK_BYTES).encode())
            else:
                self._bring(repository, batch[: len(batch) // 2])
                self._bring(repository, batch[len(batch) // 2 :])
        else:
            self._keep(repository, batch)

    def _get(self, repository: Any, wanted: list[bytes], *, depth: int | None, filter_spec: bytes | None) -> None:
        self._client.fetch(
            b"", repository, determine_wants=lambda _refs, depth=None: wanted, depth=depth, filter_spec=filter_spec
        )

    def _wanted(self) -> list[str]:
        """The blobs of the request that were neither kept nor found too large."""
        place = self._folder / "blobs"
        place.mkdir(exist_ok=True)
        kept = {name.removesuffix(TOO_LARGE) for name in os.listdir(place)}
        return [blob for blob in dict.fromkeys(self._request.blobs) if blob not in kept]

    def _keep(self, repository: Any, blobs: Iterable[str]) -> None:
        """Write those of the blobs down that the repository holds."""
        from dulwich.objects import Blob

        for blob in blobs:
            self._alive()
            try:
                found = repository.object_store[blob.encode()]
            except KeyError:
                continue
            if not isinstance(found, Blob):
                continue
            size = found.raw_length()
            if size > self._request.max_bytes:
                _put(self._folder / "blobs" / f"{blob}{TOO_LARGE}", str(size).encode())
            else:
                _put(self._folder / "blobs" / blob, found.data)

    def _prune(self, wanted: set[str]) -> None:
        """Remove the bytes that the tip holds no more, and marks that another limit may have outdated."""
        place = self._folder / "blobs"
        place.mkdir(exist_ok=True)
        for name in os.listdir(place):
            if name not in wanted:
                (place / name).unlink()

    def _repository(self) -> Any:
        from dulwich.repo import Repo

        path = self._folder / "repository.git"
        if (path / "HEAD").exists():
            return Repo(str(path), bare=True)
        self._forget_repository()
        path.mkdir()
        return Repo.init_bare(str(path))

    def _forget_repository(self) -> None:
        shutil.rmtree(self._folder / "repository.git", ignore_errors=True)

    def _alive(self) -> None:
        """Abandoned when nobody asks any more, or when the folder is not the one that this began in."""
        with contextlib.suppress(OSError):
            asked = time.time() - (self._folder / "asked").stat().st_mtime < ABANDONED_S
            if asked and os.path.samestat(self._folder.stat(), self._begun_in):
                return
        raise Abandoned


def _files(repository: Any, tip: bytes) -> Iterator[tuple[str, str]]:
    """Path and blob of each regular file; links, submodules and what has no name in UTF-8 are left out."""
    from dulwich.object_store import iter_tree_contents

    store = repository.object_store
    for count, entry in enumerate(iter_tree_contents(store, store[tip].tree)):
        if count >= MAX_FILES:
            raise OutboundError(
                "git_failed", _("The repository has more than %(limit)s files.") % {"limit": f"{MAX_FILES:,}"}
            )
        if entry.mode & 0o170000 != REGULAR:
            continue
        with contextlib.suppress(UnicodeDecodeError):
            yield entry.path.decode(), entry.sha.decode()


def _put(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def _told(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the work gives, or the code and the sentence of what went wrong."""
    from dulwich.client import HTTPUnauthorized
    from dulwich.errors import NotGitRepository

    try:
        return work()
    except Abandoned:
        raise
    except OutboundError as error:
        return {"code": error.code, "message": error.message}
    except HTTPUnauthorized:
        return {
            "code": "git_refused",
            "message": _("The Git server refuses access. Check the user name and the token."),
        }
    except NotGitRepository:
        return {"code": "git_not_found", "message": _("There is no Git repository at this address, or it is private.")}
    except MemoryError:
        return {"code": "git_failed", "message": _("The repository needs more memory than is accepted.")}
    except httpx2.TimeoutException:
        return {"code": "outbound_timeout", "message": _("The Git server took too long to answer.")}
    except httpx2.HTTPError:
        return {"code": "unreachable", "message": _("The Git server did not answer. Try again later.")}
    except Exception as error:
        # Never its words: they may hold an address with what was typed into it.
        what = _("The repository could not be fetched (%(error)s). Check the address.") % {
            "error": type(error).__name__
        }
        return {"code": "git_failed", "message": what}


def main() -> None:
    """The child: a GitRequest as JSON comes in."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    given = json.load(sys.stdin)
    request = replace(GitRequest(**given), allow=tuple(given["allow"]), blobs=tuple(given["blobs"]))
    if sys.argv[1:] == ["ask"]:
        asked = _client(request, ASK_S, lambda: None)
        json.dump(_told(lambda: {"commit": _tip(asked, request).decode()}), sys.stdout)
    else:
        # Whoever started this process gave it the lock of the folder.
        _Fetch(request).run()


if __name__ == "__main__":
    main()
