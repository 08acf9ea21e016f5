"""The files of a Git repository at the tip of a branch, over guarded HTTP, in a process of its own.

A pack can unfold to far more than was sent, so it is unpacked in a child with bounded memory and time. Nothing of the
repository is run: there is no working tree, no hook, no submodule, no filter. Credentials reach the child through its
standard input and the server through a header; nothing of them is written down.
"""

import base64
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from rag.errors import OutboundError
from rag.outbound import OutboundLimits, OutboundPolicy, check_url, guarded_client

MEMORY_BYTES = 2 * 2**30
MAX_PACK_BYTES = 512 * 2**20
TOTAL_S = 300.0
MAX_FILES = 300_000
REGULAR = 0o100000


@dataclass(frozen=True, slots=True)
class GitRequest:
    """What to fetch: the tip of ``branch`` (the default one when empty), into the bare repository at ``folder``.

    When the tip is ``known`` already, nothing is fetched unless ``again``.
    """

    url: str
    branch: str
    username: str
    password: str
    folder: str
    allow: tuple[str, ...]
    known: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class GitTip:
    """The commit at the tip and its regular files: path, blob, size in bytes; none when the commit was known."""

    commit: str
    files: list[tuple[str, str, int]]


def fetch_tip(request: GitRequest) -> GitTip:
    """Fetch in a child process.

    Raises OutboundError: what the guard raises, "git_refused", "git_not_found", "git_branch", "git_failed",
    "outbound_timeout".
    """
    check_url(request.url, OutboundPolicy(allow=request.allow))
    command = [sys.executable, "-m", "rag.outbound.git"]
    root = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(
            command, input=json.dumps(asdict(request)), capture_output=True, text=True, timeout=TOTAL_S + 30, cwd=root,
            env={"PATH": "/usr/bin:/bin", "HOME": request.folder}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise OutboundError("outbound_timeout", "The Git server took longer than is accepted.") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        message = "The repository could not be unpacked: it is damaged, or larger than is accepted."
        raise OutboundError("git_failed", message) from error
    if "code" in answer:
        raise OutboundError(answer["code"], answer["message"])
    return GitTip(answer["commit"], [(str(path), str(blob), int(size)) for path, blob, size in answer["files"]])


def read_blob(folder: Path, blob: str) -> bytes | None:
    """A blob of the bare repository at ``folder``; None when it is not there."""
    from dulwich.errors import NotGitRepository
    from dulwich.objects import Blob, ObjectID
    from dulwich.repo import Repo

    try:
        with Repo(str(folder), bare=True) as repository:
            found = repository.object_store[ObjectID(blob.encode())]
            return found.data if isinstance(found, Blob) else None
    except (KeyError, NotGitRepository, FileNotFoundError):
        return None


@dataclass(slots=True)
class _Answer:
    """The part of urllib3's response that dulwich looks at."""

    response: httpx2.Response
    content_type: str | None
    redirect_location: str

    def close(self) -> None:
        self.response.close()


def _client(request: GitRequest) -> Any:
    """A dulwich client whose every request goes through the guarded client."""
    from dulwich.client import AbstractHttpGitClient, HTTPUnauthorized
    from dulwich.errors import GitProtocolError, NotGitRepository

    limits = OutboundLimits(max_bytes=MAX_PACK_BYTES, total_s=TOTAL_S)
    web = guarded_client(OutboundPolicy(allow=request.allow), limits=limits, follow_redirects=True)
    own = urlsplit(request.url)

    class Guarded(AbstractHttpGitClient):
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
            moved = str(response.url) if response.history else ""
            answer = _Answer(response, response.headers.get("content-type"), moved)
            return answer, _reader(response.iter_bytes())

    return Guarded(request.url)


def _reader(blocks: Iterator[bytes]) -> Callable[[int], bytes]:
    """Reading up to so many bytes from blocks of any size."""
    held = bytearray()

    def read(size: int = -1) -> bytes:
        while size < 0 or len(held) < size:
            block = next(blocks, None)
            if block is None:
                break
            held.extend(block)
        taken = bytes(held if size < 0 else held[:size])
        del held[: len(taken)]
        return taken

    return read


def _fetched(request: GitRequest) -> GitTip:
    """In the child: fetch and list."""
    from dulwich.refs import Ref
    from dulwich.repo import Repo

    client = _client(request)
    client.dumb = False
    refs = client.get_refs(b"").refs
    name = Ref(f"refs/heads/{request.branch}".encode()) if request.branch else Ref(b"HEAD")
    tip = refs.get(name)
    if tip is None:
        raise OutboundError("git_branch", "The repository has no such branch, or nothing was committed to it yet.")
    if tip.decode() == request.known and not request.again:
        return GitTip(request.known, [])
    folder = Path(request.folder)
    if (folder / "HEAD").exists():
        repository = Repo(str(folder), bare=True)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        repository = Repo.init_bare(str(folder))
    with repository:
        if tip not in repository.object_store:
            client.fetch(b"", repository, determine_wants=lambda _refs, depth=None: [tip], depth=1)
        return GitTip(tip.decode(), list(_files(repository, tip)))


def _files(repository: Any, tip: bytes) -> Iterator[tuple[str, str, int]]:
    """Path, blob and size of each regular file; links, submodules and what has no name in UTF-8 are left out."""
    from dulwich.object_store import iter_tree_contents

    store = repository.object_store
    for count, entry in enumerate(iter_tree_contents(store, store[tip].tree)):
        if count >= MAX_FILES:
            raise OutboundError("git_failed", f"The repository has more than {MAX_FILES:,} files.")
        if entry.mode & 0o170000 != REGULAR:
            continue
        try:
            path = entry.path.decode()
        except UnicodeDecodeError:
            continue
        yield path, entry.sha.decode(), store[entry.sha].raw_length()


def main() -> None:
    """The child: a GitRequest as JSON comes in, a GitTip or an error goes out."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    given = json.load(sys.stdin)
    request = replace(GitRequest(**given), allow=tuple(given["allow"]))
    from dulwich.client import HTTPUnauthorized
    from dulwich.errors import NotGitRepository

    try:
        answer: dict[str, Any] = asdict(_fetched(request))
    except OutboundError as error:
        answer = {"code": error.code, "message": error.message}
    except HTTPUnauthorized:
        answer = {"code": "git_refused", "message": "The Git server refuses access. Check the user name and the token."}
    except NotGitRepository:
        answer = {"code": "git_not_found", "message": "There is no Git repository at this address, or it is private."}
    except MemoryError:
        answer = {"code": "git_failed", "message": "The repository needs more memory than is accepted."}
    except httpx2.TimeoutException:
        answer = {"code": "outbound_timeout", "message": "The Git server took too long to answer."}
    except Exception as error:
        # Never its words: they may hold an address with what was typed into it.
        what = f"The repository could not be fetched ({type(error).__name__}). Check the address."
        answer = {"code": "git_failed", "message": what}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
