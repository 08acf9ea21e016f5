"""Syncing a Git repository: a real one, made by git and served over HTTP by git's own http-backend."""

import base64
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from documents import services
from documents.errors import DocumentsError
from documents.models import DataSource, RunPhase, RunState, SyncRun
from documents.syncing import step, steps, sweep_folders
from tests.documents.syncs import MAX_STEPS, counts, failures, names
from tests.fakes.git import TOKEN, GitServer, Repository
from tests.fakes.website import Page, Site, serving

pytestmark = [pytest.mark.connectors, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "papers")
    (made.folder / ".hidden.md").write_text("# Hidden")
    made.commit(one_md="# One", docs__two_md="# Two")
    return made


@pytest.fixture
def site(repository: Repository, settings: Any, tmp_path: Path) -> Iterator[Site]:
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    settings.DATA_DIR = tmp_path / "data"

    served = Site()
    GitServer(served, tmp_path)
    with serving(served):
        yield served


@pytest.fixture
def source(cast: Any, site: Site, syncing: Any) -> DataSource:
    syncing.beside = True
    values = {"url": f"{site.url}/papers/.git", "token": TOKEN, "include": ""}
    return services.source_create(user=cast.ada, name="Papers", kind="git", settings=values)


def clone_of(source: DataSource) -> Path:
    """Where the connector keeps what it fetched."""
    return Path(django_settings.DATA_DIR) / "sync" / str(source.pk)


def listed(source: DataSource, user: Any, syncing: Any) -> SyncRun:
    """A run that has listed and fetched nothing yet."""
    run = services.sync_start(user=user, source=source)
    steps_s, steps.STEP_S = steps.STEP_S, 0
    try:
        for _look in range(MAX_STEPS):
            step(run.pk, syncing.queued.append)
            run.refresh_from_db()
            if run.phase != RunPhase.LISTING:
                return run
            time.sleep(0.02)
    finally:
        steps.STEP_S = steps_s
    raise AssertionError("The listing does not come.")


def test_commits_are_followed(cast: Any, source: DataSource, repository: Repository, syncing: Any) -> None:
    tip = repository.git("rev-parse", "HEAD")
    assert tip[:10] in services.source_check(user=cast.ada, kind="git", settings=source.settings, source=source)
    assert counts(syncing(source, cast.ada)) == (2, 0, 0, 0, 0)
    kept = source.documents.get(external_id="one.md").pk
    repository.commit(one_md="# One, new", docs__two_md=None, three_md="# Three")
    assert counts(syncing(source, cast.ada)) == (1, 1, 0, 1, 0)
    assert source.documents.get(external_id="one.md").pk == kept
    assert names(source) == ["one.md", "three.md"]


def source_folders(kept: Path) -> list[str]:
    return [path.name for path in kept.iterdir() if not path.name.startswith(".")]


def test_what_is_kept_on_the_machine_goes_with_the_source(
    cast: Any, source: DataSource, syncing: Any, settings: Any
) -> None:
    services.source_check(user=cast.ada, kind="git", settings=source.settings, source=source)
    syncing(source, cast.ada)
    kept = Path(settings.DATA_DIR) / "sync"
    assert source_folders(kept) == [str(source.pk)]
    os.utime(kept / str(source.pk), (1, 1))
    assert sweep_folders() == 0
    services.source_delete(user=cast.ada, source=source)
    assert sweep_folders() == 1
    assert source_folders(kept) == []


def test_an_unchanged_branch_costs_one_question(cast: Any, source: DataSource, site: Site, syncing: Any) -> None:
    syncing(source, cast.ada)
    site.asked.clear()
    assert counts(syncing(source, cast.ada)) == (0, 0, 0, 0, 0)
    assert len(site.asked) <= 2
    assert all("ls-refs" in each.body.decode("latin-1") or each.method == "GET" for each in site.asked)


def test_a_clone_that_is_lost_between_listing_and_fetching_is_fetched_again(
    cast: Any, source: DataSource, repository: Repository, syncing: Any
) -> None:
    repository.commit(four_md="# Four")
    run = listed(source, cast.ada, syncing)
    shutil.rmtree(clone_of(source))
    assert counts(syncing.go_on(run)) == (3, 0, 0, 0, 0)


def test_what_failed_is_fetched_though_the_clone_is_lost_and_the_tip_is_known(
    cast: Any, source: DataSource, repository: Repository, site: Site, syncing: Any, settings: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 10
    repository.commit(large_md="# Large " + "x" * 100)
    syncing(source, cast.ada)
    assert failures(source) == {"large.md": "too_large"}
    shutil.rmtree(clone_of(source))
    settings.MAX_UPLOAD_BYTES = 1000
    syncing(source, cast.ada)
    assert "large.md" in names(source)


def test_nothing_of_it_is_run_and_no_credential_is_kept(
    cast: Any, source: DataSource, repository: Repository, syncing: Any, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    for name in ("post-checkout", "post-merge", "reference-transaction", "post-index-change"):
        hook = repository.folder / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
        hook.chmod(0o755)
    (repository.folder / ".gitattributes").write_text("*.md filter=evil\n")
    (repository.folder / "link.md").symlink_to("/etc/passwd")
    repository.commit(five_md="# Five")
    syncing(source, cast.ada)
    assert not mark.exists()
    assert "link.md" not in names(source)
    data = Path(django_settings.DATA_DIR)
    written = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert TOKEN.encode() not in written
    assert base64.b64encode(f"token:{TOKEN}".encode()) not in written


def test_branches_and_what_cannot_be_read(
    cast: Any, source: DataSource, repository: Repository, syncing: Any, settings: Any
) -> None:
    repository.git("checkout", "-q", "-b", "next")
    repository.commit(
        next_md="# Next", lfs_md="version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", big_md="x" * 5000
    )
    repository.git("checkout", "-q", "main")
    settings.MAX_UPLOAD_BYTES = 4000
    values = {**source.settings, "branch": "next"}
    services.source_update(
        user=cast.ada, source=source, name="Papers", description="", visibility="everyone", settings=values
    )
    assert counts(syncing(source, cast.ada)) == (3, 0, 0, 0, 2)
    assert failures(source) == {"lfs.md": "git_lfs", "big.md": "too_large"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"branch": "nowhere"}, "git_branch"),
        ({"token": "wrong"}, "git_refused"),
        ({"path": "/nothing.git"}, "git_not_found"),
    ],
)
def test_what_is_wrong_is_told(
    cast: Any, source: DataSource, site: Site, syncing: Any, change: dict[str, str], code: str
) -> None:
    values = {**source.settings, "token": TOKEN} | change
    if path := values.pop("path", ""):
        values["url"] = site.url + path
    broken = services.source_create(user=cast.ada, name="Broken", kind="git", settings=values)
    run = syncing(broken, cast.ada)
    assert (run.state, run.error_code) == (RunState.FAILED, code)
    assert TOKEN not in run.error_message


def test_only_permitted_addresses_are_called(
    cast: Any, source: DataSource, site: Site, syncing: Any, settings: Any
) -> None:
    settings.OUTBOUND_ALLOW_PRIVATE = []
    assert syncing(source, cast.ada).error_code == "outbound_private"
    assert site.asked == []
    for url in (
        "file:///etc",
        "/etc",
        "ssh://git@example.com/x",
        "git@example.com:x",
        "ext::sh -c id",
        "https://a:b@e.example/x",
    ):
        with pytest.raises(DocumentsError) as refused:
            services.source_create(user=cast.root, name="x", kind="git", settings={"url": url})
        assert refused.value.code == "invalid_settings"


def test_a_token_does_not_follow_a_redirect_to_another_server(
    cast: Any, source: DataSource, site: Site, syncing: Any
) -> None:
    with serving(Site()) as other:
        moved = f"{other.url}/papers/.git/info/refs?service=git-upload-pack"
        site.pages["/papers/.git/info/refs?service=git-upload-pack"] = Page(status=302, headers={"location": moved})
        run = syncing(source, cast.ada)
        assert run.state == RunState.FAILED
        assert other.asked
        assert not any("authorization" in each.headers for each in other.asked)
