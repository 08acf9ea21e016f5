"""Fetching from a Git server beside its caller: what is sent, what is kept when a process is killed, when it ends."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from rag.errors import OutboundError
from rag.outbound.git import (
    GitRequest,
    StillFetching,
    ask_tip,
    fetch_blobs,
    fetched_listing,
    kept_listing,
    open_blob,
)
from tests.fakes.git import TOKEN, GitServer, Repository
from tests.fakes.website import Site, serving

pytestmark = pytest.mark.connectors

LONGEST_S = 60
T = TypeVar("T")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "papers")


@pytest.fixture
def server(repository: Repository, tmp_path: Path) -> Iterator[GitServer]:
    with serving(Site()) as site:
        made = GitServer(site, tmp_path)
        yield made
        made.gate.set()
    until(lambda: not children())


@pytest.fixture
def ask(server: GitServer, tmp_path: Path) -> Callable[..., GitRequest]:
    def asked(**further: Any) -> GitRequest:
        facts = {"branch": "", "username": "", "password": TOKEN, "allow": ("127.0.0.1",), **further}
        return GitRequest(url=f"{server.site.url}/papers/.git", folder=str(tmp_path / "sync" / "one"), **facts)

    (tmp_path / "sync").mkdir()
    return asked


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def at_last(call: Callable[[], T]) -> T:
    """What the call gives when the fetch is over."""
    given: list[T] = []

    def over() -> bool:
        try:
            given.append(call())
        except StillFetching:
            return False
        return True

    until(over)
    return given[0]


def children() -> list[psutil.Process]:
    """The fetches under way."""
    found = []
    for each in psutil.Process().children(recursive=True):
        try:
            if "rag.outbound.git_child" in each.cmdline():
                found.append(each)
        except psutil.NoSuchProcess:
            pass
    return found


def killed() -> list[psutil.Process]:
    """The fetches under way, which are killed: one that has only been forked is not known as one yet."""
    found = children()
    for each in found:
        each.kill()
    return found


def files_of(request: GitRequest, listing: Any) -> dict[str, bytes]:
    found = {}
    for path, blob in listing.files:
        file = open_blob(Path(request.folder), blob, request.max_bytes)
        if file is not None:
            with file:
                found[path] = file.read()
    return found


@pytest.mark.parametrize("leaves_out", [True, False])
def test_wanted_files_come_and_others_are_not_kept(
    repository: Repository, server: GitServer, ask: Any, leaves_out: bool
) -> None:
    repository.git("config", "uploadpack.allowFilter", "true" if leaves_out else "false")
    (repository.folder / "film.bin").write_bytes(os.urandom(300_000))
    repository.commit(one_md="# One", docs__two_md="# Two")
    assert ask_tip(ask()) == repository.git("rev-parse", "HEAD")
    listing = at_last(lambda: fetched_listing(ask()))
    assert [path for path, _blob in listing.files] == ["docs/two.md", "film.bin", "one.md"]
    wanted = tuple(blob for path, blob in listing.files if path.endswith(".md"))
    assert at_last(lambda: fetch_blobs(ask(blobs=wanted))) == frozenset()
    assert files_of(ask(), listing) == {"one.md": b"# One", "docs/two.md": b"# Two"}
    assert (server.sent < 50_000) is leaves_out
    kept = {path.name for path in Path(ask().folder).iterdir()}
    assert "repository.git" not in kept
    server.site.asked.clear()
    assert at_last(lambda: fetched_listing(ask(known=listing.commit))).files == []
    assert server.fetches() == []


def test_a_killed_fetch_loses_one_batch_at_most(repository: Repository, server: GitServer, ask: Any) -> None:
    for number in range(450):
        (repository.folder / f"{number}.md").write_text(f"# Note {number}")
    repository.commit()
    listing = at_last(lambda: fetched_listing(ask()))
    wanted = ask(blobs=tuple(blob for _path, blob in listing.files))
    server.site.asked.clear()
    server.slow = lambda _asked: len(server.fetches()) == 2
    with pytest.raises(StillFetching):
        fetch_blobs(wanted)
    assert server.waiting.wait(LONGEST_S)
    assert len(files_of(wanted, listing)) == 200
    (child,) = children()
    child.kill()
    server.slow = lambda _asked: False
    assert at_last(lambda: fetch_blobs(wanted)) == frozenset()
    assert len(files_of(wanted, listing)) == 450
    assert [body.count(b"want ") for body in server.fetches()] == [200, 200, 200, 50]


def test_a_fetch_that_dies_again_and_again_is_given_up(repository: Repository, server: GitServer, ask: Any) -> None:
    repository.commit(one_md="# One")
    server.slow = lambda _asked: True

    def killed_after_asking() -> list[psutil.Process]:
        # A killed process loses its name before its lock, so that asking once may find it held and start none.
        with pytest.raises(StillFetching):
            fetched_listing(ask())
        return killed()

    for _ in range(5):
        until(killed_after_asking)
        until(lambda: not killed())
    with pytest.raises(OutboundError) as refused:
        fetched_listing(ask())
    assert refused.value.code == "git_failed"
    server.slow = lambda _asked: False
    assert len(at_last(lambda: fetched_listing(ask())).files) == 1


def test_a_fetch_that_nobody_asks_for_any_more_ends(repository: Repository, server: GitServer, ask: Any) -> None:
    repository.commit(one_md="# One")
    server.slow = lambda _asked: True
    with pytest.raises(StillFetching):
        fetched_listing(ask())
    assert server.waiting.wait(LONGEST_S)
    os.utime(Path(ask().folder) / "asked", (1, 1))
    server.gate.set()
    until(lambda: not children())
    assert kept_listing(Path(ask().folder)) is None


def test_a_fetch_whose_folder_was_lost_leaves_the_next_one_alone(
    repository: Repository, server: GitServer, ask: Any, tmp_path: Path
) -> None:
    repository.commit(one_md="# One")
    server.slow = lambda _asked: True
    with pytest.raises(StillFetching):
        fetched_listing(ask())
    assert server.waiting.wait(LONGEST_S)
    folder = Path(ask().folder)
    folder.rename(tmp_path / "lost")
    folder.mkdir()
    (folder / "asked").touch()
    server.gate.set()
    until(lambda: not children())
    assert [path.name for path in folder.iterdir()] == ["asked"]


def test_there_are_only_so_many_fetches_at_once(
    repository: Repository, server: GitServer, ask: Any, tmp_path: Path
) -> None:
    repository.commit(one_md="# One")
    slots = tmp_path / "sync" / ".slots"
    slots.mkdir()
    held = [(slots / f"git-{number}").open("w") for number in range(3)]
    for file in held:
        fcntl.flock(file, fcntl.LOCK_EX)
    for _ in range(2):
        with pytest.raises(StillFetching):
            fetched_listing(ask())
    assert (children(), server.site.asked) == ([], [])
    for file in held:
        file.close()
    assert len(at_last(lambda: fetched_listing(ask())).files) == 1


def test_a_large_file_is_told_from_one_that_is_not_there(repository: Repository, server: GitServer, ask: Any) -> None:
    repository.commit(one_md="# One", big_md="x" * 5000)
    listing = at_last(lambda: fetched_listing(ask()))
    blobs = dict(listing.files)
    folder = Path(ask().folder)
    wanted = tuple(blobs.values())
    assert at_last(lambda: fetch_blobs(ask(blobs=wanted, max_bytes=4000))) == frozenset()
    with pytest.raises(OutboundError) as refused:
        open_blob(folder, blobs["big.md"], 4000)
    assert refused.value.code == "outbound_too_large"
    # The limit was raised since.
    assert open_blob(folder, blobs["big.md"], 6000) is None
    nowhere = "0" * 39 + "1"
    assert at_last(lambda: fetch_blobs(ask(blobs=(*wanted, nowhere), max_bytes=6000))) == {nowhere}
    file = open_blob(folder, blobs["big.md"], 6000)
    assert file is not None
    with file:
        assert len(file.read()) == 5000


def test_what_was_force_pushed_away_is_told_and_the_new_tip_is_listed(
    repository: Repository, server: GitServer, ask: Any
) -> None:
    repository.commit(one_md="# One")
    repository.commit(two_md="# Two")
    listing = at_last(lambda: fetched_listing(ask()))
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.commit(three_md="# Three")
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "-q", "--prune=now")
    with pytest.raises(OutboundError) as refused:
        at_last(lambda: fetch_blobs(ask(blobs=tuple(blob for _path, blob in listing.files))))
    assert refused.value.code == "git_failed"
    found = at_last(lambda: fetched_listing(ask(known=listing.commit)))
    assert [path for path, _blob in found.files] == ["one.md", "three.md"]
    at_last(lambda: fetch_blobs(ask(blobs=tuple(blob for _path, blob in found.files))))
    assert files_of(ask(), found) == {"one.md": b"# One", "three.md": b"# Three"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]"])
def test_the_guard_holds_in_the_process_that_fetches(
    repository: Repository, server: GitServer, ask: Any, host: str, tmp_path: Path
) -> None:
    address = f"http://{host}:1/papers/.git"
    request = GitRequest(address, "", "", TOKEN, str(tmp_path / "sync" / "two"), allow=())
    with pytest.raises(OutboundError) as refused:
        at_last(lambda: fetched_listing(request))
    assert refused.value.code == "outbound_private"
    assert server.site.asked == []
