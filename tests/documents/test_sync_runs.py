"""Runs of syncs: cut, doubled, stopped, scheduled and overtaken by what people do, over a real folder."""

import io
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from documents import services
from documents.errors import DocumentsError
from documents.ingest import ingest
from documents.ingest.claims import Claim, ClaimLost
from documents.ingest.swap import swap_in
from documents.models import DataSource, Document, RunState, SourceItem, Status, SyncRun
from documents.syncing import due_runs, step, steps, ticket_of
from documents.syncing.claims import MAX_ATTEMPTS, RunClaim, RunLost
from documents.syncing.items import Applier
from tests.documents.syncs import counts

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_item_that_changes_while_it_is_indexed_ends_with_the_newest_bytes(
    cast: Any, source: DataSource, folder: Path, syncing: Any, monkeypatch: Any
) -> None:
    syncing(source, cast.root)
    document = source.documents.get(external_id="one.md")
    ends: list[str] = []

    def change_first(claim: Claim, indexed: Any) -> None:
        (folder / "one.md").write_text("# One\n\nThe newest words.")
        assert counts(syncing(source, cast.root))[1] == 1
        try:
            swap_in(claim, indexed)
        except ClaimLost:
            ends.append("lost")
            raise

    monkeypatch.setattr("documents.ingest.swap_in", change_first)
    ingest(document.pk)
    document.refresh_from_db()
    assert (ends, document.status, document.current_version) == (["lost"], Status.RECEIVED, None)
    monkeypatch.setattr("documents.ingest.swap_in", swap_in)
    assert document.pk in syncing.queued
    ingest(document.pk)
    document.refresh_from_db()
    assert document.status == Status.READY
    assert "newest words" in document.current_version.text
    assert document.current_version.sha256 == document.sha256


def test_a_run_cut_anywhere_goes_on_and_counts_everything_once(
    cast: Any, source: DataSource, folder: Path, syncing: Any, monkeypatch: Any
) -> None:
    for number in range(12):
        (folder / f"more-{number:02}.md").write_text(f"# More {number}")
    run = services.sync_start(user=cast.root, source=source)
    for cut in range(1, 30):
        # Killed before its next transaction: the claim stays behind, as a dead worker leaves it.
        left = [cut % 4]

        def locked_or_dead(claim: RunClaim, left: list[int] = left, real: Any = RunClaim.locked) -> SyncRun:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return real(claim)

        with monkeypatch.context() as patch:
            patch.setattr(RunClaim, "locked", locked_or_dead)
            try:
                if step(run.pk, syncing.queued.append) is None:
                    break
            except KeyboardInterrupt:
                pass
        SyncRun.objects.filter(pk=run.pk).update(claimed_until=timezone.now() - timedelta(seconds=1), attempts=0)
        if cut % 5 == 0:
            assert due_runs() == [run.pk]
    run = syncing.go_on(run)
    assert (run.state, counts(run)) == (RunState.DONE, (15, 0, 0, 0, 0))
    assert source.documents.count() == 15
    assert len(syncing.queued) == len(set(syncing.queued)) == 15


def test_a_run_that_takes_every_worker_down_is_given_up(cast: Any, source: DataSource, syncing: Any) -> None:
    run = services.sync_start(user=cast.root, source=source)
    SyncRun.objects.update(attempts=MAX_ATTEMPTS)
    assert step(run.pk, syncing.queued.append) is None
    run.refresh_from_db()
    assert (run.state, run.error_code) == (RunState.FAILED, "sync_crashed")


def test_a_run_whose_steps_break_off_is_not_given_up_while_it_gets_on(
    cast: Any, source: DataSource, folder: Path, syncing: Any, monkeypatch: Any
) -> None:
    for number in range(MAX_ATTEMPTS * 2):
        (folder / f"more-{number:02}.md").write_text(f"# More {number}")
    run = services.sync_start(user=cast.root, source=source)

    def dead_after_one(applier: Any, *given: Any, real: Any = Applier.fetched) -> None:
        real(applier, *given)
        raise KeyboardInterrupt

    monkeypatch.setattr(Applier, "fetched", dead_after_one)
    for _ in range(MAX_ATTEMPTS * 2 + 3):
        with pytest.raises(KeyboardInterrupt):
            step(run.pk, syncing.queued.append)
        SyncRun.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    run = syncing.go_on(run)
    assert (run.state, run.new) == (RunState.DONE, MAX_ATTEMPTS * 2 + 3)


def test_a_secret_that_cannot_be_read_any_more_ends_the_run_with_a_reason(
    cast: Any, syncing: Any, settings: Any
) -> None:
    values = {"url": "https://git.example.com/a.git", "token": "s3cr3t"}
    source = services.source_create(user=cast.ada, name="Papers", kind="git", settings=values)
    run = services.sync_start(user=cast.ada, source=source)
    settings.ENCRYPTION_KEY = "another"
    assert step(run.pk, syncing.queued.append) is None
    run = SyncRun.objects.get(pk=run.pk)
    assert (run.state, run.error_code) == (RunState.FAILED, "secret_unreadable")
    assert "ENCRYPTION_KEY" in run.error_message


def test_a_worker_that_starts_queues_what_another_one_took_with_it(
    cast: Any, source: DataSource, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(steps, "STEP_S", 0)
    run = services.sync_start(user=cast.root, source=source)
    assert step(run.pk, syncing.queued.append, 0) == 0
    assert due_runs() == []
    assert due_runs(queued_for=timedelta()) == [run.pk]
    assert step(run.pk, syncing.queued.append, 1) is None
    SyncRun.objects.update(wake_at=timezone.now() + timedelta(minutes=1))
    assert due_runs(queued_for=timedelta()) == []


def test_a_message_that_comes_twice_starts_no_second_chain(
    cast: Any, source: DataSource, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(steps, "STEP_S", 0)
    run = services.sync_start(user=cast.root, source=source)
    assert step(run.pk, syncing.queued.append, 0) == 0
    assert step(run.pk, syncing.queued.append, 0) is None
    assert ticket_of(run.pk) == 1
    SyncRun.objects.update(wake_at=timezone.now() - timedelta(minutes=6))
    assert due_runs() == [run.pk]
    assert step(run.pk, syncing.queued.append, 1) is None
    assert step(run.pk, syncing.queued.append, ticket_of(run.pk)) == 0


def test_two_syncs_at_once_are_one(cast: Any, source: DataSource, syncing: Any) -> None:
    runs: list[Any] = []

    def start() -> None:
        try:
            run = services.sync_start(user=cast.root, source=source)
            step(run.pk, syncing.queued.append)
            runs.append(run.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(runs) == 4
    assert source.documents.count() == 3
    assert len(syncing.queued) == 3
    assert RunClaim.take(runs[0]) is None or SyncRun.objects.unfinished().exists()


def test_a_claim_that_was_taken_over_writes_no_more(cast: Any, source: DataSource, syncing: Any) -> None:
    run = services.sync_start(user=cast.root, source=source)
    frozen = RunClaim.take(run.pk)
    assert frozen is not None
    assert RunClaim.take(run.pk) is None
    SyncRun.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert syncing.go_on(run).state == RunState.DONE
    with pytest.raises(RunLost):
        frozen.finish(RunState.FAILED, "late", "Too late.")


def test_steps_are_short_and_leave_the_worker_to_others(
    cast: Any, source: DataSource, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(steps, "STEP_S", 0)
    assert syncing(source, cast.root).state == RunState.DONE
    assert len(syncing.pauses) >= 4


def test_stop_ends_a_run_and_the_next_one_goes_on(
    cast: Any, source: DataSource, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(steps, "STEP_S", 0)
    run = services.sync_start(user=cast.root, source=source)
    step(run.pk, syncing.queued.append)
    step(run.pk, syncing.queued.append)
    assert services.sync_stop(user=cast.root, source=source).state == RunState.STOPPED
    assert step(run.pk, syncing.queued.append) is None
    assert source.documents.count() == 1
    assert services.sync_stop(user=cast.root, source=source) is None
    assert syncing(source, cast.root).state == RunState.DONE
    assert source.documents.count() == 3


def test_stop_is_heard_by_a_step_at_work(cast: Any, source: DataSource, syncing: Any) -> None:
    run = services.sync_start(user=cast.root, source=source)
    claim = RunClaim.take(run.pk)
    assert services.sync_stop(user=cast.root, source=source).state == RunState.RUNNING
    claim.release()
    assert syncing.go_on(run).state == RunState.STOPPED


def test_the_bound_is_kept_and_told_and_nothing_is_taken_for_gone(
    cast: Any, source: DataSource, folder: Path, syncing: Any
) -> None:
    syncing(source, cast.root)
    services.source_update(
        user=cast.root, source=source, name="Ships", description="", visibility="everyone",
        settings={"path": str(folder), "max_items": 2},
    )  # fmt: skip
    run = syncing(source, cast.root)
    assert (run.state, run.error_code, run.deleted) == (RunState.DONE, "too_many_items", 0)
    assert source.documents.count() == 3


def test_a_schedule_makes_runs_and_a_lost_one_is_found(
    cast: Any, source: DataSource, folder: Path, syncing: Any
) -> None:
    assert due_runs() == []
    services.source_update(
        user=cast.root, source=source, name="Ships", description="", visibility="everyone", sync_minutes=5
    )
    assert due_runs() == []
    DataSource.objects.filter(pk=source.pk).update(next_sync_at=timezone.now() - timedelta(seconds=1))
    (run_id,) = due_runs()
    assert due_runs() == []
    SyncRun.objects.update(wake_at=timezone.now() - timedelta(minutes=6))
    assert due_runs() == [run_id]
    assert syncing.go_on(SyncRun.objects.get(pk=run_id)).state == RunState.DONE
    source.refresh_from_db()
    assert source.next_sync_at is not None
    assert timedelta(minutes=4) < source.next_sync_at - timezone.now() <= timedelta(minutes=5)
    for minutes, kind in ((0, "folder"), (10**6, "folder")):
        with pytest.raises(DocumentsError) as refused:
            services.source_create(user=cast.root, name="x", kind=kind, settings={"path": "/x"}, sync_minutes=minutes)
        assert refused.value.code == "invalid_schedule"


def test_deleting_a_source_in_the_middle_of_its_sync_leaves_nothing(
    cast: Any, source: DataSource, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(steps, "STEP_S", 0)
    run = services.sync_start(user=cast.root, source=source)
    step(run.pk, syncing.queued.append)
    step(run.pk, syncing.queued.append)
    services.source_delete(user=cast.root, source=source)
    assert step(run.pk, syncing.queued.append) is None
    assert not Document.objects.exists()
    assert not SourceItem.objects.exists()
    assert not SyncRun.objects.exists()


def test_deleting_a_source_while_a_step_writes_does_not_lock_up(
    cast: Any, source: DataSource, folder: Path, syncing: Any
) -> None:
    for number in range(40):
        (folder / f"more-{number}.md").write_text(f"# More {number}")
    run = services.sync_start(user=cast.root, source=source)
    ends: list[Any] = []

    def work() -> None:
        try:
            ends.append(step(run.pk, syncing.queued.append))
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    while not Document.objects.exists() and thread.is_alive():
        pass
    services.source_delete(user=cast.root, source=source)
    thread.join(timeout=30)
    assert ends == [None]
    assert not Document.objects.exists()


def test_who_may_do_what(cast: Any, source: DataSource, syncing: Any) -> None:
    for action in (services.sync_start, services.sync_stop, services.sync_retry):
        for user in (cast.ada, cast.max):
            with pytest.raises(DocumentsError) as refused:
                action(user=user, source=source)
            assert refused.value.code == "permission_denied"
    DataSource.objects.filter(pk=source.pk).update(owner=cast.ada)
    with pytest.raises(DocumentsError) as refused:
        services.sync_start(user=cast.ada, source=source)
    assert refused.value.code == "permission_denied"
    with pytest.raises(DocumentsError) as refused:
        services.source_create(user=cast.ada, name="x", kind="folder", settings={"path": "/srv"})
    assert refused.value.code == "permission_denied"
    with pytest.raises(DocumentsError) as refused:
        services.sync_start(user=cast.root, source=cast.library)
    assert refused.value.code == "source_does_not_sync"
    with pytest.raises(DocumentsError) as refused:
        services.document_upload(user=cast.root, file=io.BytesIO(b"x"), filename="a.md", source=source)
    assert refused.value.code == "source_syncs"
