"""The files of a Git repository at the tip of a branch, over guarded HTTP, fetched in a process of its own.

A pack can unfold to far more than was sent, and may take minutes to come, so a child with bounded memory and time
fetches (``rag.outbound.git_child``) while its caller looks in from time to time. The child does not end with its
caller: what a killed worker had asked for comes all the same. It ends when nobody asks any more.

All there is lies in one folder, which may be lost at any time: ``listing.json`` with the newest tip's files, ``blobs``
with the bytes of those that were wanted, and while a fetch is under way ``repository.git``. No credential is written
down.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from rag.errors import OutboundError
from rag.errors import marked as _
from rag.outbound.policy import OutboundPolicy, check_url

ASK_S = 40.0
"""The longest that the question for a branch's tip takes."""

MOST_AT_ONCE = 3
"""Fetches at once on one machine, each of which may need two gigabytes."""

MOST_STARTS = 5
"""A fetch that ended so often without an answer and without any progress is given up."""

OLDEST_ANSWER_S = 600.0
SHORT_LOOK_S = 0.3
LONG_LOOK_S = 2.0
TOO_LARGE = ".large"


@dataclass(frozen=True, slots=True)
class GitRequest:
    """What to fetch into ``folder``: the listing of ``branch`` (the default one when empty), or the ``blobs`` named.

    A tip that is ``known`` is not listed again. Blobs belong to the listing's commit; one of more than ``max_bytes`` is
    not kept.
    """

    url: str
    branch: str
    username: str
    password: str
    folder: str
    allow: tuple[str, ...]
    known: str = ""
    blobs: tuple[str, ...] = ()
    max_bytes: int = 100 * 2**20

    def key(self) -> str:
        """What tells this request from another one."""
        facts = [self.url, self.branch, self.username, self.password, self.known, self.max_bytes, *self.blobs]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class GitListing:
    """The commit at the tip and its regular files, each with its blob."""

    commit: str
    files: list[tuple[str, str]]


class StillFetching(Exception):
    """The fetch goes on; look again after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def ask_tip(request: GitRequest) -> str:
    """The commit at the tip of the branch; nothing is fetched, nothing is written.

    Raises OutboundError: what the guard raises, "git_refused", "git_not_found", "git_branch", "git_failed",
    "outbound_timeout".
    """
    check_url(request.url, OutboundPolicy(allow=request.allow))
    try:
        done = subprocess.run(
            _command("ask"), input=_given(request), capture_output=True, timeout=ASK_S, cwd=_root(),
            env=_environment(request), check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise OutboundError("outbound_timeout", _("The Git server took longer than is accepted.")) from error
    try:
        return str(_checked(json.loads(done.stdout))["commit"])
    except ValueError as error:
        raise _broke_off() from error


def fetched_listing(request: GitRequest) -> GitListing:
    """The files at the tip; without files when the tip is known. StillFetching until it is there, or OutboundError."""
    answer = _answer(request)
    if answer["commit"] == request.known:
        return GitListing(request.known, [])
    found = kept_listing(Path(request.folder))
    if found is None or found.commit != answer["commit"]:
        raise _broke_off()
    return found


def fetch_blobs(request: GitRequest) -> frozenset[str]:
    """The blobs of the request that are not to be had, when the others are there; StillFetching until then."""
    return frozenset(_answer(request)["missing"])


def kept_listing(folder: Path) -> GitListing | None:
    """The listing that was fetched last."""
    try:
        found = json.loads((folder / "listing.json").read_bytes())
    except (OSError, ValueError):
        return None
    return GitListing(found["commit"], [(path, blob) for path, blob in found["files"]])


def open_blob(folder: Path, blob: str, max_bytes: int) -> IO[bytes] | None:
    """The bytes of a blob; None when they are not there. OutboundError "outbound_too_large" when they are too many."""
    with contextlib.suppress(OSError):
        return (folder / "blobs" / blob).open("rb")
    mark = folder / "blobs" / f"{blob}{TOO_LARGE}"
    with contextlib.suppress(OSError, ValueError):
        if int(mark.read_text()) > max_bytes:
            raise OutboundError("outbound_too_large", _("The file is larger than is accepted."))
        mark.unlink()
    return None


def _answer(request: GitRequest) -> dict[str, Any]:
    """What the child answered, which is taken away; StillFetching while it works, after starting it where needed."""
    check_url(request.url, OutboundPolicy(allow=request.allow))
    folder = Path(request.folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "asked").touch()
    lock = _locked(folder / "lock")
    if lock is None:
        raise StillFetching(_patience(folder))
    with lock:
        if (answer := _taken_answer(request, folder)) is not None:
            return _checked(answer)
        slot = next((found for path in _slots(folder) if (found := _locked(path)) is not None), None)
        if slot is None:
            raise StillFetching(LONG_LOOK_S)
        with slot:
            _start(request, folder, lock, slot)
    raise StillFetching(_patience(folder))


def _taken_answer(request: GitRequest, folder: Path) -> dict[str, Any] | None:
    """The answer to this request, if there is a fresh one; any answer is removed."""
    path = folder / "answer.json"
    with contextlib.suppress(OSError, ValueError):
        fresh = time.time() - path.stat().st_mtime < OLDEST_ANSWER_S
        answer: dict[str, Any] = json.loads(path.read_bytes())
        path.unlink()
        (folder / "starts").unlink(missing_ok=True)
        if fresh and answer["key"] == request.key():
            return answer
    return None


def _start(request: GitRequest, folder: Path, lock: IO[str], slot: IO[str]) -> None:
    """Start the child, which holds both locks from now on, for as long as it lives."""
    count = _starts(folder, request.key())
    if count >= MOST_STARTS:
        (folder / "starts").unlink(missing_ok=True)
        shutil.rmtree(folder / "repository.git", ignore_errors=True)
        raise _broke_off()
    (folder / "starts").write_text(f"{request.key()} {count + 1}")
    # A session of its own: whatever ends the caller's process group does not end it.
    child = subprocess.Popen(
        _command("fetch"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=_root(),
        env=_environment(request), start_new_session=True, pass_fds=(lock.fileno(), slot.fileno()),
    )  # fmt: skip
    threading.Thread(target=child.wait, daemon=True, name="git-fetch").start()
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError), child.stdin as given:
        given.write(_given(request))


def _starts(folder: Path, key: str) -> int:
    with contextlib.suppress(OSError, ValueError):
        known, _other, count = (folder / "starts").read_text().partition(" ")
        return int(count) if known == key else 0
    return 0


def _patience(folder: Path) -> float:
    """Until the next look: short at first, for most fetches are."""
    with contextlib.suppress(OSError):
        return SHORT_LOOK_S if time.time() - (folder / "starts").stat().st_mtime < 3 else LONG_LOOK_S
    return LONG_LOOK_S


def _slots(folder: Path) -> Iterator[Path]:
    """The files of which a fetch locks one, for all sources of this machine."""
    place = folder.parent / ".slots"
    place.mkdir(exist_ok=True)
    return (place / f"git-{number}" for number in range(MOST_AT_ONCE))


def _locked(path: Path) -> IO[str] | None:
    """The file, locked until it is closed here and in every child that has it; None when a process holds it."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _command(what: str) -> list[str]:
    return [sys.executable, "-m", "rag.outbound.git_child", what]


def _given(request: GitRequest) -> bytes:
    return json.dumps(asdict(request)).encode()


def _root() -> Path:
    return Path(__file__).resolve().parents[2]


def _environment(request: GitRequest) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": request.folder}


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if "code" in answer:
        raise OutboundError(answer["code"], answer["message"])
    return answer


def _broke_off() -> OutboundError:
    message = _("The repository could not be unpacked: it is damaged, or larger than is accepted.")
    return OutboundError("git_failed", message)
