"""Syncing a folder: what is new, changed and gone, which files are chosen, and where it may not look."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import AuditEntry
from documents import services, storage
from documents.connectors.patterns import taken
from documents.errors import DocumentsError
from documents.ingest import ingest
from documents.models import DataSource, RunState, SourceItem, Status, SyncRun
from documents.retrieval import search
from documents.syncing import runs_of_changes
from tests.documents.syncs import counts, failures, names

pytestmark = pytest.mark.django_db(transaction=True)


def index_all(source: DataSource) -> None:
    for document in source.documents.filter(status=Status.RECEIVED):
        ingest(document.pk)


def test_what_is_new_changed_and_gone_is_followed(cast: Any, source: DataSource, folder: Path, syncing: Any) -> None:
    run = syncing(source, cast.root)
    assert (run.state, counts(run)) == (RunState.DONE, (3, 0, 0, 0, 0))
    assert list(source.documents.order_by("external_id").values_list("external_id", flat=True)) == [
        "deep/three.txt",
        "one.md",
        "two.md",
    ]
    assert set(syncing.queued) == set(source.documents.values_list("pk", flat=True))
    kept = source.documents.get(external_id="one.md")
    (folder / "one.md").write_text("# One\n\nThe first ship is called Kittiwake now.")
    (folder / "two.md").unlink()
    (folder / "four.md").write_text("# Four")
    run = syncing(source, cast.root)
    assert counts(run) == (1, 1, 1, 1, 0)
    assert names(source) == ["four.md", "one.md", "three.txt"]
    kept.refresh_from_db()
    assert (kept.external_id, kept.status) == ("one.md", Status.RECEIVED)
    source.refresh_from_db()
    assert source.sync_state == "done"
    assert AuditEntry.objects.filter(action="document.delete", actor=None, target_name="two.md").exists()


def test_an_unchanged_file_is_not_even_read(cast: Any, source: DataSource, syncing: Any, monkeypatch: Any) -> None:
    syncing(source, cast.root)
    monkeypatch.setattr("documents.connectors.folder.FolderConnector.fetch", lambda *_: 1 / 0)
    assert counts(syncing(source, cast.root)) == (0, 0, 3, 0, 0)


def test_a_touched_file_costs_a_hash(cast: Any, source: DataSource, folder: Path, syncing: Any) -> None:
    syncing(source, cast.root)
    syncing.queued.clear()
    os.utime(folder / "one.md", (1, 1))
    assert counts(syncing(source, cast.root)) == (0, 0, 3, 0, 0)
    assert syncing.queued == []


def test_two_items_may_have_the_same_bytes_and_an_upload_too(
    cast: Any, source: DataSource, folder: Path, syncing: Any
) -> None:
    (folder / "copy.md").write_bytes((folder / "one.md").read_bytes())
    assert counts(syncing(source, cast.root)) == (4, 0, 0, 0, 0)
    (folder / "copy.md").unlink()
    syncing(source, cast.root)
    assert default_storage.exists(storage.name_of(source.documents.get(external_id="one.md").sha256))


def test_the_old_version_is_found_until_the_new_one_is_in_its_place(
    cast: Any, source: DataSource, folder: Path, syncing: Any
) -> None:
    syncing(source, cast.root)
    index_all(source)
    assert "Fulmar" in search(user=cast.root, query="the first ship").passages[0].text
    (folder / "one.md").write_text("# One\n\nThe first ship is called Kittiwake.")
    syncing(source, cast.root)
    assert "Fulmar" in search(user=cast.root, query="the first ship").passages[0].text
    index_all(source)
    texts = [each.text for each in search(user=cast.root, query="the first ship", limit=50).passages]
    assert any("Kittiwake" in text for text in texts)
    assert not any("Fulmar" in text for text in texts)
    assert source.documents.get(external_id="one.md").versions.count() == 1


def test_a_document_deleted_by_hand_stays_away_until_its_file_changes(
    cast: Any, source: DataSource, folder: Path, syncing: Any
) -> None:
    syncing(source, cast.root)
    services.document_delete(user=cast.root, document_id=source.documents.get(external_id="one.md").pk)
    os.utime(folder / "one.md", (1, 1))
    assert counts(syncing(source, cast.root)) == (0, 0, 3, 0, 0)
    assert names(source) == ["three.txt", "two.md"]
    (folder / "one.md").write_text("# One again")
    assert counts(syncing(source, cast.root)) == (1, 0, 2, 0, 0)


def test_a_file_that_fails_is_told_and_tried_again(cast: Any, source: DataSource, folder: Path, syncing: Any) -> None:
    (folder / "empty.md").write_text("")
    (folder / "out.md").symlink_to(folder.parent.parent / "secret.txt")
    (folder / "in.md").symlink_to(folder / "one.md")
    (folder / "elsewhere").symlink_to(folder.parent.parent)
    (folder / ".hidden.md").write_text("# No")
    (folder / ("bad-" + "\udcff" + ".md")).write_text("# Not text")
    os.mkfifo(folder / "pipe.md")
    run = syncing(source, cast.root)
    assert counts(run) == (4, 0, 0, 0, 3)
    failed = failures(source)
    assert sorted(failed.values()) == ["empty_file", "link_leads_out", "name_unusable"]
    assert "in.md" in names(source)
    assert counts(syncing(source, cast.root)) == (0, 0, 4, 0, 3)
    item = SourceItem.objects.get(source=source, external_id="empty.md")
    (folder / "empty.md").write_text("# Filled")
    run = syncing.go_on(services.sync_retry(user=cast.root, source=source, item_id=item.pk))
    assert (run.lists, counts(run)) == (False, (1, 0, 0, 0, 0))
    with pytest.raises(DocumentsError) as refused:
        services.sync_retry(user=cast.root, source=source, item_id=item.pk)
    assert refused.value.code == "nothing_to_retry"
    run = syncing.go_on(services.sync_retry(user=cast.root, source=source))
    assert run.failed >= 1


def test_only_folders_that_the_setting_names_are_read(
    cast: Any, folder: Path, syncing: Any, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    for path, roots, code in (
        (tmp_path, [folder], "folder_not_allowed"),
        (folder, [], "folder_not_allowed"),
        (folder / ".." / "..", [folder], "folder_not_allowed"),
        (tmp_path / "link", [folder], "folder_not_allowed"),
        (folder / "nowhere", [folder], "folder_missing"),
        (Path("docs"), [folder], "folder_not_allowed"),
    ):
        settings.FOLDER_ROOTS = roots
        values = {"path": str(path)}
        with pytest.raises(DocumentsError) as refused:
            services.source_check(user=cast.root, kind="folder", settings=values)
        assert refused.value.code == code, path
        source = services.source_create(user=cast.root, name="Try", kind="folder", settings=values)
        run = syncing(source, cast.root)
        assert (run.state, run.error_code, source.documents.count()) == (RunState.FAILED, code, 0)


def test_a_folder_that_went_away_deletes_nothing(cast: Any, source: DataSource, folder: Path, syncing: Any) -> None:
    syncing(source, cast.root)
    folder.rename(folder.parent / "moved")
    run = syncing(source, cast.root)
    assert (run.state, run.error_code, source.documents.count()) == (RunState.FAILED, "folder_missing", 3)


def test_patterns_choose(cast: Any, source: DataSource, folder: Path, syncing: Any) -> None:
    syncing(source, cast.root)
    services.source_update(
        user=cast.root, source=source, name="Ships", description="", visibility="everyone",
        settings={"path": str(folder), "include": "*.md\ndeep/**", "exclude": "two*"},
    )  # fmt: skip
    syncing(source, cast.root)
    assert names(source) == ["one.md", "three.txt"]


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a/b/c.md", "*.md", True), ("a/b/c.md", "a/*.md", False), ("a/b/c.md", "a/**/*.md", True),
        ("a/c.md", "a/**/*.md", True), ("a/b/c.md", "/a/**", True), ("b/c.md", "/a/**", False),
        ("C.MD", "*.md", True), ("a.md", "?.md", True), ("ab.md", "?.md", False), ("a/b", "**", True),
        ("a+b(1).md", "a+b(1).md", True), ("x" * 900, "*x" * 100 + "y", False),
    ],
)  # fmt: skip
def test_patterns_mean_what_people_write(path: str, pattern: str, fits: bool) -> None:
    assert taken(path, pattern, "") is fits


def test_a_listing_in_parts_names_every_file_once(
    cast: Any, source: DataSource, folder: Path, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("documents.connectors.folder.ENTRIES_PER_STEP", 2)
    for name in ("deep/a.md", "deep/zz.md", "deep.md", "e/f/g.md", "zz/a.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}")
    assert counts(syncing(source, cast.root)) == (8, 0, 0, 0, 0)
    assert counts(syncing(source, cast.root)) == (0, 0, 8, 0, 0)


def test_a_listing_that_is_cut_in_its_middle_deletes_nothing_the_next_time(
    cast: Any, source: DataSource, folder: Path, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("documents.connectors.folder.ENTRIES_PER_STEP", 2)
    for number in range(6):
        (folder / f"more-{number}.md").write_text(f"# More {number}")
    syncing(source, cast.root)
    change(cast, source, max_items=5)
    for _ in range(3):
        run = syncing(source, cast.root)
        assert (run.error_code, run.deleted, source.documents.count()) == ("too_many_items", 0, 9)


def test_a_folder_that_is_suddenly_empty_deletes_nothing_until_somebody_insists(
    cast: Any, source: DataSource, folder: Path, syncing: Any
) -> None:
    syncing(source, cast.root)
    moved = folder.rename(folder.parent / "moved")
    folder.mkdir()
    scheduled = SyncRun.objects.create(source=source, cursor=source.cursor)
    run = syncing.go_on(scheduled)
    assert (run.state, run.error_code, source.documents.count()) == (RunState.FAILED, "source_empty", 3)
    folder.rmdir()
    moved.rename(folder)
    assert counts(syncing(source, cast.root)) == (0, 0, 3, 0, 0)
    for path in folder.rglob("*.*"):
        path.unlink()
    assert syncing(source, cast.root).error_code == "source_empty"
    run = syncing(source, cast.root)
    assert (run.state, run.deleted, source.documents.count()) == (RunState.DONE, 3, 0)
    assert syncing(source, cast.root).state == RunState.DONE


def change(cast: Any, source: DataSource, **values: Any) -> None:
    services.source_update(
        user=cast.root, source=source, name="Ships", description="", visibility="everyone",
        settings={**source.settings, **values},
    )  # fmt: skip


def test_a_watched_folder_is_synced_when_something_in_it_changes(
    cast: Any, source: DataSource, folder: Path, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("documents.connectors.folder.ENTRIES_PER_STEP", 2)
    (first,) = runs_of_changes()
    assert runs_of_changes() == []
    assert syncing.go_on(SyncRun.objects.get(pk=first)).new == 3
    assert runs_of_changes() == []
    for act, wanted in (
        (lambda: (folder / "new.md").write_text("# New"), (1, 0, 3, 0, 0)),
        (lambda: (folder / "one.md").write_text("# One, changed"), (0, 1, 3, 0, 0)),
        ((folder / "two.md").unlink, (0, 0, 3, 1, 0)),
    ):
        act()
        (run_id,) = runs_of_changes()
        assert counts(syncing.go_on(SyncRun.objects.get(pk=run_id))) == wanted
        assert runs_of_changes() == []
    change(cast, source, watch=False)
    (folder / "more.md").write_text("# More")
    assert runs_of_changes() == []


def test_a_watched_folder_that_fails_is_not_tried_all_the_time(
    cast: Any, source: DataSource, folder: Path, syncing: Any, monkeypatch: Any
) -> None:
    syncing(source, cast.root)
    folder.rename(folder.parent / "moved")
    assert runs_of_changes() == []
    folder.mkdir()
    (run_id,) = runs_of_changes()
    assert syncing.go_on(SyncRun.objects.get(pk=run_id)).error_code == "source_empty"
    assert runs_of_changes() == []
    SyncRun.objects.update(ended_at=timezone.now() - timedelta(minutes=6))
    assert len(runs_of_changes()) == 1


def test_a_folder_that_takes_long_to_look_through_is_not_watched(source: DataSource, monkeypatch: Any) -> None:
    monkeypatch.setattr("documents.connectors.folder.GLANCE_S", 0)
    assert runs_of_changes() == []
