"""Writes: bytes kept once and swept, the demo made once, names made harmless, commands on the command line."""

import io
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from documents import services, storage
from documents.demo import ensure_demo
from documents.errors import DocumentsError
from documents.ingest import ingest, ingest_next
from documents.models import Chunk, DataSource, Document
from tests.documents.files import HANDBOOK

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)
    monkeypatch.setattr("documents.tasks.sweep_bytes.delay", lambda: None)


def upload(cast: Any, data: bytes = b"# Text", source: DataSource | None = None) -> Document:
    return services.document_upload(
        user=cast.ada, file=io.BytesIO(data), filename="a.md", source=source or cast.library
    )


def stored(settings: Any) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_bytes_are_kept_once_under_their_hash(cast: Any, settings: Any) -> None:
    one, other = upload(cast), upload(cast, source=cast.research)
    assert one.pk != other.pk
    assert [path.name for path in stored(settings)] == [one.sha256]
    assert stored(settings)[0].read_bytes() == b"# Text"
    services.document_delete(user=cast.ada, document_id=one.pk)
    assert len(stored(settings)) == 1
    services.document_delete(user=cast.ada, document_id=other.pk)
    assert stored(settings) == []


def test_the_sweep_removes_what_no_row_names_and_nothing_else(cast: Any, settings: Any) -> None:
    kept, gone = upload(cast), upload(cast, b"# Gone")
    Document.objects.filter(pk=gone.pk).delete()
    old, fresh = settings.FILE_UPLOAD_TEMP_DIR / "received-old", settings.FILE_UPLOAD_TEMP_DIR / "received-new"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * storage.STALE_UPLOAD_S,) * 2)
    assert storage.sweep() == 2
    assert [path.name for path in stored(settings)] == [kept.sha256]
    assert list(settings.FILE_UPLOAD_TEMP_DIR.iterdir()) == [fresh]


def test_the_same_file_from_many_at_once_is_one_document(cast: Any, settings: Any) -> None:
    ids: list[object] = []

    def send() -> None:
        try:
            ids.append(upload(cast, HANDBOOK.encode()).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(ids) == 6
    assert len(set(ids)) == 1
    assert len(stored(settings)) == 1


def test_an_upload_to_a_source_that_goes_at_that_moment_is_refused(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = storage.Received.keep

    def delete_library() -> None:
        DataSource.objects.filter(pk=cast.library.pk).delete()
        connection.close()

    def keep_and_delete(received: storage.Received) -> None:
        real(received)
        gone = threading.Thread(target=delete_library)
        gone.start()
        gone.join(timeout=20)

    monkeypatch.setattr(storage.Received, "keep", keep_and_delete)
    with pytest.raises(DocumentsError) as refused:
        upload(cast)
    assert refused.value.code == "source_not_found"
    assert not Document.objects.exists()


def test_deleting_a_source_deletes_all_that_is_in_it(cast: Any) -> None:
    document = upload(cast, HANDBOOK.encode(), cast.research)
    ingest(document.pk)
    assert Chunk.objects.exists()
    services.source_delete(user=cast.ada, source=cast.research)
    assert not Document.objects.exists()
    assert not Chunk.objects.exists()
    assert storage.sweep() == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.docx", "plan.docx"),
        ("a\x00b\r\n.md", "ab.md"),
        ("\u202egpj.exe", "gpj.exe"),
        ("", "Unnamed"),
        ("...", "Unnamed"),
        ("ü" * 300 + ".md", "ü" * 252 + ".md"),
    ],
)
def test_file_names_are_made_harmless(given: str, kept: str) -> None:
    assert services.clean_filename(given) == kept


def test_the_demo_is_made_once_and_stays_away_once_deleted(cast: Any, settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    folder = tmp_path / "demo" / "documents"
    folder.mkdir(parents=True)
    for name in ("handbook.md", "prices.md", "README.md"):
        (folder / name).write_text(f"# {name}")
    source = ensure_demo(admin=cast.root)
    assert source is not None
    assert {each.filename for each in source.documents.all()} == {"handbook.md", "prices.md"}
    source.documents.first().delete()
    assert ensure_demo(admin=cast.root) == source
    assert source.documents.count() == 1
    services.source_delete(user=cast.root, source=source)
    assert ensure_demo(admin=cast.root) is None
    assert not DataSource.objects.filter(slug=source.slug).exists()


def test_ingest_and_search_from_the_command_line(
    cast: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", ingest_next)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "handbook.md").write_text(HANDBOOK)
    (tmp_path / "in" / ".hidden").write_text("no")
    call_command("ingest", str(tmp_path / "in"), "--source", "Board", "--wait")
    assert "1 of 1 document indexed" in capsys.readouterr().out
    assert Document.objects.get().source.name == "Board"
    call_command("search", "How many days of leave?", "-k", "1")
    out = capsys.readouterr().out
    assert "thirty days" in out
    assert "1 passage in" in out
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nno")
    with pytest.raises(SystemExit):
        call_command("ingest", str(tmp_path / "broken.pdf"), "--wait")
    assert "broken.pdf" in capsys.readouterr().err
    with pytest.raises(CommandError, match="no file"):
        call_command("ingest", str(tmp_path / "missing"))
    with pytest.raises(CommandError, match="no active user"):
        call_command("search", "x", "--user", "nobody@example.com")


def test_a_changed_file_of_the_same_name_takes_a_documents_place_only_when_asked(
    cast: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", ingest_next)
    path = tmp_path / "ships.md"

    def run(text: str, *options: str) -> tuple[int, str]:
        path.write_text(text)
        call_command("ingest", str(path), "--source", "Fleet", "--wait", *options)
        return Document.objects.count(), capsys.readouterr().out

    assert run("# Ships\n\nSeven of them.")[0] == 1
    assert run("# Ships\n\nEight of them.", "--replace") == (
        1,
        f"{path}: It is a new version of its document.\n1 of 1 document indexed\n",
    )
    assert "Eight" in Chunk.objects.get().text
    assert run("# Ships\n\nEight of them.", "--replace") == (1, "1 of 1 document indexed\n")
    count, said = run("# Ships\n\nNine of them.")
    assert count == 2
    assert "both are kept" in said
    assert run("# Ships\n\nNine of them.") == (2, "1 of 1 document indexed\n")
    count, said = run("# Ships\n\nTen of them.", "--replace")
    assert count == 3
    assert "document of its own" in said


def test_files_of_one_name_in_several_folders_never_take_each_others_place(
    cast: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "README.md").write_text(f"# Folder {name}")
    for _time in range(2):
        call_command("ingest", str(tmp_path / "in"), "--source", "Board", "--replace")
        assert Document.objects.count() == 2
        assert capsys.readouterr().out == "2 of 2 documents taken in\n"
